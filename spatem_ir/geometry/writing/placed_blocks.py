"""The operation units that tiles cover, and tables of which block of weights sits in which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.placement import Placement
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.support.errors import SpatemError

Ints = NDArray[np.int64]


class PlacedBlocks(NamedTuple):
    """Rectangles of cells that operation units cover: five arrays of equal length.

    A tile has its operation units row by row from its own corner; one of joined matrices those of
    one matrix after the other (rule R1).  What is not as large as an operation unit is smaller.
    """

    crossbars: Ints
    rows: Ints
    columns: Ints
    heights: Ints
    widths: Ints

    @staticmethod
    def joined(parts: Sequence[PlacedBlocks]) -> PlacedBlocks:
        """Several, one after the other."""
        return PlacedBlocks(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def groups(self) -> Iterator[Ints]:
        """Blocks of one crossbar and one size, in ascending order: these can be exchanged."""
        keys = np.stack([self.crossbars, self.heights, self.widths])
        order = np.lexsort(keys[::-1])
        changes = np.flatnonzero((np.diff(keys[:, order]) != 0).any(0)) + 1
        yield from np.split(order, changes)

    def moved(self, table: Ints) -> dict[tuple[int, int, int], tuple[int, int]]:
        """Where a block is that would be at (crossbar, wordline, bitline), if it is elsewhere.

        Entry k of a table is the block in whose place block k is.

        Raises:
            SpatemError: not every place has one block, or one of another size or crossbar.
        """
        count = len(self.crossbars)
        if len(table) != count:
            raise SpatemError(f"the table has {len(table)} entries for {count} blocks of weights")
        if not np.array_equal(np.sort(table), np.arange(count)):
            twice = np.flatnonzero(np.bincount(np.clip(table, 0, count - 1), minlength=count) != 1)
            raise SpatemError(f"the place of block {twice[0]} does not hold exactly one block")
        for name in ("crossbars", "heights", "widths"):
            own = getattr(self, name)
            differ = np.flatnonzero(own[table] != own)
            if len(differ):
                raise SpatemError(
                    f"block {differ[0]} is in the place of block {table[differ[0]]}, whose "
                    f"{'crossbar' if name == 'crossbars' else 'size'} is another"
                )
        away = np.flatnonzero(table != np.arange(count))
        froms = zip(self.crossbars[away], self.rows[away], self.columns[away], strict=True)
        tos = zip(self.rows[table[away]], self.columns[table[away]], strict=True)
        return {
            (int(c), int(r), int(b)): (int(row), int(column))
            for (c, r, b), (row, column) in zip(froms, tos, strict=True)
        }


def tile_blocks(
    placed: Placement, layer: Layer, grid: Grid, accelerator: Accelerator
) -> PlacedBlocks:
    """The operation units of all tiles of a layer, tile by tile."""
    heights, widths = placed.extents(layer, grid, accelerator)
    parts = []
    for tile in range(len(placed.tiles)):
        height, width = int(heights[tile]), int(widths[tile])
        matrix = layer.rows if grid.joined > 1 else height
        corners = (
            (first + row, column, min(accelerator.ou.wordlines, matrix - row))
            for first in range(0, height, matrix)
            for row in range(0, matrix, accelerator.ou.wordlines)
            for column in range(0, width, accelerator.ou.bitlines)
        )
        rows, columns, sizes = np.array(list(corners), np.int64).T
        parts.append(
            PlacedBlocks(
                np.full(len(rows), placed.crossbars[tile]),
                placed.rows[tile] + rows,
                placed.columns[tile] + columns,
                sizes,
                np.minimum(accelerator.ou.bitlines, width - columns),
            )
        )
    return PlacedBlocks.joined(parts)
