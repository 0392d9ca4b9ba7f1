"""Times by window and by copy."""

from __future__ import annotations

import numpy as np
import pytest

from spatem_ir.geometry.shapes.deals import collected, dealt
from spatem_ir.geometry.shapes.grid import Deal, Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window

CONV = Layer("conv", (4, 4, 4), 8, Window((2, 2)), weight_bits=2)
"""A layer with 9 windows."""


@pytest.mark.parametrize(("deal", "copies"), [(Deal.CYCLIC, 4), (Deal.BLOCKS, 3)])
def test_dealt_times_are_collected_again(deal: Deal, copies: int) -> None:
    grid = Grid(1, 1, copies, 1, 16, 8, deal)
    times = np.arange(9).reshape(1, 9)
    shares = dealt(times, CONV, grid)
    for copy in range(grid.iw):
        own = list(grid.copy_windows(CONV, copy))
        assert shares[copy, : len(own)].tolist() == own
    assert collected(shares, CONV, grid).tolist() == times.tolist()
