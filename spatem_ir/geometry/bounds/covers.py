"""Operations that need a row which is not padding: how many of a window's there are at least.

[R] An operation drives neighbouring rows of a matrix, at most `ou.wordlines` (R1).  Where the
padded rows of a window are scattered, as those of one side of a kernel are, few operations or none
have padding alone.
"""

from __future__ import annotations

import numpy as np

from spatem_ir.geometry.bounds.maps import MapWindows, Times


def least_covers(windows: MapWindows, channels: int, length: int) -> Times:
    """The fewest stretches of rows that hold all rows of each window but padding: [windows].

    Row ``channel · kernel + k`` is the k-th position that a window reads; a stretch has `length`
    neighbouring rows at most.
    """
    (row_kinds, rows), (column_kinds, columns) = windows.padding_kinds
    counts = np.zeros((len(row_kinds), len(column_kinds)), np.int64)
    for row, row_kind in enumerate(row_kinds):
        for column, column_kind in enumerate(column_kinds):
            read = np.flatnonzero(np.outer(row_kind, column_kind))
            firsts = np.arange(channels) * windows.kernel
            counts[row, column] = _stretches((firsts[:, None] + read).reshape(-1), length)
    return counts[rows[:, None], columns].reshape(-1)


def _stretches(numbers: Times, length: int) -> int:
    """How many stretches of numbers hold some ascending numbers: each begins with the next one."""
    following = np.searchsorted(numbers, numbers + length).tolist()
    count = at = 0
    while at < len(following):
        at = following[at]
        count += 1
    return count
