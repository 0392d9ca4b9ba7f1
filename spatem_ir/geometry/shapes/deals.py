"""Times by window, and by the copies to which windows are dealt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.shapes.grid import Deal

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer

Times = NDArray[np.int64]


def dealt(by_window: Times, layer: Layer, grid: Grid) -> Times:
    """Times by window [matrices, windows] as times by copy and turn [matrices · iw, turns].

    Copies with fewer windows get the latest time at the end.
    """
    turns = grid.windows_per_copy(layer)
    padded = np.full((grid.matrices(layer), turns * grid.iw), by_window.max())
    padded[:, : layer.windows] = by_window
    if grid.deal is Deal.CYCLIC:
        shares = padded.reshape(len(padded), turns, grid.iw).swapaxes(1, 2)
    else:
        shares = padded.reshape(len(padded), grid.iw, turns)
    return shares.reshape(-1, turns)


def collected(by_copy: Times, layer: Layer, grid: Grid) -> Times:
    """Times by copy and turn [matrices · iw, turns] as times by window [matrices, windows]."""
    matrices = grid.matrices(layer)
    shares = by_copy.reshape(matrices, grid.iw, -1)
    if grid.deal is Deal.CYCLIC:
        shares = shares.swapaxes(1, 2)
    return shares.reshape(matrices, -1)[:, : layer.windows]
