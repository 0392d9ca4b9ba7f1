"""Traces read back: every grant and every buffer of the reference engine, with its time."""

from __future__ import annotations

from collections import Counter
from io import BytesIO
from random import Random

import numpy as np
import pytest
from unit.runtime.machine.lockstep_machines import random_lockstep
from unit.runtime.machine.random_programs import at_random, place_on, through_the_passes
from unit.runtime.machine.shared_machines import synchronized
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.driver.compile import compile_network
from spatem_ir.report.stages import LoggedStage, logged_stages
from spatem_ir.report.trace.selection import Selection
from spatem_ir.report.trace.trace import write_trace
from spatem_ir.runtime.critical_path import node_names
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.engine import default_engine, executor
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.machine.log import EVERYTHING, KINDS, EventLog, Watch
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.support.errors import SpatemError

pytest.importorskip("perfetto")

from unit.report.trace.reading import ReadTrace, Slice, read

IN_PE = {
    ResourceKind.PORT: "port",
    ResourceKind.PE_ADDERS: "PE adders",
    ResourceKind.ACTIVATION: "activation units",
    ResourceKind.POOLING: "pooling units",
}


def executed(
    module: ModuleOp, engine: str, images: int = 1, watch: Watch = EVERYTHING
) -> Execution:
    return executor(engine, module, source="net")(images, log=watch)


def traced(module: ModuleOp, execution: Execution) -> ReadTrace:
    return written(module, logged_stages(module, execution))


def written(module: ModuleOp, stages: list[LoggedStage]) -> ReadTrace:
    file = BytesIO()
    write_trace(file, accelerator_of(module), node_names(module), stages)
    return read(file.getvalue())


def expected_slices(module: ModuleOp, log: EventLog) -> Counter[tuple[object, ...]]:
    """Track, beginning, end and layer of every grant."""
    machine, names = accelerator_of(module), [node.name for node in dataflow_of(module).nodes]
    columns = log.kinds, log.resources, log.starts, log.ends, log.nodes
    found: Counter[tuple[object, ...]] = Counter()
    for kind, number, start, end, node in zip(*(c.tolist() for c in columns), strict=True):
        match KINDS[kind]:
            case ResourceKind.CROSSBAR:
                at = machine.address(number)
                track = (f"PE {at.pe}", f"CU {at.cu}", f"crossbar {at.crossbar}")
            case ResourceKind.CU_ADDERS:
                pe, cu = divmod(number, machine.cus_per_pe)
                track = (f"PE {pe}", f"CU {cu}", "CU adders")
            case ResourceKind.LINK:
                track = ("links", machine.components.interconnect.link_name(number))
            case ResourceKind.IO:
                track = ("chip port",)
            case other:
                track = (f"PE {number}", IN_PE[other])
        found[track, start, end, names[node]] += 1
    return found


def in_lockstep(seed: int) -> ModuleOp:
    random = Random(seed)
    module = at_random(random)
    place_on(module, random_lockstep(random, accelerator_of(module)))
    return module


MACHINES = {
    "mesh": lambda: through_the_passes(Random(5)),
    "shared memory": lambda: synchronized(Random(5)),
    "lockstep": lambda: in_lockstep(1),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_every_grant_is_a_slice_and_buffers_are_counted(machine: str) -> None:
    module = MACHINES[machine]()
    expected = executed(module, "reference", 2)
    assert expected.log is not None
    trace = traced(module, executed(module, default_engine(), 2))
    slices = Counter((each.track, each.start, each.end, each.name) for each in trace.slices)
    assert slices == expected_slices(module, expected.log)
    for pe, changes in expected.buffers.changes.items():
        held: dict[int, int] = {}
        for time, size in sorted(changes):
            held[time] = held.get(time, 0) + size
        sums = np.cumsum(list(held.values())).tolist()
        assert trace.counters[f"PE {pe}", "buffer"] == list(zip(held, sums, strict=True))
    visits = expected.log.of(ResourceKind.CROSSBAR)
    assert max(count for _, count in trace.counters["crossbars busy",]) <= len(visits)
    assert trace.counters["crossbars busy",][-1][1] == 0


def test_every_visit_fetch_and_packet_of_a_network_is_there_with_its_time() -> None:
    module = compile_network("lenet-digits", strategy="isaac").module
    log = executed(module, "reference").log
    assert log is not None
    trace = traced(module, executed(module, default_engine()))
    slices = Counter((each.track, each.start, each.end, each.name) for each in trace.slices)
    assert slices == expected_slices(module, log)
    dataflow, machine = dataflow_of(module), accelerator_of(module)
    links = log.of(ResourceKind.LINK)
    columns = log.resources, log.starts, log.ends, log.nodes, log.keys, log.sources
    expected = Counter(
        (
            ("links", machine.components.interconnect.link_name(link)),
            start,
            end,
            dataflow.nodes[node].name,
            ("piece", piece),
            ("source", source),
        )
        for link, start, end, node, piece, source in zip(
            *(column[links].tolist() for column in columns), strict=True
        )
    )
    packets = [each for each in trace.slices if each.track[0] == "links"]
    found = Counter((*each[:4], each.notes[0], each.notes[3]) for each in packets)
    assert found == expected
    for kind, name in ((ResourceKind.CROSSBAR, "crossbar "), (ResourceKind.PORT, "port")):
        assert len(log.of(kind)) == sum(each.track[-1].startswith(name) for each in trace.slices)


def test_visits_say_what_they_are_of() -> None:
    module = through_the_passes(Random(5))
    program = program_of(module)
    engine = ReferenceEngine(program, 2, dispatch=Dispatch.FREE, log=EVERYTHING)
    trace = traced(module, engine.run())
    machine, names = accelerator_of(module), [node.name for node in program.dataflow.nodes]
    expected = Counter()
    for crossbar, state in engine.crossbars.states.items():
        at = machine.address(crossbar)
        track = (f"PE {at.pe}", f"CU {at.cu}", f"crossbar {at.crossbar}")
        for number, start in enumerate(state.starts):
            visit = state.visit(number)
            notes = (
                ("tile", visit.tile),
                ("window", visit.operand.window),
                ("image", state.image(number)),
            )
            expected[track, start, names[visit.operand.node], notes] += 1
    found = (each for each in trace.slices if "crossbar" in each.track[-1])
    assert Counter((each.track, each.start, each.name, each.notes) for each in found) == expected


def test_flows_lead_from_who_made_the_last_piece_of_an_operand_to_who_reads_it() -> None:
    module = through_the_passes(Random(5))
    program = program_of(module)
    engine = ReferenceEngine(program, log=EVERYTHING)
    trace = traced(module, engine.run())
    inputs = [node.name for node in program.dataflow.inputs]
    finished = engine.pieces.progress.finished_at
    producers = {flow: each for each in trace.slices for flow in each.flows if is_producer(each)}
    machine = accelerator_of(module)
    for crossbar, state in engine.crossbars.states.items():
        at = machine.address(crossbar)
        track = (f"PE {at.pe}", f"CU {at.cu}", f"crossbar {at.crossbar}")
        own = [each for each in trace.slices if each.track == track]
        for visit, each in zip(state.visits, own, strict=True):
            pieces = program.operand_pieces[visit.operand._replace(bit=0)]
            last = max((finished[0, piece] for piece in pieces), default=None)
            assert len(each.ending_flows) == (last is not None)
            if last is not None:
                producer = producers[each.ending_flows[0]]
                assert producer.start < last <= each.start
                assert producer.end == last or producer.name in inputs


def is_producer(each: Slice) -> bool:
    return each.track[-1] in ("activation units", "pooling units", "chip port")


def test_layers_pes_and_cycles_are_selected() -> None:
    module = through_the_passes(Random(5))
    whole = traced(module, executed(module, default_engine()))
    dataflow = dataflow_of(module)
    name = dataflow.layers[-1].name
    end = max(each.end for each in whole.slices)
    selection = Selection(layers=[name], pes=[0], start=end // 4, stop=3 * end // 4)
    execution = executed(module, default_engine(), watch=selection.watch(module))
    stages = selection.shown(logged_stages(module, execution))
    expected = [
        each
        for each in whole.slices
        if each.name == name
        and each.start < 3 * end // 4
        and each.end > end // 4
        and each.track[0] in ("PE 0", "links", "chip port")
    ]
    found = written(module, stages).slices
    assert [e[:5] for e in found if e.track[0] != "links"] == [
        e[:5] for e in expected if e.track[0] != "links"
    ]
    assert {e[:5] for e in found} <= {e[:5] for e in expected}


@pytest.mark.parametrize(
    ("selection", "problem"),
    [
        (Selection(layers=["nothing"]), "there is no layer or operator nothing; there are"),
        (Selection(pes=[100_000]), "there is no PE 100000; the chip has"),
    ],
)
def test_what_is_not_there_is_not_selected(selection: Selection, problem: str) -> None:
    with pytest.raises(SpatemError, match=problem):
        selection.watch(through_the_passes(Random(5)))
