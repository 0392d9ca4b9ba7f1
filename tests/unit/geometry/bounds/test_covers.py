"""Operations that need a row which is not padding, against all ways to cut a matrix's rows."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from spatem_ir.geometry.bounds.covers import least_covers
from spatem_ir.geometry.bounds.maps import MapWindows
from spatem_ir.geometry.shapes.window import Axis

SIDES = MapWindows(Axis(3, 3, kernel=3, first=-1), Axis(3, 2, kernel=2, first=-1))
"""Windows of 3 x 2 positions over a map of 3 x 3, padded above, below and to the left."""


def by_trying(read: list[bool], length: int) -> int:
    """The fewest parts with a row that is read, over all cuts into parts of at most a length."""
    least = len(read)
    for count in range(len(read)):
        for inner in combinations(range(1, len(read)), count):
            ends = [0, *inner, len(read)]
            parts = list(pairwise(ends))
            if max(last - first for first, last in parts) <= length:
                least = min(least, sum(any(read[first:last]) for first, last in parts))
    return least


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 9])
def test_no_cut_needs_fewer(channels: int, length: int) -> None:
    rows = [[position >= 0 for position in window] for window in SIDES.positions.tolist()]
    expected = [by_trying(window * channels, length) for window in rows]
    assert least_covers(SIDES, channels, length).tolist() == expected


def test_scattered_padding_is_in_no_operation_of_its_own() -> None:
    """25 rows, 9 at a time: two of three operations are left above the map, all beside it."""
    windows = MapWindows(Axis(9, 9, kernel=5, first=-2), Axis(9, 9, kernel=5, first=-2))
    covers = least_covers(windows, 1, 9).reshape(9, 9)
    assert (covers[4, 4], covers[0, 4], covers[4, 0], covers[0, 0]) == (3, 2, 3, 2)
