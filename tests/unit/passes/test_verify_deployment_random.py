"""`verify-deployment` rejects exactly the programs that the reference engine cannot finish."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from differential.deployments import add_waits
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.deployed import applied, context
from unit.passes.disordered import exchange_visits
from unit.runtime.machine.random_programs import at_random, through_the_passes
from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import Rewriter
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.dialects.ou.programs import programs_of
from spatem_ir.geometry.safety.buffer_needs import needs
from spatem_ir.geometry.safety.deadlock import Deadlock, WaitingVisit, deadlock
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of
from spatem_ir.support.errors import SpatemError

SEEDS = st.integers(0, 2**32 - 1)


def found_deadlock(module: ModuleOp) -> Deadlock | None:
    dataflow = dataflow_of(module)
    stage = next(op for op in module.ops if isinstance(op, OuStageOp))
    programs = programs_of(stage, dataflow)
    return deadlock(dataflow, programs, [op.wait(dataflow) for op in stage.waits])


def waiting_visits(module: ModuleOp) -> list[WaitingVisit]:
    found = found_deadlock(module)
    return [] if found is None else found.visits


def check_against_the_engine(module: ModuleOp) -> Deadlock | None:
    """Both find a deadlock or none; who waits according to the pass, waits in the engine."""
    found = found_deadlock(module)
    engine = ReferenceEngine(program_of(module))
    if found is None:
        engine.run()
        return None
    with pytest.raises(SpatemError, match=r"deadlocks|ends before all outputs"):
        engine.run()
    for visit in found.visits:
        state = engine.crossbars.states[visit.crossbar]
        operand = state.visit(state.next_visit).operand
        assert not state.running
        assert (operand.node, operand.window) == (visit.node.number, visit.window)
    return found


@examples(12)
@given(SEEDS)
def test_random_orders_deadlock_where_the_engine_says_so(seed: int) -> None:
    check_against_the_engine(at_random(Random(seed)))


@examples(20)
@given(SEEDS, st.integers(1, 8))
def test_exchanged_visits_deadlock_where_the_engine_says_so(seed: int, exchanges: int) -> None:
    """Tiles anywhere, in an order without deadlock of which some visits are exchanged."""
    random = Random(seed)
    module = at_random(random)
    for stage in [op for op in module.ops if isinstance(op, OuStageOp)]:
        Rewriter.erase_op(stage)
    applied(module, [OrderPass()])
    exchange_visits(random, module, exchanges)
    module.verify()
    check_against_the_engine(module)


@pytest.mark.parametrize("deploy", [at_random, through_the_passes])
@examples(20)
@given(SEEDS)
def test_waits_deadlock_where_the_engine_says_so(
    deploy: Callable[[Random], ModuleOp], seed: int
) -> None:
    random = Random(seed)
    module = deploy(random)
    add_waits(random, module)
    module.verify()
    found = check_against_the_engine(module)
    if deploy is through_the_passes and found is not None:
        assert found.waits


@pytest.mark.parametrize("deploy", [at_random, through_the_passes])
@examples(10)
@given(SEEDS)
def test_no_buffer_holds_less_than_what_it_must_hold_at_once(
    deploy: Callable[[Random], ModuleOp], seed: int
) -> None:
    module = deploy(Random(seed))
    if waiting_visits(module):
        return
    stage = next(op for op in module.ops if isinstance(op, OuStageOp))
    places, dataflow = stage.placed(), dataflow_of(module)
    homes = places.homes(dataflow)
    found = list(
        needs(dataflow, accelerator_of(module), 0, places.placements(), homes, stage.merges)
    )
    assert found
    peaks = ReferenceEngine(program_of(module)).run().buffers.peaks()
    for need in found:
        assert need.pe is not None
        assert need.bytes <= peaks[need.pe], need


@examples(10)
@given(SEEDS)
def test_what_the_passes_make_is_accepted(seed: int) -> None:
    module = through_the_passes(Random(seed))
    text = str(module)
    VerifyDeploymentPass().apply(context(), module)
    assert str(module) == text


@examples(10)
@given(SEEDS)
def test_a_deadlock_is_rejected_with_its_layer_named(seed: int) -> None:
    module = at_random(Random(seed))
    waiting = waiting_visits(module)
    if not waiting:
        return
    name, crossbar = waiting[0].node.name, waiting[0].crossbar
    with pytest.raises(
        VerifyException,
        match=rf"deadlocks: crossbar {crossbar} waits before window \d+ of tile \d+ of @{name}",
    ):
        VerifyDeploymentPass().apply(context(), module)
