"""The critical path of the reference engine: by hand, and its identities on random programs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from random import Random

import pytest
from unit.runtime.machine.programs import (
    convolution,
    dense,
    deployment,
    machine,
    noc_of,
    parse,
    row_of_pes,
    run,
)
from unit.runtime.machine.random_programs import at_random, through_the_passes
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.runtime.critical_path import CriticalPath, PathPart, critical_path
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import Program, program_of
from spatem_ir.runtime.machine.steps import PathStep, ResourceKind
from spatem_ir.support.errors import SpatemError

CROSSBARS, PIPELINE, PORTS, ADDERS, LINKS, HOPS, UNITS, IO, _ = PathPart

Expected = list[tuple[int, PathPart, str] | tuple[int, PathPart, str, str]]
"""Cycles, what they are spent on, for which node, and "queueing" if they are that."""


def path_of(text: str, accelerator: Accelerator, images: int = 1) -> CriticalPath:
    return critical_path(run(text, accelerator, images), parse(text, accelerator))


def expect_path(text: str, accelerator: Accelerator, expected: Expected) -> None:
    """The path consists of these segments, from cycle 0 on, without gaps."""
    names = ["input", "a", "b", "output"] if "@b " in text else ["input", "a", "output"]
    found, time = [], 0
    for start, cycles, part, node, is_queueing in path_of(text, accelerator).segments:
        assert start == time
        time += cycles
        found.append((cycles, part, names[node], *(["queueing"] if is_queueing else [])))
    assert found == expected


ACROSS = deployment(
    input="4xui8",
    ops=[dense("a", "input", "4xui8 -> 2xui8"), dense("b", "a", "2xui8 -> 1xui8")],
    places=["@a tiles 0 crossbars 0 at [0, 0]", "@b tiles 0 crossbars 12 at [0, 0]"],
    homes=["@a pes 0", "@b pes 3"],
    streams=[
        "crossbars 0 { ou.mvm @a windows 0 }",
        "crossbars 12 { ou.mvm @b windows 0 }",
    ],
)
"""A layer in PE 0, whose result of 2 bytes is read in PE 3 of a row."""


def test_a_chain_without_contention() -> None:
    expected: Expected = [
        (1, IO, "input"),
        (1, PORTS, "a"),
        (8 * 4, CROSSBARS, "a"),
        (1, PIPELINE, "a"),
        (2, UNITS, "a"),
        (1, HOPS, "a"),
        (1, HOPS, "a"),
        (1, HOPS, "a"),
        (1, PORTS, "b"),
        (8 * 4, CROSSBARS, "b"),
        (1, PIPELINE, "b"),
        (1, UNITS, "b"),
        (1, HOPS, "b"),
        (1, HOPS, "b"),
        (1, HOPS, "b"),
        (1, IO, "output"),
    ]
    expect_path(ACROSS, row_of_pes(4), expected)


def test_only_the_last_link_takes_the_time_of_the_packet() -> None:
    accelerator = row_of_pes(4, noc={"hop_cycles": 5, "link_bytes_per_cycle": 1})
    path = path_of(ACROSS, accelerator)
    (a,) = [layer for layer in path.layers if layer.name == "a"]
    assert a.cycles[HOPS] == 3 * 5
    assert a.cycles[LINKS] == 2 - 1


STACKED = deployment(
    input="8xui8",
    ops=[dense("a", "input", "8xui8 -> 2xui8", hwm=2)],
    places=["@a tiles 0 to 2 crossbars 0 at [[0, 4], 0]"],
    homes=["@a pes 0"],
    streams=["crossbars 0 { ou.mvm @a windows 0\n ou.mvm @a tile 1 windows 0 }"],
)
"""Two visits of one crossbar with operands of 4 bytes each."""

TO_THE_FIRST_OPERAND: Expected = [(2, IO, "input"), (4, PORTS, "a")]
FROM_THE_LAST_VISIT: Expected = [
    (1, PIPELINE, "a"),
    (1, ADDERS, "a"),
    (2, UNITS, "a"),
    (1, IO, "output"),
]


def test_a_visit_whose_operand_is_there_waits_for_its_crossbar() -> None:
    middle: Expected = [(32, CROSSBARS, "a", "queueing"), (32, CROSSBARS, "a")]
    expected = TO_THE_FIRST_OPERAND + middle + FROM_THE_LAST_VISIT
    expect_path(STACKED, machine(pe={"port_bytes_per_cycle": 1}), expected)


def test_a_fetch_waits_for_the_register_of_its_crossbar() -> None:
    middle: Expected = [(32, CROSSBARS, "a", "queueing"), (4, PORTS, "a"), (32, CROSSBARS, "a")]
    accelerator = machine(cu={"input_register_bytes": 8}, pe={"port_bytes_per_cycle": 1})
    expect_path(STACKED, accelerator, TO_THE_FIRST_OPERAND + middle + FROM_THE_LAST_VISIT)


@pytest.mark.parametrize("cycles", [1, 4])
def test_an_operand_that_comes_last_is_the_cause_and_wins_a_tie(cycles: int) -> None:
    """The second fetch begins with the first visit and takes 4 cycles; the visit takes 1 or 4."""
    accelerator = machine(ou={"dac_bits": 8, "cycles": cycles}, pe={"port_bytes_per_cycle": 1})
    middle: Expected = [(4, PORTS, "a"), (cycles, CROSSBARS, "a")]
    expect_path(STACKED, accelerator, TO_THE_FIRST_OPERAND + middle + FROM_THE_LAST_VISIT)


def test_packets_queue_on_a_link() -> None:
    """Positions of 4 bytes enter one per cycle and need 2 cycles each on the link to PE 1."""
    text = deployment(
        input="4x1x4xui8",
        ops=[convolution("a", "input", "4x1x4xui8 -> 1x1x4xui8", "1x1")],
        places=["@a tiles 0 crossbars 4 at [0, 0]"],
        homes=["@a pes 1"],
        streams=["crossbars 4 { ou.mvm @a windows 0 to 4 }"],
    )
    expected: Expected = [
        (1, IO, "input"),
        (2, LINKS, "input", "queueing"),
        (2, LINKS, "input", "queueing"),
        (2, LINKS, "input", "queueing"),
        (1, LINKS, "input"),
        (1, HOPS, "input"),
        (1, PORTS, "a"),
        (1, CROSSBARS, "a"),
        (1, PIPELINE, "a"),
        (1, UNITS, "a"),
        (1, HOPS, "a"),
        (1, IO, "output"),
    ]
    expect_path(text, machine(ou={"dac_bits": 8, "cycles": 1}), expected)


def test_of_pieces_that_come_together_the_lowest_counts() -> None:
    """Two layers of PEs 1 and 2 give one element each to PE 0, in the same cycle."""
    text = deployment(
        input="4xui8",
        ops=[
            dense("a", "input", "4xui8 -> 1xui8"),
            dense("b", "input", "4xui8 -> 1xui8"),
            "%both = cnn.concat %a, %b : tensor<1xui8>, tensor<1xui8> -> tensor<2xui8>",
            dense("c", "both", "2xui8 -> 1xui8"),
        ],
        places=[
            "@a tiles 0 crossbars 4 at [0, 0]",
            "@b tiles 0 crossbars 8 at [0, 0]",
            "@c tiles 0 crossbars 0 at [0, 0]",
        ],
        homes=["@a pes 1", "@b pes 2", "@c pes 0"],
        streams=[
            "crossbars 4 { ou.mvm @a windows 0 }",
            "crossbars 8 { ou.mvm @b windows 0 }",
            "crossbars 0 { ou.mvm @c windows 0 }",
        ],
    )
    path = path_of(text, machine())
    assert [layer.name for layer in path.layers] == ["input", "a", "c", "output"]


def test_utilisation_is_a_share_of_the_latency() -> None:
    path = path_of(ACROSS, row_of_pes(4))
    assert path.cycles == 79
    crossbars, links = path.busy[ResourceKind.CROSSBAR], path.busy[ResourceKind.LINK]
    assert (crossbars.used, crossbars.mean, crossbars.most) == (2, *[round(32 / 79, 6)] * 2)
    # To PE 3 over three links, back over three others, one cycle each.
    assert (links.used, links.mean, links.most) == (6, *[round(1 / 79, 6)] * 2)
    assert ResourceKind.POOLING not in path.busy


def test_without_a_trace_there_is_no_path() -> None:
    execution = run(ACROSS, row_of_pes(4))
    execution.path = None
    with pytest.raises(SpatemError, match="execute it with trace=True"):
        critical_path(execution, parse(ACROSS, row_of_pes(4)))


def test_as_a_dictionary() -> None:
    found = path_of(STACKED, machine(pe={"port_bytes_per_cycle": 1})).to_dict()
    assert list(found) == ["total_cycles", "cycles", "queueing_cycles", "layers", "busy"]
    assert found["total_cycles"] == 75
    assert found["cycles"]["crossbars"] == 64
    assert found["queueing_cycles"]["crossbars"] == 32
    assert [layer["name"] for layer in found["layers"]] == ["input", "a", "output"]
    assert found["busy"]["cu_adders"] == {"used": 1, "mean": 0.026667, "max": 0.026667}


Make = Callable[[Random], ModuleOp]


def executed(make: Make, random: Random) -> tuple[ModuleOp, Program, Execution]:
    """The first random program that does not deadlock, with one or more images in flight."""
    while True:
        module = make(random)
        program = program_of(module)
        with suppress(SpatemError):
            return module, program, ReferenceEngine(program, random.choice([1, 2, 3])).run()


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("make", [through_the_passes, at_random])
def test_the_cycles_of_random_programs_are_those_of_their_tasks(make: Make, seed: int) -> None:
    """The path begins in cycle 0, ends with the last image, and all its tasks take their time."""
    module, program, execution = executed(make, Random(seed))
    path = critical_path(execution, module)
    assert sum(segment.cycles for segment in path.segments) == execution.finished[-1]
    assert all(a.start + a.cycles == b.start for a, b in pairwise(path.segments))
    assert path.segments[0].start == 0
    assert path.total.total == sum(layer.total for layer in path.layers) == path.cycles
    steps = execution.path
    assert steps is not None
    ends = [step.start for step in steps[1:]] + [path.cycles]
    for step, after, end in zip(steps, [*steps[1:], None], ends, strict=True):
        assert end - step.start in durations(program, step, after), (step, after)


def durations(program: Program, step: PathStep, after: PathStep | None) -> set[int]:
    """How long the tasks of a step's node can take until what comes after the step can start."""
    accelerator, node = program.accelerator, program.dataflow.nodes[step.node]
    visits = [
        visit
        for several in program.streams.values()
        for visit in several
        if visit.operand.node == step.node
    ]
    first = program.dataflow.first_pieces[step.node]
    sizes = {program.piece_bytes[piece] for piece in range(first, first + node.pieces)}
    values = {part.values for piece, part in program.contributors.items() if piece >= first}
    tasks = {task.values for task in program.digital if task.node == step.node}

    def cycles(amounts: set[int], per_cycle: int) -> set[int]:
        return {-(-amount // per_cycle) for amount in amounts}

    match step.kind:
        case ResourceKind.CROSSBAR:
            work = {visit.operations * accelerator.ou.cycles for visit in visits}
            if after is not None and after.kind is ResourceKind.CROSSBAR:
                return work
            if after is not None and after.kind is ResourceKind.PORT:
                return {0, *work}
            return {cycle + accelerator.ou.pipeline_cycles for cycle in work}
        case ResourceKind.PORT:
            operands = {visit.operand_bytes for visit in visits}
            return cycles(operands, accelerator.pe.port_bytes_per_cycle)
        case ResourceKind.CU_ADDERS:
            return cycles(values, accelerator.cu.adders_per_cycle)
        case ResourceKind.PE_ADDERS:
            return cycles(values, accelerator.pe.adders_per_cycle)
        case ResourceKind.LINK:
            packets = sizes | {
                value * accelerator.components.accumulation.sum_bytes for value in values
            }
            noc = noc_of(accelerator)
            widths = {noc.link_bytes_per_cycle, noc.local_bytes_per_cycle} - {0}
            crossing = set[int]().union(*(cycles(packets, width) for width in widths))
            hop = noc.hop_cycles
            if after is not None and after.kind is ResourceKind.LINK:
                return crossing if after.is_queued else {hop}
            return {hop + cycle - 1 for cycle in crossing}
        case ResourceKind.ACTIVATION:
            return cycles(tasks | values, accelerator.pe.activations_per_cycle)
        case ResourceKind.POOLING:
            return cycles(tasks, accelerator.pe.poolings_per_cycle)
        case ResourceKind.IO:
            if node.operands:
                return cycles(sizes, accelerator.io.bytes_per_cycle)
            image = sum(size for p, size in enumerate(program.piece_bytes) if p < node.pieces)
            return set(range(1, -(-image // accelerator.io.bytes_per_cycle) + 1))
        case ResourceKind.WRITE:
            raise AssertionError("nothing is written within a stage")
