"""R12: crossbars of a CU in lockstep, in both engines, the verifier, bounds and estimates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from differential.deployments import add_waits
from unit.runtime.machine import random_programs
from unit.runtime.machine.lockstep_machines import in_lockstep, random_lockstep
from unit.runtime.machine.programs import TINY, convolution, dense, deployment, parse
from unit.runtime.machine.random_programs import at_random, random_machine, through_the_passes
from unit.runtime.machine.stepped_lockstep import SteppedLockstep
from unit.runtime.machine.test_stepped import expect_agreement

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou.programs import programs_of
from spatem_ir.geometry.bounds.bounds import lower_bounds
from spatem_ir.geometry.estimate.candidates import layer_candidates
from spatem_ir.geometry.estimate.latency import layer_latencies
from spatem_ir.geometry.safety.deadlock import Deadlock, deadlock
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.compute_unit.lockstep import LockstepParameters
from spatem_ir.hardware.loader import accelerator_from_table
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.critical_path import PathPart, critical_path
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.engine import executor
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.machine.reference.program import only_stage
from spatem_ir.runtime.metrics.register import metrics_of
from spatem_ir.support.errors import SpatemError

pytest.importorskip("numba")

from typing import TYPE_CHECKING

from unit.runtime.machine.engines import expect_equal_engines

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

ENGINES = pytest.mark.parametrize("engine", ["fast", "reference"])


@pytest.fixture
def random_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random machines work in lockstep."""

    def machine(random: Random) -> Accelerator:
        return random_lockstep(random, random_machine(random))

    monkeypatch.setattr(random_programs, "random_machine", machine)


def executed(text: str, machine: Accelerator, engine: str) -> tuple[ModuleOp, Execution]:
    module = parse(text, machine)
    return module, executor(engine, module, source="lockstep", trace=True)(1)


UNEQUAL = deployment(
    input="8xui8",
    ops=[dense("a", "input", "8xui8 -> 2xui8", hwm=2, tile="6x2")],
    places=["@a tiles 0 to 2 crossbars [0, 1] at [0, 0]"],
    homes=["@a pes 0"],
    streams=["crossbars [0, 1] { ou.mvm @a windows 0 }"],
)
"""Tiles of 6 and of 2 rows in a CU: visits of 2 · 8 and of 8 operations, of 4 cycles each."""


@ENGINES
@pytest.mark.parametrize(("fetch", "pipeline"), [(1, 1), (5, 0), (5, 7)])
def test_an_operation_takes_its_longest_visit_and_the_pipeline(
    engine: str, fetch: int, pipeline: int
) -> None:
    """8 bytes enter by 2.  The CU adds two contributions of 2 values in 2 cycles."""
    machine = replace(TINY, ou=replace(TINY.ou, pipeline_cycles=pipeline))
    module, execution = executed(UNEQUAL, in_lockstep(machine, fetch_cycles=fetch), engine)
    if engine == "reference":
        assert execution.visit_starts == {0: [2 + fetch], 1: [2 + fetch]}
    ends = 2 + fetch + 2 * 8 * 4 + pipeline
    assert execution.finished == [ends + 2 + 2 + 1]
    assert (execution.fetched_bytes, execution.register_bytes) == (8, 8)
    path = critical_path(execution, module).total
    assert path.cycles[PathPart.CROSSBARS] == 2 * 8 * 4 + pipeline
    assert path.cycles[PathPart.PIPELINE] == 0
    assert path.total == execution.finished[0]


@ENGINES
@pytest.mark.parametrize("double_buffered", [False, True])
def test_nothing_is_fetched_before_the_pipeline_is_empty(
    engine: str, double_buffered: bool
) -> None:
    """Four windows of 4 bytes enter by 1, 2, 3 and 4; visits of 8 operations of 4 cycles."""
    text = deployment(
        input="4x1x4xui8",
        ops=[convolution("a", "input", "4x1x4xui8 -> 2x1x4xui8", "1x1")],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 to 4 }"],
    )
    machine = replace(TINY, ou=replace(TINY.ou, pipeline_cycles=3))
    machine = in_lockstep(machine, fetch_cycles=5, double_buffered=double_buffered)
    _, execution = executed(text, machine, engine)
    every = 8 * 4 + 3 + (0 if double_buffered else 5)
    last = 1 + 5 + 3 * every
    assert execution.finished == [last + 8 * 4 + 3 + 2 + 1]
    if engine == "reference":
        assert execution.visit_starts == {0: [6, 6 + every, 6 + 2 * every, last]}


@ENGINES
def test_copies_in_a_unit_work_in_turns(engine: str) -> None:
    """Windows 0 and 1 are on two crossbars of a CU, or of two: there they work at the same time."""
    text = deployment(
        input="4x1x2xui8",
        ops=[convolution("a", "input", "4x1x2xui8 -> 2x1x2xui8", "1x1", iw="2 cyclic")],
        places=["@a tiles 0 to 2 crossbars [0, 1] at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars [0, 1] { ou.mvm @a windows 0 }"],
    )
    ends = []
    for crossbars in ("[0, 1]", "[0, 2]"):
        _, execution = executed(text.replace("[0, 1]", crossbars), in_lockstep(TINY), engine)
        ends.append(execution.finished[0])
    # Fetched from 1 to 2, operations of 32 + 1 cycles, 2 cycles of activation, 1 to leave.
    assert ends[0] == 1 + 2 * (1 + 33) + 2 + 1
    # Valid at 35 and 36, activated one after the other.
    assert ends[1] == 1 + 1 + 33 + 2 * 2 + 1


@pytest.mark.usefixtures("random_machines")
@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("make", [through_the_passes, at_random])
def test_engines_agree_on_random_programs(make: Callable[[Random], ModuleOp], seed: int) -> None:
    random = Random(seed)
    module = make(random)
    assert isinstance(accelerator_of(module).cu, LockstepParameters)
    images = random.choice([1, 1, 2, 3])
    execution = expect_equal_engines(module, images, random.choice(list(Dispatch)))
    if execution is None or images > 1:
        return
    metrics = metrics_of(module, execution)
    assert max(metrics.lower_bounds_cycles.values()) <= metrics.latency_cycles
    path = critical_path(execution, module)
    assert path.total.total == execution.finished[0]


@pytest.mark.usefixtures("random_machines")
@pytest.mark.parametrize("seed", range(30))
def test_a_simulator_that_was_written_from_the_rule_agrees(seed: int) -> None:
    random = Random(seed)
    module = random.choice([through_the_passes, at_random])(random)
    if random.random() < 0.3:
        add_waits(random, module)
    expect_agreement(module, random.choice([1, 1, 2, 3]), SteppedLockstep)


def found_deadlock(module: ModuleOp) -> Deadlock | None:
    dataflow, stage = dataflow_of(module), only_stage(module)
    waits = [op.wait(dataflow) for op in stage.waits]
    in_step = accelerator_of(module).components.compute_unit.crossbars_in_step
    return deadlock(dataflow, programs_of(stage, dataflow), waits, in_step)


@pytest.mark.usefixtures("random_machines")
@pytest.mark.parametrize("seed", range(40))
def test_the_verifier_finds_the_deadlocks_that_there_are(seed: int) -> None:
    random = Random(seed)
    module = random.choice([through_the_passes, at_random])(random)
    if random.random() < 0.5:
        add_waits(random, module)
    found = found_deadlock(module)
    execute = executor("reference", module, source="lockstep")
    if found is None:
        assert execute(1).finished[0] > 0
        return
    assert found.visits or found.waits
    with pytest.raises(SpatemError, match=r"deadlocks|ends before all outputs"):
        execute(1)


@pytest.mark.usefixtures("random_machines")
@pytest.mark.parametrize("seed", range(6))
def test_what_the_passes_make_is_verified(seed: int) -> None:
    module = through_the_passes(Random(seed))
    VerifyDeploymentPass().apply(None, module)  # type: ignore[arg-type]


OPPOSITE = deployment(
    input="4x1x2xui8",
    ops=[convolution("a", "input", "4x1x2xui8 -> 4x1x2xui8", "1x1", wwm=2)],
    places=["@a tiles 0 to 2 crossbars [0, 1] at [0, 0]"],
    homes=["@a pes 0 times 2"],
    streams=[
        "crossbars 0 { ou.mvm @a windows 0\n ou.mvm @a windows 1 }",
        "crossbars 1 { ou.mvm @a windows 1\n ou.mvm @a windows 0 }",
    ],
)
"""Two crossbars of a CU visit the same two windows in opposite orders."""


def test_crossbars_of_a_unit_that_disagree_about_the_order_are_rejected() -> None:
    VerifyDeploymentPass().apply(None, parse(OPPOSITE))  # type: ignore[arg-type]
    module = parse(OPPOSITE, in_lockstep(TINY))
    with pytest.raises(Exception, match="crossbar 0 waits before window 0 of tile 0 of @a"):
        VerifyDeploymentPass().apply(None, module)  # type: ignore[arg-type]
    apart = OPPOSITE.replace("[0, 1]", "[0, 2]").replace("crossbars 1 {", "crossbars 2 {")
    VerifyDeploymentPass().apply(None, parse(apart, in_lockstep(TINY)))  # type: ignore[arg-type]


def test_estimates_know_that_fetches_wait() -> None:
    """Where nothing is fetched ahead, every round is longer by the fetch, which takes as long."""
    layer = Layer("a", (4, 1, 9), 2, Window((1, 1)))
    latencies = [
        layer_latencies(layer_candidates(layer, machine), machine)
        for machine in (
            in_lockstep(TINY, fetch_cycles=20, double_buffered=True),
            in_lockstep(TINY, fetch_cycles=20),
        )
    ]
    assert (latencies[0] <= latencies[1]).all()
    assert latencies[1].flat[0] - latencies[0].flat[0] == 8 * 20


def test_no_bound_exceeds_what_is_fetched_together() -> None:
    """A fetch brings two operands of 32 bytes at once, in a cycle; a port of 4 bytes would not."""
    units = in_lockstep(TINY).components.compute_unit
    memory = TINY.components.memory
    assert units.most_bytes_per_cycle(memory) == 64
    assert units.fetched_together == 2
    module = parse(UNEQUAL, in_lockstep(TINY))
    assert lower_bounds(dataflow_of(module), in_lockstep(TINY)).largest < 2 + 1 + 64 + 1 + 5


def test_the_description_says_the_kind() -> None:
    machine = in_lockstep(TINY, fetch_cycles=3)
    expected = {"kind": "lockstep", "crossbars": 2, "input_register_bytes": 64}
    assert machine.tables["cu"] == {**expected, "adders_per_cycle": 2, "fetch_cycles": 3}
    assert accelerator_from_table({"name": "tiny", **machine.tables}, "cu.toml") == machine
    assert accelerator_of(parse(UNEQUAL, machine)) == machine
