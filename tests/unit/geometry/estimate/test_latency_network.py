"""The estimated latency of a network: stages by hand, the recurrence against the machine."""

from __future__ import annotations

import numpy as np
import pytest
from unit.runtime.machine.programs import noc_of
from xdsl.context import Context

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.driver.pipeline import run_pipeline
from spatem_ir.frontend.load import ImportOptions, load_network
from spatem_ir.geometry.estimate.latency_network import (
    NetworkModel,
    network_latency,
    queued,
)
from spatem_ir.geometry.estimate.spare_time import KNOTS, MOST_KNOTS, SpareTime, evenly
from spatem_ir.geometry.estimate.stations import layer_stations, packed_crossbars, tiles_together
from spatem_ir.geometry.shapes.deals import collected, dealt
from spatem_ir.geometry.shapes.grid import Deal, Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of

TINY = load_accelerator("tiny")
CONV = Layer("conv", (4, 4, 4), 8, Window((2, 2)), weight_bits=2)
"""A matrix of 16 x 8 cells with 9 windows and 8 input bits."""


def test_stages_of_row_and_bit_parts() -> None:
    """Eight tiles of a column block in sequence: four CUs, two PEs."""
    grid = Grid(4, 1, 1, 2, 4, 8)
    stages = layer_stations(CONV, grid, np.arange(8), TINY)
    assert stages.visit == 2 * 4 * TINY.ou.cycles
    window = stages.window
    assert window == stages.round
    assert window.fetch == 4 * 1
    assert window.merge_in_cu == 2 * 8 // TINY.cu.adders_per_cycle
    assert window.merge_in_pe == (2 + 2) * 8 // TINY.pe.adders_per_cycle
    assert window.packets == 8 * 4 // noc_of(TINY).link_bytes_per_cycle
    assert window.activate == 8 // TINY.pe.activations_per_cycle
    assert stages.pes == stages.pes_per_copy == 2
    assert stages.partial_sum_bytes == 9 * 8 * 4


def test_tiles_that_share_an_operand_in_a_cu_are_fetched_once() -> None:
    stages = layer_stations(CONV, Grid(1, 2, 1, 1, 16, 4), np.arange(2), TINY)
    assert stages.window.fetch == 16 // TINY.pe.port_bytes_per_cycle
    apart = layer_stations(CONV, Grid(1, 2, 1, 1, 16, 4), np.array([0, 2]), TINY)
    assert apart.window.fetch == 2 * stages.window.fetch


def test_tiles_together_in_a_crossbar_are_counted_for_each_copy() -> None:
    grid = Grid(1, 1, 3, 1, 16, 8)
    assert tiles_together(grid, np.array([0, 5, 0])).tolist() == [2, 1, 2]


def test_worst_fit_spreads_tiles_and_tells_when_they_do_not_fit() -> None:
    one, many = Grid(1, 1, 1, 1, 16, 8), Grid(1, 1, 9, 1, 16, 8)
    packed = packed_crossbars([CONV, CONV], [one, many], TINY)
    assert packed is not None
    assert [crossbars.tolist() for crossbars in packed] == [[0], list(range(1, 10))]
    assert packed_crossbars([CONV] * 4, [many] * 4, TINY) is None


def test_a_queue_serves_in_the_order_of_arrival() -> None:
    times = np.array([[10, 0], [1, 30]])
    assert queued(times, 4, 5).tolist() == [[15, 5], [9, 35]]
    assert queued(np.zeros(3, np.int64), 4, 0).tolist() == [4, 8, 12]


@pytest.mark.parametrize("deal", Deal)
def test_dealt_times_are_collected_again(deal: Deal) -> None:
    grid = Grid(1, 1, 4, 1, 16, 8, deal) if deal is Deal.CYCLIC else Grid(1, 1, 3, 1, 16, 8, deal)
    times = np.arange(9).reshape(1, 9)
    shares = dealt(times, CONV, grid)
    for copy in range(grid.iw):
        own = list(grid.copy_windows(CONV, copy))
        assert shares[copy, : len(own)].tolist() == own
    assert collected(shares, CONV, grid).tolist() == times.tolist()


def test_a_later_layer_gets_the_time_that_an_earlier_one_leaves() -> None:
    places = {0: np.array([0, 1]), 1: np.array([1])}
    spare = SpareTime(places, places, 2)
    shared, alone = (int(spare.kind[crossbar]) for crossbar in (1, 0))
    spare.use(0, {}, np.array([40]), 30, np.full(2, 30.0))
    assert spare.before(shared, np.array([5, 10, 40, 50])).tolist() == [5, 10, 10, 20]
    assert spare.after(shared, np.array([4.0, 12.0])).tolist() == [4, 42]
    assert spare.before(alone, np.array([50])).tolist() == [50]


def test_visits_known_to_be_on_a_kind_of_crossbars_count_there() -> None:
    """Crossbars 0 and 1 are of one kind, 2 is of another; the last layer asks for all three."""
    first, last = np.array([0, 1, 2, 2]), np.array([0, 1, 2])
    spare = SpareTime({0: first, 1: np.array([2]), 2: last}, {0: first, 1: last[2:], 2: last}, 3)
    assert {kind: where.tolist() for kind, where in spare.by_kind(first).items()} == {
        int(spare.kind[0]): [0, 1],
        int(spare.kind[2]): [2, 3],
    }
    one, other = int(spare.kind[0]), int(spare.kind[2])
    assert spare.tiles[0][[one, other]].tolist() == [1, 2]
    busy = np.zeros(2)
    busy[[one, other]] = 10, 20
    spare.use(0, {one: np.array([10])}, np.array([100]), 10, busy)
    assert spare.before(one, np.array([10, 100])).tolist() == [0, 90]
    assert spare.before(other, np.array([90, 100])).tolist() == [90, 90]


def test_crossbars_that_no_later_layer_asks_for_are_not_followed() -> None:
    """Of layer 1 only the first tile, in crossbar 0, asks; it works there whenever all tiles do."""
    tiles = np.array([0, 1])
    spare = SpareTime({0: tiles, 1: tiles, 2: tiles[1:]}, {0: tiles, 1: tiles[:1], 2: tiles[:0]}, 2)
    asked, unasked = (int(spare.kind[crossbar]) for crossbar in (0, 1))
    assert spare.followed == {0: [asked], 1: [], 2: []}
    spare.use(0, {}, np.array([10]), 10, np.full(2, 10.0))
    assert spare.before(asked, np.array([15])).tolist() == [5]
    assert spare.before(unasked, np.array([15])).tolist() == [15]


@pytest.mark.parametrize("most", [KNOTS, MOST_KNOTS])
def test_indices_are_picked_evenly(most: int) -> None:
    for length in range(1, 3 * most):
        count = min(most, length)
        evenly_spaced = np.linspace(0, length - 1, count).astype(np.int64)
        assert evenly(length, count).tolist() == evenly_spaced.tolist()


def simulated(name: str, strategy: str) -> tuple[float, float, int]:
    """The estimates of a network before and after its deployment, and its latency."""
    module = load_network(name, ImportOptions()).module
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(load_accelerator("isaac-ou"))
    accelerator = load_accelerator("isaac-ou")
    run_pipeline(Context(), module, f"partition{{strategy={strategy}}},pack,assign,order")
    stage = next(op for op in module.ops if isinstance(op, PxbStageOp))
    dataflow = dataflow_of(module)
    planned = network_latency(dataflow, accelerator)
    deployed = network_latency(dataflow, accelerator, placements=stage.placements())
    return planned.cycles, deployed.cycles, ReferenceEngine(program_of(module)).run().finished[0]


@pytest.mark.parametrize(
    ("strategy", "before", "after"),
    [("minimum", 0.02, 0.02), ("isaac", 0.05, 0.05), ("spatem", 0.45, 0.25)],
)
def test_estimates_of_lenet_are_near_the_machine(
    strategy: str, before: float, after: float
) -> None:
    """With errors of at most `before` packing and `after` it."""
    planned, deployed, cycles = simulated("lenet", strategy)
    assert planned == pytest.approx(cycles, rel=before)
    assert deployed == pytest.approx(cycles, rel=after)


def test_other_grids_can_be_estimated_on_one_dataflow() -> None:
    module = load_network("lenet", ImportOptions()).module
    accelerator = load_accelerator("isaac-ou")
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)
    run_pipeline(Context(), module, "partition{strategy=minimum}")
    model = NetworkModel(dataflow_of(module), accelerator)
    alone = model.estimate()
    copied = model.estimate({"C1": Grid(1, 1, 784, 1, 25, 6)})
    assert alone.is_packed
    assert copied.finished["C1"] < alone.finished["C1"] / 100
    assert copied.cycles < alone.cycles
    assert set(copied.finished) == {node.name for node in model.dataflow.nodes}
