"""Grids under prices: what is dear is used less, and the tiles stand in a crossbar together."""

from __future__ import annotations

import numpy as np
import pytest

from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.search.prices import PlanChooser, Prices

ISAAC = load_accelerator("isaac-ou")

LAYERS = (
    Layer("a", (3, 64, 64), 32, Window((3, 3), pads=(1, 1, 1, 1))),
    Layer("b", (32, 64, 64), 64, Window((3, 3), pads=(1, 1, 1, 1))),
    Layer("c", (64, 32, 32), 64, Window((3, 3), pads=(1, 1, 1, 1)), groups=64),
    Layer("d", (1024, 1, 1), 100, Window((1, 1))),
)
FREE = Prices(0, 0, 0, 0, 0)


def sums(prices: Prices) -> dict[str, float]:
    """What the chosen grids of all layers ask of the resources together."""
    chooser = PlanChooser.of(LAYERS, ISAAC, ISAAC.crossbars)
    chosen = chooser.choose(prices)
    assert chosen is not None
    loads = list(zip(chooser.loads, chosen.numbers, strict=True))
    names = ("busy", "cells", *Prices._fields)
    return {name: sum(float(getattr(load, name)[n]) for load, n in loads) for name in names}


def test_what_is_free_does_not_count() -> None:
    least = sums(FREE)
    assert least["cells"] <= ISAAC.cells_per_crossbar
    for name in Prices._fields:
        dear = sums(FREE._replace(**{name: 100.0}))
        assert dear[name] < least[name]
        assert dear["busy"] >= least["busy"]


def test_the_plan_holds_the_tiles_of_the_grids() -> None:
    chosen = PlanChooser.of(LAYERS, ISAAC, 500).choose(FREE)
    assert chosen is not None
    for number, (layer, grid) in enumerate(zip(LAYERS, chosen.grids, strict=True)):
        placed = chosen.plan.placement(number, np.arange(grid.tiles(layer)))
        heights, widths = placed.extents(layer, grid, ISAAC)
        assert (placed.rows + heights <= ISAAC.crossbar.wordlines).all()
        assert (placed.columns + widths <= ISAAC.crossbar.bitlines).all()


@pytest.mark.parametrize("crossbars", [1, 2])
def test_too_many_weights_have_no_plan(crossbars: int) -> None:
    assert PlanChooser.of(LAYERS, ISAAC, crossbars).choose(FREE) is None
