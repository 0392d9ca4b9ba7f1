"""Loads of candidates, against grids one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spatem_ir.geometry.estimate.loads import adder_cycles, candidate_loads
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.loader import load_accelerator

ISAAC = load_accelerator("isaac-ou")

LAYERS = (
    Layer("conv", (16, 12, 12), 20, Window((3, 3))),
    Layer("depthwise", (24, 12, 12), 24, Window((3, 3)), groups=24),
    Layer("dense", (300, 1, 1), 40, Window((1, 1)), weight_bits=4),
)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_loads_are_those_of_the_grids(layer: Layer) -> None:
    crossbars = 1000
    loads = candidate_loads(layer, ISAAC, crossbars)
    assert {loads.grid(n).joined > 1 for n in range(len(loads))} == {False, layer.groups > 1} | {
        False
    }
    for number in range(0, len(loads), 97):
        grid = loads.grid(number)
        assert grid.problem(layer, ISAAC) is None
        tiles = np.arange(grid.tiles(layer))
        visits = grid.visit_operations(layer, grid.coordinates(tiles), ISAAC)
        assert loads.tiles[number] == len(tiles)
        assert loads.laps[number] == -(-len(tiles) // crossbars)
        visit = ISAAC.components.compute_unit.visit_cycles(int(np.max(visits)))
        assert loads.visit[number] == visit
        assert loads.busy[number] == loads.laps[number] * visit * grid.windows_per_copy(layer)
        height, width = grid.operand_rows, grid.tile_columns
        width *= ISAAC.cells_per_weight(layer.weight_bits)
        assert loads.cells[number] == loads.laps[number] * height * width


def test_fetches_are_spread_over_the_pes_that_hold_tiles() -> None:
    layer = Layer("dense", (8, 1, 1), 1, Window((1, 1)))
    loads = candidate_loads(layer, ISAAC, ISAAC.crossbars)
    (number,) = np.flatnonzero(loads.tiles == 1)
    assert loads.fetch[number] == pytest.approx(ISAAC.crossbars_per_pe)
    assert loads.adders[number] == loads.packets[number] == 0


def test_parts_on_one_cu_merge_there_alone() -> None:
    parts, columns = np.array([1, 2, 8, 9]), np.array([4, 4, 4, 4])
    cycles = adder_cycles(parts, parts, columns, ISAAC)
    cus = ISAAC.crossbars / ISAAC.crossbars_per_cu
    assert cycles[:3] == pytest.approx([0, 2 / cus, 8 / cus])
    assert cycles[3] == pytest.approx(2 * 4 / ISAAC.pes)
    faster = replace(ISAAC, pe=replace(ISAAC.pe, adders_per_cycle=4))
    assert adder_cycles(parts, parts, columns, faster)[3] == pytest.approx(max(2 / 168, 9 / cus))


def test_parts_that_are_not_neighbours_meet_at_home() -> None:
    """16 parts in two bands of 8: each band is added in a CU, and both sums in a PE."""
    parts, together, columns = np.array([16]), np.array([8]), np.array([1])
    cus = ISAAC.crossbars / ISAAC.crossbars_per_cu
    expected = max(16 / cus, 2 / ISAAC.pes)
    assert adder_cycles(parts, together, columns, ISAAC) == pytest.approx(expected)
