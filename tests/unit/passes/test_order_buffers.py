"""`order` makes programs fit into buffers that are almost too small, or says that they cannot."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

import pytest
from unit.passes.deployed import context
from unit.runtime.machine.random_programs import at_random, place_on, through_the_passes
from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import Rewriter
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of
from spatem_ir.support.errors import SpatemError


def unordered(random: Random) -> ModuleOp:
    """A random network with places, without a program."""
    module = random.choice([at_random, through_the_passes])(random)
    for stage in [op for op in module.ops if isinstance(op, OuStageOp)]:
        Rewriter.erase_op(stage)
    return module


def set_buffers(module: ModuleOp, size: int) -> None:
    machine = accelerator_of(module)
    place_on(module, replace(machine, pe=replace(machine.pe, buffer_bytes=size)))


def stage_of(module: ModuleOp) -> OuStageOp:
    return next(op for op in module.ops if isinstance(op, OuStageOp))


def run(module: ModuleOp) -> Execution:
    return ReferenceEngine(program_of(module)).run()


def needed_bytes(module: ModuleOp, order: OrderPass) -> int:
    """The smallest buffers that suffice according to the message that a byte is too little."""
    copy = module.clone()
    set_buffers(copy, 1)
    with pytest.raises(SpatemError) as raised:
        order.apply(context(), copy)
    found = re.fullmatch(
        r"order: the buffer of PE \d+ is too small: it has 1 bytes and needs (\d+), of which \d+ "
        r"for the (activations|partial sums) of @\w+; enlarge pe.buffer_bytes, .*",
        str(raised.value),
    )
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("programs", ["own", "shared"])
@pytest.mark.parametrize("strategy", ["asap", "layer"])
@pytest.mark.parametrize("seed", range(12))
def test_programs_fit_into_buffers_that_just_suffice(
    seed: int, strategy: str, programs: str
) -> None:
    """No deadlock, no buffer that overflows; without what waits the program is rejected."""
    module, order = unordered(Random(seed)), OrderPass(strategy, programs)
    needed = needed_bytes(module, order)
    size = Random(seed).randint(needed, 2 * needed)
    set_buffers(module, size)
    try:
        order.apply(context(), module)
    except SpatemError as error:
        assert strategy == "layer"
        assert "PE" in str(error)
        return
    module.verify()
    VerifyDeploymentPass().apply(context(), module)
    execution = run(module)
    execution.buffers.check(accelerator_of(module).components.memory, 1)
    if not stage_of(module).waits:
        return
    for op in stage_of(module).waits:
        Rewriter.erase_op(op)
    with pytest.raises(VerifyException, match=r"ou.stage 0: the buffer of PE \d+ can overflow: "):
        VerifyDeploymentPass().apply(context(), module)


def test_ignored_buffers_make_an_unbounded_program() -> None:
    module = unordered(Random(3))
    set_buffers(module, 1)
    OrderPass(buffers="ignore").apply(context(), module)
    assert stage_of(module).unbounded is not None
    assert "unbounded" in str(module)
    execution = run(module)
    with pytest.raises(
        SpatemError,
        match=r"the buffer of PE \d+ overflows: it held \d+ bytes, pe.buffer_bytes is 1",
    ):
        execution.buffers.check(accelerator_of(module).components.memory, 1)


def test_buffers_that_hold_everything_need_no_waits() -> None:
    module = unordered(Random(3))
    set_buffers(module, 2**20)
    OrderPass().apply(context(), module)
    assert not stage_of(module).waits
