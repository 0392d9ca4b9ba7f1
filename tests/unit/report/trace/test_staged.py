"""Traces of several stages: every grant, at the cycle of its stage, and every write (R14)."""

from __future__ import annotations

from collections import Counter
from io import BytesIO

import pytest
from unit.runtime.staged_networks import CNN, lowered
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.stages import stage_modules
from spatem_ir.report.stages import LoggedStage, logged_stages
from spatem_ir.report.trace.selection import Selection
from spatem_ir.report.trace.trace import write_trace
from spatem_ir.runtime.critical_path import node_names
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.engine import default_engine
from spatem_ir.runtime.machine.log import ALWAYS, EVERYTHING, KINDS, Watch
from spatem_ir.runtime.staged import deployment_executor

pytest.importorskip("perfetto")

from differential.text import parsed
from unit.report.trace.reading import ReadTrace, Slice, read


@pytest.fixture(scope="module")
def module() -> ModuleOp:
    return lowered(parsed(CNN), 3)[-1]


def stages_of(
    module: ModuleOp, selection: Selection | None = None, engine: str | None = None
) -> list[LoggedStage]:
    selection = selection or Selection(most=ALWAYS)
    execute = deployment_executor(engine or default_engine(), module, source="net", most_images=2)
    execution = execute(2, Dispatch.STATIC, selection.watch(module))
    return selection.shown(logged_stages(module, execution))


def traced(module: ModuleOp, stages: list[LoggedStage]) -> ReadTrace:
    file = BytesIO()
    write_trace(file, accelerator_of(module), node_names(module), stages)
    return read(file.getvalue())


def is_grant(each: Slice) -> bool:
    return each.track[0] != "stages" and not each.name.startswith("write for")


def test_grants_of_a_stage_are_those_of_the_stage_alone(module: ModuleOp) -> None:
    """What the reference engine logs of each stage, moved to the cycle in which it begins."""
    stages = stages_of(module)
    names = iter(node_names(module))
    expected: Counter[tuple[int, int, str, tuple[tuple[str, object], ...]]] = Counter()
    for stage, alone in zip(stages, stage_modules(module), strict=True):
        execute = deployment_executor("reference", alone, source="net", most_images=2)
        (own,) = logged_stages(alone, execute(2, Dispatch.STATIC, EVERYTHING))
        of_nodes = [next(names) for _ in own.dataflow.nodes]
        for each in traced(alone, [own]).slices:
            name = of_nodes[own.dataflow.by_name[each.name].number]
            expected[stage.begins + each.start, stage.begins + each.end, name, each.notes] += 1
    found = [each for each in traced(module, stages).slices if is_grant(each)]
    assert Counter((each.start, each.end, each.name, each.notes) for each in found) == expected
    assert len({each.flows for each in found if each.flows}) > 3


def test_flows_stay_in_their_stage(module: ModuleOp) -> None:
    stages = stages_of(module)
    ends: dict[int, set[int]] = {}
    for each in traced(module, stages).slices:
        for flow in (*each.flows, *each.ending_flows):
            of = {stage.number for stage in stages if stage.begins <= each.start < stage.ends}
            ends.setdefault(flow, of).intersection_update(of)
    assert ends and all(ends.values())


def test_stages_and_writes_are_slices(module: ModuleOp) -> None:
    stages = stages_of(module)
    trace = traced(module, stages)
    assert [len(stage.writes) for stage in stages] == [0, 1, 1]
    machine = accelerator_of(module)
    for stage in stages:
        own = [each for each in trace.slices if each.track == ("stages", f"stage {stage.number}")]
        computing = own[-1]
        assert (computing.name, computing.start, computing.end) == (
            "computing",
            stage.begins,
            stage.ends,
        )
        for write in stage.writes:
            at = machine.address(write.crossbar)
            track = (f"PE {at.pe}", f"CU {at.cu}", f"crossbar {at.crossbar}")
            (found,) = (e for e in trace.slices if e.name == f"write for stage {stage.number}")
            assert found[:3] == (track, write.start, write.end)
            assert own[0][1:4] == (write.start, write.end, "writing")
            before = stages[stage.number - 1]
            assert before.begins < write.start <= before.ends < write.end == stage.begins
    writes = trace.counters["write drivers busy",]
    assert [count for _, count in writes] == [1, 0, 1, 0]


def test_both_engines_give_the_same_trace(module: ModuleOp) -> None:
    both = [traced(module, stages_of(module, engine=engine)) for engine in ("fast", "reference")]
    fast, reference = ([each[:5] for each in trace.slices] for trace in both)
    assert fast == reference
    assert both[0].counters == both[1].counters


def test_layers_and_cycles_of_all_stages_are_selected(module: ModuleOp) -> None:
    whole = traced(module, stages_of(module))
    stages = stages_of(module)
    latency = accelerator_of(module).components.memory.external_latency_cycles
    start, stop = stages[0].ends - 5, stages[1].begins + latency + 5
    selection = Selection(layers=["b"], start=start, stop=stop)
    found = [
        e for e in traced(module, stages_of(module, selection)).slices if "stages" not in e.track
    ]
    expected = [
        each
        for each in whole.slices
        if each.name in ("b", "write for stage 1") and each.start < stop and each.end > start
    ]
    assert {each.name for each in found} == {"b", "write for stage 1"}
    assert [each[:5] for each in found] == [each[:5] for each in expected]
    assert not stages_of(module, Selection(layers=["a"]))[1].writes
    assert not stages_of(module, Selection(pes=[1]))[1].writes


def test_a_trace_that_is_full_ends_in_its_stage(module: ModuleOp) -> None:
    whole = stages_of(module)
    most = whole[0].log.size + 5
    selection = Selection(most=most)
    execute = deployment_executor(default_engine(), module, source="net", most_images=2)
    stages = logged_stages(module, execute(2, Dispatch.STATIC, selection.watch(module)))
    assert sum(stage.log.size for stage in stages) == most
    assert stages[1].begins <= selection.logged_until(stages) < stages[1].ends
    shown = selection.shown(stages)
    assert [len(stage.writes) for stage in shown] == [0, 1, 0]


def test_activity_counts_in_cycles_of_all_stages(module: ModuleOp) -> None:
    watch = Watch(bin_cycles=7, bins=10_000)
    for engine in ("fast", "reference"):
        execute = deployment_executor(engine, module, source="net", most_images=1)
        for stage in logged_stages(module, execute(1, Dispatch.STATIC, watch)):
            log, nodes = stage.log, len(stage.dataflow.nodes)
            first = int((stage.begins + log.starts.min()) // 7)
            assert log.activity.any(axis=0).argmax() == first
            for number, kind in enumerate(KINDS):
                assert log.activity[nodes + number].sum() == log.cycles[log.of(kind)].sum()
