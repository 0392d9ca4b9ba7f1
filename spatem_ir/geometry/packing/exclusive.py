"""Crossbars that belong to one copy of one layer each.

Tiles of one matrix never share a crossbar, so that a copy works on all parts of a window at once.
Tiles of different matrices (channel groups, regions of a locally connected layer) may: then the
crossbar visits them in turn.  *Sharing* says how many of them at most are in one crossbar; they are
dealt to its crossbars like windows to copies, cyclically, and stand in rows and columns of equally
large fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.shapes.placement import Placement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator


@dataclass(frozen=True)
class CopyTiles:
    """The tiles of a layer's copies and how they may share crossbars."""

    layer: Layer
    grid: Grid
    accelerator: Accelerator

    @cached_property
    def extents(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Wordlines and bitlines of the tiles of one matrix: two arrays [tiles per copy]."""
        tiles = np.arange(self.grid.tiles_per_copy)
        placed = Placement(tiles, tiles, tiles, tiles)
        return placed.extents(self.layer, self.grid, self.accelerator)

    @cached_property
    def most_sharing(self) -> NDArray[np.int64]:
        """How many tiles of a kind fit into a crossbar, at most one of each matrix: [tiles].

        As many rectangles of one size as possible stand in rows and columns.
        """
        crossbar, (heights, widths) = self.accelerator.crossbar, self.extents
        fields = (crossbar.wordlines // heights) * (crossbar.bitlines // widths)
        return np.minimum(fields, self.grid.matrices(self.layer))

    @property
    def largest_sharing(self) -> int:
        """The sharing beyond which no crossbar is saved."""
        return int(self.most_sharing.max())

    def sets(self, sharing: int) -> NDArray[np.int64]:
        """Crossbars of one copy for the tiles of each kind: shape [tiles per copy]."""
        return -(-self.grid.matrices(self.layer) // np.minimum(self.most_sharing, sharing))

    def crossbars_per_copy(self, sharing: int) -> int:
        """Crossbars of one copy of all matrices."""
        return int(self.sets(sharing).sum())

    def crossbars(self, sharing: int) -> int:
        """The crossbars of all copies if `sharing` matrices share one."""
        return self.grid.iw * self.crossbars_per_copy(sharing)

    def busy_operations(self, sharing: int) -> int:
        """OU operations of the busiest crossbar."""
        layer, grid = self.layer, self.grid
        visit = grid.visit_operations(layer, grid.coordinates(0), self.accelerator)
        visits = int((-(-grid.matrices(layer) // self.sets(sharing))).max())
        return visits * visit * grid.windows_per_copy(layer)

    def place(self, sharing: int, first: int) -> Placement:
        """The tiles in crossbars from `first` on, numbered in the order of their first tiles."""
        tiles = np.arange(self.grid.tiles(self.layer))
        at, kind = self.grid.coordinates(tiles), tiles % self.grid.tiles_per_copy
        turn, member = np.divmod(at.matrix, self.sets(sharing)[kind])
        owner = (member * self.grid.iw + at.copy) * self.grid.tiles_per_copy + kind
        crossbars = np.unique(owner, return_inverse=True)[1].reshape(-1)
        heights, widths = self.extents
        across = self.accelerator.crossbar.bitlines // widths[kind]
        field_row, field_column = np.divmod(turn, across)
        rows, columns = field_row * heights[kind], field_column * widths[kind]
        return Placement(tiles, first + crossbars, rows, columns)


def sharings(tiles: list[CopyTiles], crossbars: int) -> list[int] | None:
    """How far the matrices of each layer share crossbars, so that all layers fit; None if none do.

    As little as possible: whatever crossbars are left shorten the work of the layer whose crossbars
    are busiest, as far as they suffice, then of the next.  No other choice makes the busiest
    crossbar of the chip less busy.
    """
    chosen = [copy_tiles.largest_sharing for copy_tiles in tiles]
    left = crossbars - sum(map(CopyTiles.crossbars, tiles, chosen))
    if left < 0:
        return None
    busy = {n: tiles[n].busy_operations(sharing) for n, sharing in enumerate(chosen) if sharing > 1}
    while busy:
        slowest = max(busy, key=busy.__getitem__)
        less = chosen[slowest] - 1
        more = tiles[slowest].crossbars(less) - tiles[slowest].crossbars(chosen[slowest])
        if more > left:
            del busy[slowest]
            continue
        chosen[slowest], left = less, left - more
        busy[slowest] = tiles[slowest].busy_operations(less)
        if less == 1:
            del busy[slowest]
    return chosen
