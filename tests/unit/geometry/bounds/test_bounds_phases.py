"""The bound of phases: layers that need a whole operand, by hand and in networks with gates."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.geometry.bounds.test_bounds import TINY
from unit.passes.deployed import applied, parsed

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.geometry.bounds.bounds import LowerBounds, Relief, lower_bounds
from spatem_ir.geometry.bounds.heads import NetworkSteps
from spatem_ir.geometry.bounds.phases import is_whole
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.passes.assign import AssignPass
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.pack import PackPass
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of

FAST = replace(
    TINY,
    chip=replace(TINY.chip, pe_rows=1, pe_columns=1),
    pe=replace(TINY.pe, compute_units=1, activations_per_cycle=99, poolings_per_cycle=99),
    cu=replace(TINY.cu, crossbars=1),
    io=replace(TINY.io, bytes_per_cycle=1024),
)
"""A crossbar of which operations take 4 cycles; all else takes a cycle."""


def gated(size: int, gates: int) -> str:
    """Convolutions of 4 channels, all results of which are scaled by what pools all of them."""
    whole, one = f"tensor<4x{size}x{size}xui8>", "tensor<4x1x1xui8>"
    lines, before = [f"cnn.network @net(%x: {whole}) {{"], "%x"
    for n in range(gates):
        weights = f"weights #cnn.seeded<{n}, tensor<4x4x1x1xsi2>> scale 0.5"
        lines += [
            f"%a{n} = cnn.conv @a{n} {before} <1x1> {weights} : {whole} -> {whole}",
            f"%p{n} = cnn.max_pool @p{n} %a{n} <{size}x{size}> : {whole} -> {one}",
            f"%g{n} = cnn.conv @g{n} %p{n} <1x1> {weights} : {one} -> {one}",
            f"%m{n} = cnn.mul @m{n} %a{n}, %g{n} : {whole}, {one} -> {whole}",
        ]
        before = f"%m{n}"
    return "\n".join([*lines, f"cnn.output {before} : {whole}", "}"])


def bounds_of(text: str, machine: Accelerator) -> LowerBounds:
    module = applied(parsed(text, machine), [PartitionPass(strategy="minimum")])
    return lower_bounds(dataflow_of(module), machine)


def test_layers_that_read_all_positions_are_whole() -> None:
    module = applied(parsed(gated(3, 2), TINY), [PartitionPass(strategy="minimum")])
    dataflow = dataflow_of(module)
    steps = NetworkSteps(dataflow, TINY)
    assert [node.name for node in dataflow.nodes if is_whole(steps, node)] == ["g0", "g1"]


def test_the_phases_of_a_gated_network_add_up() -> None:
    """9 windows of 8 bits take 72 operations; then the last of them is pooled by a gate.

    From the last operation: pipeline, activation, pooling, and the gate's fetch, 8 bits of its
    first channels, pipeline and activation; then a cycle to scale and one to fetch.
    """
    ou, pipeline = TINY.ou.cycles, TINY.ou.pipeline_cycles
    first = 1 + 1 + 9 * 8 * ou + pipeline + 1 + 1 + 1 + 8 * ou + pipeline + 1
    second = first + 1 + 1 + 9 * 8 * ou + pipeline + 1 + 1 + 1 + 8 * ou + pipeline + 1
    found = bounds_of(gated(3, 2), FAST)
    assert [(phase.until, phase.end) for phase in found.phases] == [
        ("g0", first),
        ("g1", second),
        ("the end", second + 1 + 1),
    ]
    assert found.name == "phases"
    assert found.relief == Relief("crossbars", 146, "path")
    assert found.by_name["work"] == 2 * (9 * 8 + 8) * ou


def test_each_phase_has_a_resource_of_its_own() -> None:
    """A unit for each pooling: 36 values take longer than the operations of 16 crossbars."""
    slow = replace(
        FAST, pe=replace(FAST.pe, poolings_per_cycle=1), cu=replace(TINY.cu, crossbars=64)
    )
    found = bounds_of(gated(6, 2), slow)
    assert {phase.by for phase in found.phases} == {"pooling", "activation"}
    assert found.relief is not None
    assert found.relief.resource == "pooling units"


@pytest.mark.parametrize("buffer_bytes", [256, 65536])
def test_bounds_are_of_the_network_alone(buffer_bytes: int) -> None:
    """Where buffers are small, a pooling works by rows and a map is spilled."""
    machine = replace(TINY, pe=replace(TINY.pe, buffer_bytes=buffer_bytes))
    text = gated(12, 1)
    passes = [PartitionPass(strategy="minimum"), PackPass(), AssignPass(), OrderPass()]
    module = applied(parsed(text, machine), passes)
    nodes = dataflow_of(module).by_name
    assert ("p0.sums" in nodes) == ("a0.stored" in nodes) == (buffer_bytes < 576)
    bounds = lower_bounds(dataflow_of(module, alone=True), machine)
    assert bounds == bounds_of(text, machine)
    assert bounds.largest <= ReferenceEngine(program_of(module)).run().finished[0]


@pytest.mark.parametrize("strategy", ["minimum", "spatem"])
def test_no_deployment_is_faster(strategy: str) -> None:
    passes = [PartitionPass(strategy=strategy), PackPass(), AssignPass(), OrderPass()]
    module = applied(parsed(gated(5, 3), FAST), passes)
    bounds = lower_bounds(dataflow_of(module, alone=True), FAST)
    latency = ReferenceEngine(program_of(module)).run().finished[0]
    assert bounds.by_name["crossbars"] < bounds.largest <= latency


def test_outputs_before_and_at_the_last_whole_layer() -> None:
    """A network ends no earlier if what a gate reads leaves it, too."""
    alone = gated(3, 1).replace("cnn.output %m0 : tensor<4x3x3xui8>", "cnn.output %g0 : OF")
    both = alone.replace("%g0 : OF", "%p0, %g0 : OF, OF")
    cycles = [
        bounds_of(text.replace("OF", "tensor<4x1x1xui8>"), FAST).largest for text in (alone, both)
    ]
    assert cycles[1] >= cycles[0] > 9 * 8 * TINY.ou.cycles
