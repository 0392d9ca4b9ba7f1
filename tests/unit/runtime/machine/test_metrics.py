"""Metrics of small programs, counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from unit.runtime.machine.programs import TINY, convolution, dense, deployment, machine, parse
from unit.runtime.machine.random_programs import at_random, through_the_passes
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.geometry.bounds.bounds import lower_bounds
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of
from spatem_ir.runtime.metrics.metric import Metrics
from spatem_ir.runtime.metrics.register import metrics_of
from spatem_ir.support.errors import SpatemError

TWO_PES = deployment(
    input="8xui8",
    ops=[dense("a", "input", "8xui8 -> 3xui8", weights="si4", hwm=2)],
    places=["@a tiles 0 to 2 crossbars [0, 4] at [0, 0]"],
    homes=["@a pes 0"],
    streams=["crossbars [0, 4] { ou.mvm @a windows 0 }"],
)
"""Tiles of 4 rows and 3 weights (6 cells) in PEs 0 and 1, home PE 0.

A visit is 1 · 2 parts · 8 bits = 16 operations of 4 cycles.  8 bytes enter by 2.
PE 0: fetched by 3, valid at 68.  PE 1: there at 6, fetched by 7, valid at 72; 12 bytes are home at
78.  Added 68 → 71 and 78 → 81, activated by 84, 3 bytes out by 85.
"""


def measure(text: str, accelerator: Accelerator = TINY, images: int = 1) -> Metrics:
    module = parse(text, accelerator)
    execution = ReferenceEngine(program_of(module)).run()
    several = ReferenceEngine(program_of(module), images).run() if images > 1 else None
    return metrics_of(module, execution, several)


def test_latency_in_cycles_operations_and_time() -> None:
    metrics = measure(TWO_PES)
    assert metrics.latency_cycles == metrics.interval_cycles == 85
    assert metrics.latency_ou_cycles == 85 / 4
    assert metrics.latency_ns == 85.0
    assert metrics.images_per_second == round(1e9 / 85, 3)
    faster = measure(TWO_PES, machine(chip={"clock_mhz": 1250}))
    assert faster.latency_cycles == 85
    assert faster.latency_ns == 85 * 0.8


def test_computation_parallelism_is_the_mean_number_of_busy_crossbars() -> None:
    metrics = measure(TWO_PES)
    assert metrics.computation_parallelism == round((64 + 64) / 85, 3)
    assert metrics.layers[0].ou_operations == 2 * 16
    assert metrics.layers[0].busy_share == round(64 / 85, 6)


def test_communication_is_what_enters_the_network_and_passes_the_port() -> None:
    metrics = measure(TWO_PES)
    assert metrics.input_bytes == 8
    assert metrics.activation_bytes == 0
    assert metrics.partial_sum_bytes == 3 * 4
    assert metrics.io_bytes == 8 + 3
    assert metrics.communication_bytes == 8 + 12 + 11
    assert metrics.byte_hops == (8 + 12) * 1


def test_cells_and_crossbars() -> None:
    metrics = measure(TWO_PES)
    assert metrics.cells_used == 2 * 4 * 6
    assert metrics.cells_total == 16 * 16 * 16
    assert metrics.crossbars_used == 2
    assert metrics.crossbars_total == 16


def test_the_peak_is_that_of_the_fullest_buffer() -> None:
    """PE 0 holds two contributions of 12 bytes at 78."""
    metrics = measure(TWO_PES)
    assert (metrics.peak_buffer_pe, metrics.peak_buffer_bytes) == (0, 24)


def test_conversions_of_a_tile_of_several_parts() -> None:
    """6 rows in 2 parts, 3 weights of 2 cells in 2 parts, 8 bits."""
    text = deployment(
        input="6xui8",
        ops=[dense("a", "input", "6xui8 -> 3xui8", weights="si4")],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    (layer,) = measure(text).layers
    assert layer.ou_operations == 8 * 2 * 2
    assert layer.dac_conversions == 8 * 6 * 2
    assert layer.adc_conversions == 8 * 6 * 2
    assert layer.cell_reads == 8 * 6 * 6


def test_area_is_the_sum_over_all_components() -> None:
    """16 crossbars, 8 CUs, 4 PEs, one port."""
    expected = 16 * 0.00125125 + 8 * 0.00311 + 4 * 0.21485 + 22.88
    metrics = measure(TWO_PES)
    assert metrics.area_mm2 == round(expected, 6)
    assert metrics.area_parts_mm2 == {
        "crossbars": round(16 * 0.00125125, 6),
        "compute_units": round(8 * 0.00311, 6),
        "processing_elements": round(4 * 0.21485, 6),
        "chip_io": 22.88,
    }


POOLED = deployment(
    input="4x2x2xui8",
    ops=[
        convolution("a", "input", "4x2x2xui8 -> 2x2x2xui8", "1x1"),
        "%p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>",
    ],
    places=["@a tiles 0 crossbars 0 at [0, 0]"],
    homes=["@a pes 0", "@p pes 0"],
    streams=["crossbars 0 { ou.mvm @a windows 0 to 4 }"],
)
"""Four windows of 8 operations, one after the other; then a pooling of 2 · 4 values."""


def test_interval_and_throughput_of_images_in_flight() -> None:
    """Visits fill the crossbar: 4 · 32 cycles per image, whatever the latency."""
    metrics = measure(POOLED, images=4)
    # Window 3 starts at 98 and is valid at 131, activated by 133, pooled by 141, out by 142.
    assert metrics.latency_cycles == 142
    assert metrics.interval_cycles == 4 * 32
    assert metrics.images_per_second == round(1e9 / 128, 3)
    assert metrics.computation_parallelism == round(4 * 32 / 142, 3)


def test_bounds_of_one_layer() -> None:
    """Work: 2 · 2 parts · 8 bits · 4 cycles on 16 crossbars.

    Path: 2 cycles to enter, 1 to fetch, 4 for an operation, 1 pipeline, 7 to merge 2 row parts of 8
    bit parts, 1 activation, 1 to leave.  One unit cannot activate both values in time, and from
    another PE a result takes a cycle to the port.
    """
    metrics = measure(TWO_PES)
    assert metrics.work_bound_cycles == 128 // 16
    assert metrics.path_bound_cycles == 2 + 1 + 4 + 1 + 7 + 1 + 1
    assert metrics.lower_bound_cycles == 17 + 1
    assert metrics.lower_bound_name == "activation"
    assert metrics.lower_bound_resource == "activation units"
    assert (metrics.next_bound_cycles, metrics.next_bound_name) == (17, "path")
    assert metrics.lower_bounds_cycles["path"] == 17
    assert metrics.optimality_gap == round(85 / 18, 4)


def test_the_work_bound_is_a_whole_number_of_operations() -> None:
    """3 operations of 4 cycles on 16 crossbars."""
    text = deployment(
        input="4xui3",
        ops=[dense("a", "input", "4xui3 -> 2xui8")],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    assert measure(text).work_bound_cycles == 4


def test_bounds_of_a_layer_and_a_pooling() -> None:
    """The last position enters by 4; 12 cycles of the layer, 4 values per channel, 1 to leave.

    If its 2 channels are activated in two PEs, one of them takes a cycle to the port.
    """
    metrics = measure(POOLED)
    assert metrics.work_bound_cycles == 4 * 8 * 4 // 16
    assert metrics.path_bound_cycles == 4 + 12 + 4 + 1
    assert metrics.optimality_gap == round(142 / (21 + 1), 4)


@pytest.mark.parametrize(
    ("channels", "features", "weights", "bandwidth", "work", "path"),
    [
        # 16 rows are 4 parts, 8 weights of 2 cells 4 parts, 8 bits, 16 windows, 4 cycles.
        # Entered by 4 · 16; then the port is free for 16 positions of 8 bytes.
        (16, 8, "si4", 4, 4 * 4 * 8 * 16 * 4 // 16, 64 + 16 * 8 // 4),
        # The first position enters by 1, its 8 bits merge in 5, and 16 positions of 16 bytes must
        # leave.
        (1, 16, "si2", 2, 1 * 4 * 8 * 16 * 4 // 16, 1 + 7 + 5 + 16 * 16 // 2),
    ],
)
def test_bounds_of_many_windows(
    channels: int, features: int, weights: str, bandwidth: int, work: int, path: int
) -> None:
    layer = convolution(
        "a", "input", f"{channels}x4x4xui8 -> {features}x4x4xui8", "1x1", weights=weights
    )
    text = deployment(
        input=f"{channels}x4x4xui8",
        ops=[layer],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 to 16 }"],
    )
    module = parse(text, machine(io={"bytes_per_cycle": bandwidth}))
    bounds = lower_bounds(dataflow_of(module), accelerator_of(module))
    assert (bounds.by_name["work"], bounds.by_name["path"]) == (work, path)
    assert bounds.largest >= max(work, path)


def test_cutting_a_layer_changes_no_bound() -> None:
    """The bounds are of the network, not of its deployment."""
    one = deployment(
        input="8xui8",
        ops=[dense("a", "input", "8xui8 -> 3xui8", weights="si4")],
        places=["@a tiles 0 crossbars 9 at [0, 0]"],
        homes=["@a pes 3"],
        streams=["crossbars 9 { ou.mvm @a windows 0 }"],
    )
    assert measure(one).work_bound_cycles == measure(TWO_PES).work_bound_cycles
    assert measure(one).path_bound_cycles == measure(TWO_PES).path_bound_cycles


@pytest.mark.parametrize("make", [through_the_passes, at_random])
def test_no_program_is_faster_than_the_bounds(make: Callable[[Random], ModuleOp]) -> None:
    finished = 0
    for seed in range(100, 124):
        module = make(Random(seed))
        try:
            execution = ReferenceEngine(program_of(module)).run()
        except SpatemError:
            continue
        finished += 1
        bounds = lower_bounds(dataflow_of(module), accelerator_of(module))
        assert execution.finished[0] >= bounds.largest
    assert finished >= 6


def test_without_cycles_only_what_is_static_is_known() -> None:
    metrics = metrics_of(parse(TWO_PES), None)
    assert metrics.latency_cycles is metrics.energy_nj is metrics.communication_bytes is None
    assert metrics.layers[0].busy_share is None
    assert metrics.cells_used == 48
    assert metrics.lower_bound_cycles == 18
