"""Designs: what is executed directly takes as long as what the passes make of it."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from differential.machines import machines
from differential.networks import Network, networks
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.deployed import context, network_on
from unit.runtime.machine.programs import noc_of

from spatem_ir.dialects.cnn import ConvOp, DenseOp, LocalOp
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.geometry.estimate.candidates import layer_candidates
from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.ranks import rank_within
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.dead_positions.remove_dead_positions import RemoveDeadPositionsPass
from spatem_ir.search.annealing import Annealing, DesignSpace
from spatem_ir.search.chains import shortest_chain
from spatem_ir.search.evaluator import Evaluator
from spatem_ir.search.spreads import PlacedTiles, TilePart, TileSpread, middle_pe, pe_orders
from spatem_ir.support.errors import SpatemError


@examples(15)
@given(networks(), machines(), st.integers(2, 6), st.integers(0, 2**16))
def test_direct_execution_is_that_of_the_passes(
    network: Network, machine: Accelerator, slack: int, seed: int
) -> None:
    module = network_on(network, machine, slack)
    RemoveDeadPositionsPass().apply(context(), module)
    chip = accelerator_of(module)
    layers = [op.layer for op in module.walk() if isinstance(op, ConvOp | DenseOp | LocalOp)]
    evaluator = Evaluator(context(), module, chip, ())
    entering = [True] + [False] * (len(layers) - 1)
    space = DesignSpace(layers, chip, entering, 10**5)
    for design in islice(space.starts(0.2), 1):
        walk = Annealing(space, seed, (design, 1.0))
        for _ in range(3):
            moved = walk.design()
            candidate = space.candidate(moved)
            try:
                direct = evaluator.evaluate(candidate)
            except SpatemError as error:
                assert "finds no room" in str(error) or "buffer" in str(error)
                continue
            assert direct.schedule is None
            settled = evaluator.settled(direct)
            assert settled.latency == direct.latency
            assert settled.schedule is not None
            walk.accept(moved, 1.0, 0.0)
            assert walk.current == (moved, 1.0)


def test_what_is_much_worse_is_accepted_early_only() -> None:
    machine = load_accelerator("tiny")
    layer = Layer("fc", (16, 1, 1), 12, Window((1, 1)), weight_bits=2)
    space = DesignSpace([layer], machine, [True], 10**5)
    first = next(space.starts(0.2))
    walk = Annealing(space, 0, (first, 100.0))
    for _ in range(50):
        walk.accept(walk.design(), 101.0, 1.0)
    assert walk.current == (first, 100.0)
    for _ in range(50):
        walk.accept(walk.design(), 100.5, 0.0)
    assert walk.current[1] == 100.5


def test_steps_are_foreseen_as_long_as_nothing_is_accepted() -> None:
    layer = Layer("fc", (16, 1, 1), 12, Window((1, 1)), weight_bits=2)
    space = DesignSpace([layer], load_accelerator("tiny"), [True], 10**5)
    first = next(space.starts(0.2))
    walk = Annealing(space, 7, (first, 100.0))
    foreseen = [walk.design(), *islice(walk.foreseen(), 3)]
    for design in foreseen:
        assert walk.design() == design
        walk.accept(design, float("inf"), 0.0)
    assert len(set(foreseen)) > 1


def test_designs_have_no_more_visits_than_allowed() -> None:
    layer = Layer("fc", (16, 1, 1), 12, Window((1, 1)), weight_bits=2)
    space = DesignSpace([layer], load_accelerator("tiny"), [True], 0)
    assert list(space.starts(0.2)) == []


@pytest.mark.parametrize("local", [0, 8])
def test_orders_of_pes_are_those_of_branches(local: int) -> None:
    """Whether or not all ways begin with the local port of the port's PE."""
    preset = load_accelerator("isaac-ou")
    noc = replace(noc_of(preset), local_bytes_per_cycle=local)
    accelerator = replace(preset, noc=noc)
    everywhere, from_middle, *branches = pe_orders(accelerator)
    for order in (everywhere, from_middle):
        assert sorted(order.tolist()) == list(range(168))
    assert sorted(len(branch) for branch in branches) == [11, 156]
    (column,) = (branch for branch in branches if len(branch) == 11)
    assert column.tolist() == list(range(14, 168, 14))


def test_orders_of_a_long_row_take_little_memory() -> None:
    """All ways in a row of 4096 PEs are 8 million links."""
    preset = load_accelerator("isaac-ou")
    row = replace(preset, chip=replace(preset.chip, pe_rows=1, pe_columns=4096))
    tracemalloc.start()
    everywhere, from_middle, *branches = pe_orders(row)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert everywhere.tolist() == list(range(4096))
    assert from_middle[:3].tolist() == [2047, 2046, 2048]
    assert [branch.tolist() for branch in branches] == [[1], list(range(2, 4096))]
    assert peak < 2**27


def test_blocks_are_dealt_to_parts_and_pes() -> None:
    layer = Layer("fc", (16, 1, 1), 12, Window((1, 1)), weight_bits=2)
    grid = Grid(2, 4, 1, 1, 8, 3)
    orders = (np.array([0, 1, 2, 3]), np.array([5, 6]))
    in_turn = TileSpread((TilePart(0, 1, 2, 8), TilePart(1, 1, 2, 8)), by_copy=False, in_turn=True)
    assert in_turn.pes(layer, grid, orders).tolist() == [1, 1, 2, 2, 6, 6, 5, 5]
    near = TileSpread((TilePart(0, 3, 2, 16),), by_copy=False, in_turn=False)
    assert near.pes(layer, grid, orders).tolist() == [3, 3, 3, 3, 0, 0, 0, 0]
    whole = TileSpread((TilePart(0, 2, 2, 16),), by_copy=True, in_turn=True)
    assert whole.pes(layer, grid, orders).tolist() == [2] * 8
    halved = whole._replace(divided=2)
    assert halved.pes(layer, grid, orders).tolist() == [2] * 4 + [3] * 4
    assert in_turn._replace(divided=9).pes(layer, grid, orders).tolist() == [1, 2] * 2 + [6, 5] * 2


def test_tiles_stay_where_they_are_or_with_their_neighbours() -> None:
    layer = Layer("fc", (16, 1, 1), 12, Window((1, 1)), weight_bits=2)
    placed = PlacedTiles(IndexSequence.of([4, 4, 7, 9]))
    assert placed.pes(layer, Grid(2, 2, 1, 1, 8, 6), ()).tolist() == [4, 4, 7, 9]
    assert placed.pes(layer, Grid(2, 1, 1, 1, 8, 12), ()).tolist() == [4, 7]
    assert placed.pes(layer, Grid(2, 4, 1, 1, 8, 3), ()).tolist() == [4, 4, 4, 4, 7, 7, 9, 9]


def test_the_middle_of_a_mesh_is_near_all_ends() -> None:
    interconnect = load_accelerator("isaac-ou").components.interconnect
    assert divmod(middle_pe(interconnect), 14) == (6, 6)


def test_any_deployment_is_a_design_if_its_cuts_are() -> None:
    layer = Layer("fc", (16, 1, 1), 12, Window((1, 1)), weight_bits=2)
    space = DesignSpace([layer], load_accelerator("tiny"), [True], 10**5)
    places = [IndexSequence.of([0] * 12)]
    grid = Grid(1, 12, 1, 1, 16, 1)
    (design,) = space.placed([grid], places, 0.2)
    assert space.grids(design) == (grid,)
    assert space.candidate(design).spreads == tuple(places)
    assert list(space.placed([replace(grid, tile_rows=15)], places, 0.2)) == []


@pytest.mark.parametrize("work", [0.01, 1.0, 100.0])
def test_the_shortest_chain_is_no_longer_than_any_undivided_one(work: float) -> None:
    """On more PEs a layer is divided further, and takes no longer for it."""
    layer = Layer("fc", (120, 1, 1), 84, Window((1, 1)), weight_bits=2)
    machine = load_accelerator("isaac-ou")
    candidates = layer_candidates(layer, machine, narrow=True)
    on_few = shortest_chain(candidates, machine, 8, work)
    on_many = shortest_chain(candidates, machine, 160, work)
    assert on_few.pes <= 8 and on_many.pes <= 160
    assert on_few.divided <= 8 < on_many.pes


def test_ranks_count_within_groups() -> None:
    assert rank_within(np.array([3, 1, 3, 3, 1])).tolist() == [0, 0, 1, 2, 1]
