"""Worst-fit packing that keeps tiles together whose partial sums merge.

Crossbars are filled by *neighbourhoods*, as many neighbouring crossbars as a PE has.  Tiles that
belong together (a bundle) go to the emptiest neighbourhood that can hold them all, and there each
to the emptiest crossbar that can hold it, so that their partial sums need not leave a PE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.packing import CrossbarPool, PlaceRun

if TYPE_CHECKING:
    from spatem_ir.geometry.grid import Grid
    from spatem_ir.geometry.layer import Layer
    from spatem_ir.geometry.window import Window


class Shape(NamedTuple):
    """So many tiles of one size, in cells, and what each adds to the load of its crossbar."""

    height: int
    width: int
    load: int
    tiles: int


class Neighbourhoods:
    """Crossbars of `wordlines` × `bitlines` cells in neighbourhoods of `size`."""

    def __init__(self, crossbars: int, size: int, wordlines: int, bitlines: int):
        self._pools = [
            CrossbarPool(min(size, crossbars - first), wordlines, bitlines, first)
            for first in range(0, crossbars, size)
        ]
        self._loads = np.array([pool.loads(size) for pool in self._pools])

    def place(self, shapes: list[Shape]) -> list[list[PlaceRun]] | None:
        """Place a bundle in one neighbourhood: the runs of each shape; None if none can hold it.

        It goes where the crossbars that take it, one tile each, are emptiest: the n-th emptiest
        crossbar decides for n tiles, the lowest number among equals.
        """
        size = self._loads.shape[1]
        tiles = min(sum(shape.tiles for shape in shapes), size)
        for number in np.argsort(self._loads[:, tiles - 1], kind="stable").tolist():
            pool = self._pools[number].copy()
            placed = _placed(pool, shapes)
            if placed is not None:
                self._pools[number] = pool
                self._loads[number] = pool.loads(size)
                return placed
        return None


def _placed(pool: CrossbarPool, shapes: list[Shape]) -> list[list[PlaceRun]] | None:
    """The places of all shapes in a pool; None if one finds none."""
    placed = []
    for height, width, load, tiles in shapes:
        runs = pool.place_all(height, width, load, tiles)
        if runs is None:
            return None
        placed.append(runs)
    return placed


def tiles_by_pooling(layer: Layer, grid: Grid, pooling: Window | None) -> NDArray[np.int64]:
    """The tiles of a layer, copy by copy; copies whose windows one pooling window reads together.

    A copy comes where the first `pooling` window that reads its first window is.
    """
    tiles = np.arange(grid.tiles(layer))
    if pooling is None or layer.region is not None:
        return tiles
    read = pooling.positions(*layer.output_size)
    first_reader = np.full(layer.windows, len(read))
    reader, entry = np.nonzero(read >= 0)
    np.minimum.at(first_reader, read[reader, entry], reader)
    first_windows = [grid.copy_windows(layer, copy)[0] for copy in range(grid.iw)]
    copies = np.argsort(first_reader[first_windows], kind="stable")
    return tiles.reshape(layer.matrices, grid.iw, -1)[:, copies].reshape(-1)


def bundles(
    tiles: NDArray[np.int64], block: int, size: int, together: int = 1
) -> list[NDArray[np.int64]]:
    """Cut `tiles`, column blocks of `block` tiles each, into bundles of at most `size` tiles.

    A bundle is as many blocks as fit, a multiple of `together` if so many fit; a larger block is
    cut into as few bundles as possible, which are as equal as possible.
    """
    if block <= size:
        blocks = size // block
        if blocks >= together:
            blocks -= blocks % together
        step = blocks * block
        return [tiles[first : first + step] for first in range(0, len(tiles), step)]
    blocks = tiles.reshape(-1, block)
    return [part for one in blocks for part in np.array_split(one, -(-block // size))]
