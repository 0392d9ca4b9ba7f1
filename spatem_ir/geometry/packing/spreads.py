"""Packing of tiles whose PEs are known: which of the PE's crossbars, and where in it.

In each PE the tiles take its crossbars in turn, layer after layer.  Crossbars that hold tiles of
the same sizes, in the same order, have them at the same corners, which are found once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.packing.packing import Rectangle, take_corner
from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.placement import Placement
from spatem_ir.geometry.shapes.ranks import rank_within
from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]


def spread_placements(
    layers: Sequence[Layer], grids: Sequence[Grid], pes: Sequence[Ints], accelerator: Accelerator
) -> list[Placement] | None:
    """Where tiles sit whose PEs are given, layer by layer: [tiles]; None if one finds no room."""
    contents = _Contents(accelerator)
    taken = np.zeros(accelerator.pes, np.int64)
    placements = []
    for layer, grid, own in zip(layers, grids, pes, strict=True):
        turns = taken[own] + rank_within(own)
        taken += np.bincount(own, minlength=accelerator.pes)
        lap, crossbar = np.divmod(turns, accelerator.crossbars_per_pe)
        crossbars = own * accelerator.crossbars_per_pe + crossbar
        height = grid.operand_rows
        width = grid.tile_columns * accelerator.cells_per_weight(layer.weight_bits)
        corners = np.zeros((len(own), 2), np.int64)
        for number in np.unique(lap).tolist():
            here = lap == number
            found = contents.corners(crossbars[here], height, width)
            if found is None:
                return None
            corners[here] = found
        placements.append(Placement(np.arange(len(own)), crossbars, *corners.T))
    return placements


class _Contents:
    """What crossbars hold: each has the number of its free cells, a list of rectangles."""

    def __init__(self, accelerator: Accelerator):
        crossbar = accelerator.crossbar
        self.of = np.zeros(accelerator.crossbars, np.int64)
        whole = Rectangle(0, 0, crossbar.wordlines, crossbar.bitlines)
        self.free: list[tuple[Rectangle, ...]] = [(whole,)]
        self._known: dict[tuple[int, int, int], tuple[int, int, int] | None] = {}

    def corners(self, crossbars: Ints, height: int, width: int) -> Ints | None:
        """The corners of a tile on each of some different crossbars; None if one has no room."""
        before, which = np.unique(self.of[crossbars], return_inverse=True)
        after = []
        for number in before.tolist():
            key = number, height, width
            if key not in self._known:
                self._known[key] = self._with_tile(*key)
            known = self._known[key]
            if known is None:
                return None
            after.append(known)
        table = np.array(after)[which]
        self.of[crossbars] = table[:, 0]
        return table[:, 1:]

    def _with_tile(self, number: int, height: int, width: int) -> tuple[int, int, int] | None:
        """The number of what is left of free cells by a tile, and the tile's corner."""
        free = list(self.free[number])
        corner = take_corner(free, height, width)
        if corner is None:
            return None
        self.free.append(tuple(free))
        return len(self.free) - 1, *corner
