"""Worst-fit packing that keeps tiles together whose results merge or are pooled together.

Crossbars are filled by *neighbourhoods*, as many neighbouring crossbars as a PE has.  Tiles that
belong together (a bundle) go to the emptiest neighbourhood that can hold them all, and there each
to the emptiest crossbar that can hold it, so that their partial sums need not leave a PE, and
results need not leave it before they are pooled.
"""

from __future__ import annotations

from copy import copy
from math import isqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.packing.packing import CrossbarPool, PlaceRun

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.geometry.shapes.window import Window


class TileGroup(NamedTuple):
    """So many tiles of one size, in cells, and what each adds to the load of its crossbar."""

    height: int
    width: int
    load: int
    tiles: int


Need = tuple[tuple[int, int], int]
"""Height and width of a tile, in cells, and for how many such tiles there must be room."""


class Neighbourhoods:
    """Crossbars of `wordlines` × `bitlines` cells in neighbourhoods of `size`."""

    def __init__(self, crossbars: int, size: int, wordlines: int, bitlines: int):
        self._pools = [
            CrossbarPool(min(size, crossbars - first), wordlines, bitlines, first)
            for first in range(0, crossbars, size)
        ]
        self._loads = np.array([pool.loads(size) for pool in self._pools])
        self._known_room: list[dict[tuple[int, int], int]] = [{} for _ in self._pools]

    def copy(self) -> Neighbourhoods:
        """The same crossbars with the same contents."""
        other = copy(self)
        other._pools = list(self._pools)
        other._loads = self._loads.copy()
        other._known_room = [dict(known) for known in self._known_room]
        return other

    def place(self, shapes: list[TileGroup]) -> list[list[PlaceRun]] | None:
        """Place a bundle in one neighbourhood: the runs of each shape; None if none can hold it.

        It goes where the crossbars that take it, one tile each, are emptiest: the n-th emptiest
        crossbar decides for n tiles, the lowest number among equals.
        """
        size = self._loads.shape[1]
        tiles = min(sum(shape.tiles for shape in shapes), size)
        needs = _needs(shapes)
        for number in np.argsort(self._loads[:, tiles - 1], kind="stable").tolist():
            if not self._has_room(number, needs):
                continue
            pool = self._pools[number].copy()
            placed = _placed(pool, shapes)
            if placed is not None:
                self._pools[number] = pool
                self._loads[number] = pool.loads(size)
                return placed
        return None

    def _has_room(self, number: int, needs: list[Need]) -> bool:
        """Whether a neighbourhood has the room that a bundle needs.

        What it has is noted: rooms only shrink, so that one that was too small is for ever.
        """
        known = self._known_room[number]
        for shape, tiles in needs:
            if known.get(shape, tiles) >= tiles:
                known[shape] = self._pools[number].room(*shape)
            if known[shape] < tiles:
                return False
        return True


def _needs(shapes: list[TileGroup]) -> list[Need]:
    """For each shape, how many tiles of a bundle are at least as high and wide.

    A neighbourhood that holds the bundle has room for so many tiles of the shape.
    """
    return [
        ((height, width), sum(s.tiles for s in shapes if s.height >= height and s.width >= width))
        for height, width, _, _ in shapes
    ]


def _placed(pool: CrossbarPool, shapes: list[TileGroup]) -> list[list[PlaceRun]] | None:
    """The places of all shapes in a pool; None if one finds none."""
    placed = []
    for height, width, load, tiles in shapes:
        runs = pool.place_all(height, width, load, tiles)
        if runs is None:
            return None
        placed.append(runs)
    return placed


OVERLAPPING = 2
"""A bundle of copies whose pooling windows overlap may be so many times larger than one of others:
results at its border are read by two PEs, and the larger it is, the fewer those are."""


def bundles(
    layer: Layer, grid: Grid, pooling: Window | None, crossbars: int, size: int
) -> list[NDArray[np.int64]]:
    """The tiles of a layer in bundles, for so many crossbars in neighbourhoods of `size`.

    A bundle is column blocks in sequence that give each crossbar of a neighbourhood one tile; a
    larger block is cut into as few bundles as possible, which are as equal as possible.  Where one
    `pooling` reads all results of the layer, a bundle is the blocks of one column part of copies
    whose results the same pooling windows read, no fewer than one window's stride covers, in
    sequence from left to right; more tiles than the chip has crossbars make bundles larger.
    """
    block = grid.hwm * grid.ib
    tiles = np.arange(grid.tiles(layer)).reshape(-1, grid.iw, grid.wwm, block)
    most = size * -(-grid.tiles(layer) // crossbars)
    if pooling is None or layer.region is not None or block > most:
        blocks = tiles.reshape(-1, block)
        if block > size:
            return [part for one in blocks for part in np.array_split(one, -(-block // size))]
        step = size // block
        return [blocks[at : at + step].reshape(-1) for at in range(0, len(blocks), step)]
    rows = -(-grid.iw // layer.output_size[1])
    together = min(min(pooling.strides[0], rows) * pooling.strides[1], grid.iw)
    if pooling.kernel == pooling.strides:
        step = max(most // (together * block), 1) * together
    else:
        step = max(OVERLAPPING * most // block, together)
        step = -(-grid.iw // -(-grid.iw // step))
    copies = copies_by_pooling(layer, grid, pooling, step)
    by_column = tiles[:, copies].swapaxes(1, 2).reshape(-1, grid.iw, block)
    if step >= grid.iw:
        several = max(most // (grid.iw * block), 1)
        return [
            by_column[at : at + several].reshape(-1) for at in range(0, len(by_column), several)
        ]
    return [
        column[at : at + step].reshape(-1) for column in by_column for at in range(0, grid.iw, step)
    ]


def copies_by_pooling(layer: Layer, grid: Grid, pooling: Window, step: int) -> NDArray[np.int64]:
    """The copies of a layer by the place of their first windows: shape [copies].

    The map is cut into strips of columns, so wide that `step` copies in sequence cover all rows
    that copies begin with, or a square; strips are in raster order of the pooling windows, whose
    own windows stay together.
    """
    first = np.array([grid.copy_windows(layer, copy)[0] for copy in range(grid.iw)])
    row, column = np.divmod(first, layer.output_size[1])
    down, across = pooling.strides
    width = max(step // (int(row.max()) + 1), isqrt(step)) // across * across
    strip = column // max(width, across)
    return np.lexsort((first, column // across, row // down, strip))
