"""Packing of whole networks: shapes of tiles, the bound, and which strategy wins."""

from __future__ import annotations

import numpy as np
from differential.machines import machines
from differential.networks import Network, networks
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.geometry.strategies import partitions
from unit.passes.deployed import applied, network_on

from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mvm import PACKINGS, AlternativeOp, layer_ops
from spatem_ir.dialects.vxb import VxbStageOp
from spatem_ir.geometry.packing.gathering import gathered_layer
from spatem_ir.geometry.packing.neighbourhoods import Neighbourhoods
from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.pack import PackPass
from spatem_ir.passes.packings import (
    ExclusivePacking,
    FloorPlanPacking,
    SharedPacking,
    tile_shapes,
)
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.support.errors import SpatemError

TINY = load_accelerator("tiny")


def test_shapes_of_tiles_are_in_cells_and_largest_first() -> None:
    layer = Layer("fc", (10, 1, 1), 5, Window((1, 1)), weight_bits=4)
    grid = Grid(hwm=2, wwm=2, iw=1, ib=1, tile_rows=8, tile_columns=3)
    shapes = [(h, w, tiles.tolist()) for h, w, tiles in tile_shapes(layer, grid, TINY)]
    assert shapes == [(8, 6, [0]), (8, 4, [2]), (2, 6, [1]), (2, 4, [3])]


@examples(60)
@given(partitions())
def test_every_tile_has_one_shape_and_they_cover_the_cells_of_all_copies(
    case: tuple[Layer, Grid],
) -> None:
    layer, grid = case
    shapes = tile_shapes(layer, grid, TINY)
    tiles = np.concatenate([members for _, _, members in shapes])
    assert sorted(tiles.tolist()) == list(range(grid.tiles(layer)))
    areas = [height * width for height, width, _ in shapes]
    assert areas == sorted(areas, reverse=True)
    cells = sum(height * width * len(members) for height, width, members in shapes)
    per_weight = TINY.cells_per_weight(layer.weight_bits)
    assert cells == layer.weights * per_weight * grid.iw * grid.ib


@examples(25)
@given(networks(), machines(), st.booleans())
def test_packing_uses_at_least_the_bound_and_places_every_tile(
    network: Network, machine: Accelerator, by_time: bool
) -> None:
    module = applied(network_on(network, machine, slack=2), [PartitionPass()])
    accelerator = accelerator_of(module)
    layers = [op.layer for op in layer_ops(module)]
    grids = [op.grid.data for op in layer_ops(module)]
    packing = SharedPacking(accelerator, by_time)
    bound = packing.least_crossbars(layers, grids)
    placements = packing.placements(layers, grids)
    if placements is None:
        return
    used = set(np.concatenate([placed.crossbars for placed in placements]).tolist())
    assert bound <= len(used) <= accelerator.crossbars
    for layer, grid, placed in zip(layers, grids, placements, strict=True):
        assert sorted(placed.tiles.tolist()) == list(range(grid.tiles(layer)))


@examples(25)
@given(networks(), machines(), st.sampled_from(PACKINGS), st.integers(1, 3))
def test_the_first_strategy_that_fits_wins(
    network: Network, machine: Accelerator, strategy: str, slack: int
) -> None:
    module = applied(network_on(network, machine, slack), [PartitionPass()])
    accelerator = accelerator_of(module)
    layers = [op.layer for op in layer_ops(module)]
    tried = [[op.grid.data for op in layer_ops(module)]]
    tried += [
        [grid.data for grid in op.grids] for op in module.ops if isinstance(op, AlternativeOp)
    ]
    exclusive = strategy == "exclusive"
    packings = {"exclusive": ExclusivePacking, "floor-plan": FloorPlanPacking}
    packing = packings.get(strategy, SharedPacking)(accelerator)
    expected = next((g for g in tried if packing.placements(layers, g) is not None), None)
    try:
        applied(module, [PackPass(method=strategy)])
    except SpatemError:
        assert expected is None
        return
    assert [op.grid.data for op in layer_ops(module)] == expected
    assert not any(isinstance(op, AlternativeOp) for op in module.ops)
    stage = next(op for op in module.ops if isinstance(op, VxbStageOp))
    if exclusive:
        owners = [
            (int(crossbar), op.sym_name.data, int(copy))
            for op in layer_ops(module)
            for placed in [stage.placements()[op.sym_name.data]]
            for crossbar, copy in zip(
                placed.crossbars, op.grid.data.coordinates(placed.tiles).copy, strict=True
            )
        ]
        assert {crossbar for crossbar, *_ in owners} == set(range(len(set(owners))))


def test_a_layer_that_finds_no_place_is_gathered_first() -> None:
    small = Layer("small", (1, 16, 1), 1, Window((1, 1)), weight_bits=2)
    large = Layer("large", (64, 1, 1), 16, Window((1, 1)), weight_bits=2)
    layers, grids = [small, large], [Grid(1, 1, 16, 1, 1, 1), Grid(4, 1, 1, 1, 16, 16)]
    packing = SharedPacking(TINY)
    # one small tile in each of the 16 crossbars leaves no whole one
    crossbar = TINY.crossbar
    chip = Neighbourhoods(
        TINY.crossbars, TINY.crossbars_per_pe, crossbar.wordlines, crossbar.bitlines
    )
    assert gathered_layer(chip, packing.bundles(small, grids[0])) is not None
    assert gathered_layer(chip, packing.bundles(large, grids[1])) is None
    found = packing.gathered(layers, grids)
    assert found is not None
    assert found[1].crossbars.tolist() == [0, 1, 2, 3]
    assert set(found[0].crossbars.tolist()) == set(range(4, 16))


def test_copies_of_a_pooling_window_are_gathered_in_one_pe() -> None:
    layer = Layer("conv", (1, 4, 4), 1, Window((1, 1)), weight_bits=2)
    grid = Grid(1, 1, 16, 1, 1, 1)
    packing = SharedPacking(TINY, poolings={"conv": Window((2, 2), (2, 2))})
    found = packing.gathered([layer], [grid])
    assert found is not None
    placed = found[0].by_tile()
    pes = (placed.crossbars // TINY.crossbars_per_pe).reshape(4, 4)
    assert pes.tolist() == [[0, 0, 2, 2], [0, 0, 2, 2], [1, 1, 3, 3], [1, 1, 3, 3]]
