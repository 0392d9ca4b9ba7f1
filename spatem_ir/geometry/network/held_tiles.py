"""Which tiles of a layer the crossbars hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from spatem_ir.geometry.network.dataflow import Node
    from spatem_ir.geometry.shapes.placement import Placement

Ints = NDArray[np.int64]


class HeldTiles:
    """The tiles of a layer by crossbar.

    Those on one crossbar are counted from 0, in ascending order of their number of windows, then of
    their number.
    """

    def __init__(self, node: Node, placed: Placement):
        assert node.layer is not None and node.grid is not None
        windows = node.grid.window_counts(node.layer)[node.grid.coordinates(placed.tiles).copy]
        order = np.lexsort((placed.tiles, windows, placed.crossbars))
        self.tiles, self.crossbars = placed.tiles[order], placed.crossbars[order]

    def counts(self, crossbars: Ints) -> Ints:
        """How many tiles each of some crossbars holds."""
        first, last = (np.searchsorted(self.crossbars, crossbars, s) for s in ("left", "right"))
        return last - first

    def at(self, crossbars: Ints, ordinal: int) -> Ints:
        """The tile with the given ordinal on each of some crossbars, which all hold so many."""
        return self.tiles[np.searchsorted(self.crossbars, crossbars) + ordinal]
