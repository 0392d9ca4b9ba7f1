"""How many blocks of a class are candidates at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST = 16
"""Candidates of a class at least, if it has so many."""


def share_of(limit: float, members: int, blocks: int) -> int:
    """The candidates of a class of so many members, of `limit` in all."""
    return min(members, max(FEWEST, int(limit * members / blocks)))


def first_windows(first: NDArray[np.int64], limits: NDArray[np.float64]) -> list[range]:
    """The candidates of each class for the first slot."""
    limit = float(limits[0]) if len(limits) else 0.0
    sizes = [share_of(limit, int(n), int(first[-1])) for n in np.diff(first)]
    return [range(size) for size in sizes]
