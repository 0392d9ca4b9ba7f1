"""Greedy worst-fit packing of rectangular tiles into crossbars.

Tiles are rectangles of cells.  A crossbar keeps its free cells as disjoint rectangles; a tile goes
into the corner of one and the rest is cut in two (guillotine cuts), so that every placement is
geometrically possible.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import NamedTuple


class Rectangle(NamedTuple):
    """Cells of a crossbar: corner (wordline, bitline), height and width."""

    row: int
    column: int
    height: int
    width: int


class Place(NamedTuple):
    """Where a tile was put: crossbar and corner."""

    crossbar: int
    row: int
    column: int


class CrossbarPool:
    """Crossbars of `wordlines` × `bitlines` cells that are filled worst fit.

    A tile goes to the emptiest crossbar that can hold it, the lowest number among equals.  Loads
    are whatever the caller adds up: cells for an even use of cells, time for an even use of time.
    """

    def __init__(self, crossbars: int, wordlines: int, bitlines: int):
        whole = Rectangle(0, 0, wordlines, bitlines)
        self._free = [[whole] for _ in range(crossbars)]
        self._heap = [(0, number) for number in range(crossbars)]

    def place_all(self, height: int, width: int, load: int, count: int) -> list[Place] | None:
        """Place `count` tiles of one shape, one after the other; None if one does not fit.

        A crossbar that has no room for the shape gets none while this shape is placed, so each is
        looked at once per tile that it takes and once more.
        """
        places: list[Place] = []
        unsuitable: list[tuple[int, int]] = []
        while len(places) < count and self._heap:
            used, crossbar = self._heap[0]
            corner = take_corner(self._free[crossbar], height, width)
            if corner is None:
                unsuitable.append(heapq.heappop(self._heap))
                continue
            heapq.heapreplace(self._heap, (used + load, crossbar))
            places.append(Place(crossbar, *corner))
        for entry in unsuitable:
            heapq.heappush(self._heap, entry)
        return places if len(places) == count else None


def take_corner(free: list[Rectangle], height: int, width: int) -> tuple[int, int] | None:
    """Cut a tile from the free rectangle that it fills best; its corner, or None if none holds it.

    Of the rectangles that hold the tile the one with the shortest leftover side is taken, and the
    rest is cut so that its larger part stays as large as possible.
    """
    best, best_left = -1, -1
    for number, (_, _, free_height, free_width) in enumerate(free):
        if free_height >= height and free_width >= width:
            left = min(free_height - height, free_width - width)
            if best < 0 or left < best_left:
                best, best_left = number, left
    if best < 0:
        return None
    row, column, free_height, free_width = free.pop(best)
    below, beside = free_height - height, free_width - width
    if below * free_width >= beside * free_height:
        rests = (
            Rectangle(row, column + width, height, beside),
            Rectangle(row + height, column, below, free_width),
        )
    else:
        rests = (
            Rectangle(row + height, column, below, width),
            Rectangle(row, column + width, free_height, beside),
        )
    free.extend(rest for rest in rests if rest.height and rest.width)
    return row, column


def crossbars_needed(shapes: Iterable[tuple[int, int, int]], wordlines: int, bitlines: int) -> int:
    """A lower bound on the crossbars that tiles need, from (height, width, count) of each shape.

    The larger of the cells over the cells of a crossbar, and the number of tiles of which no two
    fit into one crossbar.
    """
    cells = large = 0
    for height, width, count in shapes:
        cells += height * width * count
        if 2 * height > wordlines and 2 * width > bitlines:
            large += count
    return max(-(-cells // (wordlines * bitlines)), large)
