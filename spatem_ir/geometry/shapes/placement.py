"""Where tiles sit: crossbar, row and column of every tile of a layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Placement:
    """Tiles of one layer and their places; four arrays of equal length.

    `rows` and `columns` are the wordline and bitline of a tile's corner, in cells.
    """

    tiles: Ints
    crossbars: Ints
    rows: Ints
    columns: Ints

    def extents(self, layer: Layer, grid: Grid, accelerator: Accelerator) -> tuple[Ints, Ints]:
        """Wordlines and bitlines that each tile covers."""
        height, width = grid.extents(layer, grid.coordinates(self.tiles))
        return height, width * accelerator.cells_per_weight(layer.weight_bits)

    def by_tile(self) -> Placement:
        """The same places, sorted by tile number."""
        order = np.argsort(self.tiles, kind="stable")
        return Placement(*(column[order] for column in self._columns()))

    def moved(self, crossbars: Ints) -> Placement:
        """The same tiles where crossbar n is crossbar `crossbars[n]`."""
        return Placement(self.tiles, crossbars[self.crossbars], self.rows, self.columns)

    def _columns(self) -> tuple[Ints, Ints, Ints, Ints]:
        return self.tiles, self.crossbars, self.rows, self.columns

    @staticmethod
    def joined(parts: list[Placement]) -> Placement:
        """The places of several placements, one after the other."""
        columns = zip(*(part._columns() for part in parts), strict=True)
        return Placement(*(np.concatenate(column) for column in columns))


def first_overlap(
    crossbars: Ints, rows: Ints, columns: Ints, heights: Ints, widths: Ints
) -> tuple[int, int] | None:
    """Two rectangles of cells that share a cell of one crossbar, by number; None if none do."""
    order = np.argsort(crossbars, kind="stable")
    crossbars, rows, columns = crossbars[order], rows[order], columns[order]
    heights, widths = heights[order], widths[order]
    largest = int(np.bincount(crossbars).max(initial=0))
    for distance in range(1, largest):
        a, b = slice(None, -distance), slice(distance, None)
        shared = (
            (crossbars[a] == crossbars[b])
            & (rows[a] < rows[b] + heights[b])
            & (rows[b] < rows[a] + heights[a])
            & (columns[a] < columns[b] + widths[b])
            & (columns[b] < columns[a] + widths[a])
        )
        if shared.any():
            first = int(np.argmax(shared))
            return int(order[first]), int(order[first + distance])
    return None


def without(places: dict[str, Placement], crossbars: Ints) -> dict[str, Placement]:
    """The tiles that are on none of some crossbars, by layer, of the layers that have any."""
    left = {}
    for name, placed in places.items():
        keep = ~np.isin(placed.crossbars, crossbars)
        if keep.any():
            columns = (placed.tiles, placed.crossbars, placed.rows, placed.columns)
            left[name] = Placement(*(column[keep] for column in columns))
    return left
