"""The tiles of a layer by shape: all but those at the end of an axis are equally large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class TileShapes:
    """The shapes of a layer's tiles, in cells, the largest first; of equal areas the lowest.

    `heights` and `widths` are by shape, `of_tile` has the number of the shape of every tile.
    """

    heights: tuple[int, ...]
    widths: tuple[int, ...]
    of_tile: Ints

    @staticmethod
    def of(layer: Layer, grid: Grid, accelerator: Accelerator) -> TileShapes:
        """The shapes of the tiles of a layer."""
        height = np.minimum(grid.tile_rows, layer.rows - np.arange(grid.hwm) * grid.tile_rows)
        columns = layer.columns - np.arange(grid.wwm) * grid.tile_columns
        width = np.minimum(grid.tile_columns, columns)
        width *= accelerator.cells_per_weight(layer.weight_bits)
        matrices = grid.matrices(layer)
        first, last = (grid.blocks(layer, matrix) for matrix in (0, matrices - 1))
        pairs = {
            (blocks * h, w)
            for blocks in {first, last}
            for h in set(height.tolist())
            for w in set(width.tolist())
        }
        shapes = sorted(pairs, key=lambda shape: (-shape[0] * shape[1], shape))
        heights, widths = zip(*shapes, strict=True)
        of_block = np.empty((grid.wwm, grid.hwm), np.int64)
        parts = []
        for blocks, copies in ((first, (matrices - 1) * grid.iw), (last, grid.iw)):
            for number, (h, w) in enumerate(shapes):
                of_block[np.ix_(width == w, blocks * height == h)] = number
            parts.append(np.tile(of_block.repeat(grid.ib), copies))
        of_tile = np.concatenate(parts)
        return TileShapes(heights, widths, of_tile)

    def split(self, tiles: Ints) -> list[tuple[int, Ints]]:
        """`tiles` by the number of their shape, largest first, those of a shape in their order."""
        numbers = self.of_tile[tiles]
        return [
            (number, tiles[numbers == number])
            for number in np.flatnonzero(np.bincount(numbers)).tolist()
        ]

    def counts(self) -> list[tuple[int, int, int]]:
        """The number of tiles of each shape: (height, width, count), largest first."""
        counts = np.bincount(self.of_tile).tolist()
        return list(zip(self.heights, self.widths, counts, strict=True))
