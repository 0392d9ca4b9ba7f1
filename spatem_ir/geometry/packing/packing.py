"""Greedy worst-fit packing of rectangular tiles into crossbars.

Tiles are rectangles of cells.  A crossbar keeps its free cells as disjoint rectangles; a tile goes
into the corner of one and the rest is cut in two (guillotine cuts), so that every placement is
geometrically possible.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.shapes.placement import Placement


class Rectangle(NamedTuple):
    """Cells of a crossbar: corner (wordline, bitline), height and width."""

    row: int
    column: int
    height: int
    width: int


class PlaceRun(NamedTuple):
    """Where tiles were put: one on each of `length` neighbouring crossbars, at the same corner."""

    crossbar: int
    length: int
    row: int
    column: int


class CrossbarGroup(NamedTuple):
    """Neighbouring crossbars with the same load and the same free cells.

    Groups compare by load, then by their first crossbar.
    """

    load: int
    first: int
    size: int
    free: tuple[Rectangle, ...]


class CrossbarPool:
    """Crossbars of `wordlines` × `bitlines` cells that are filled worst fit.

    A tile goes to the emptiest crossbar that can hold it, the lowest number among equals.  Loads
    are whatever the caller adds up: cells for an even use of cells, time for an even use of time.

    Crossbars with the same contents are kept as groups: a run of tiles fills a group in one step.
    """

    def __init__(self, crossbars: int, wordlines: int, bitlines: int, first: int = 0):
        """Empty crossbars, numbered from `first` on."""
        whole = Rectangle(0, 0, wordlines, bitlines)
        self._groups = [CrossbarGroup(0, first, crossbars, (whole,))] if crossbars else []

    def copy(self) -> CrossbarPool:
        """The same crossbars with the same contents."""
        other = CrossbarPool(0, 0, 0)
        other._groups = list(self._groups)
        return other

    def loads(self, count: int) -> NDArray[np.float64]:
        """The loads of `count` crossbars in ascending order, infinite where there are fewer."""
        groups = sorted((group.load, group.size) for group in self._groups)
        loads = np.full(count, inf)
        first = 0
        for load, size in groups:
            loads[first : first + size] = load
            first += size
        return loads

    def room(self, height: int, width: int) -> int:
        """How many tiles of one shape find a place; other tiles can only make it fewer.

        However the tiles cut a free rectangle, as many are found in it as stand side by side.
        """
        return sum(
            group.size * (free.height // height) * (free.width // width)
            for group in self._groups
            for free in group.free
        )

    def place_all(self, height: int, width: int, load: int, count: int) -> list[PlaceRun] | None:
        """Place `count` tiles of one shape, one after the other; None if one does not fit.

        `load` must be positive, so that a crossbar that takes a tile comes after the others of its
        group.  A crossbar that has no room for the shape gets none while this shape is placed, so
        each group is looked at once per run of tiles that it takes and once more.
        """
        runs: list[PlaceRun] = []
        unsuitable: list[CrossbarGroup] = []
        heap = self._groups
        heapq.heapify(heap)
        while count and heap:
            group = heapq.heappop(heap)
            free = list(group.free)
            corner = take_corner(free, height, width)
            if corner is None:
                unsuitable.append(group)
                continue
            taken = min(group.size, count)
            count -= taken
            runs.append(PlaceRun(group.first, taken, *corner))
            heapq.heappush(heap, CrossbarGroup(group.load + load, group.first, taken, tuple(free)))
            if taken < group.size:
                rest = group._replace(first=group.first + taken, size=group.size - taken)
                heapq.heappush(heap, rest)
        self._groups = joined_groups(heap + unsuitable)
        return None if count else runs


def placement_of(tiles: NDArray[np.int64], runs: list[PlaceRun]) -> Placement:
    """The places of `tiles`, which the runs take one after the other."""
    firsts, counts, rows, columns = np.array(runs, np.int64).T
    within = np.arange(len(tiles)) - np.repeat(np.cumsum(counts) - counts, counts)
    crossbars = np.repeat(firsts, counts) + within
    return Placement(tiles, crossbars, rows.repeat(counts), columns.repeat(counts))


def joined_groups(groups: list[CrossbarGroup]) -> list[CrossbarGroup]:
    """The same crossbars in as few groups as possible."""
    joined: list[CrossbarGroup] = []
    for group in sorted(groups, key=lambda group: group.first):
        last = joined[-1] if joined else None
        if last is not None and (last.load, last.free) == (group.load, group.free):
            joined[-1] = last._replace(size=last.size + group.size)
        else:
            joined.append(group)
    return joined


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
