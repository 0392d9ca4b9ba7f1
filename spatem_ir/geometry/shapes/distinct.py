"""Equal rows of a table, found in linear time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def distinct_rows(table: NDArray[Any]) -> tuple[Ints, Ints]:
    """The first one of all rows that are equal, and which of these each row equals.

    `table` has shape [rows, …] and is not empty; distinct rows are in the order of their first
    occurrence.  Returns the numbers of rows, of shape [distinct], and an array of shape [rows].
    """
    rows = np.ascontiguousarray(table).reshape(len(table), -1)
    contents = rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize))).reshape(-1).tolist()
    number_of: dict[bytes, int] = {}
    numbers = [number_of.setdefault(content, len(number_of)) for content in contents]
    which = np.array(numbers, np.int64)
    first = np.empty(len(number_of), np.int64)
    first[which[::-1]] = np.arange(len(rows))[::-1]
    return first, which
