"""A deployment of LeNet, corrupted in one way at a time, is rejected in a line that says where."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TypeVar

import pytest
from unit.passes.deployed import applied, context, parsed
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.rewriter import Rewriter
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import (
    ACCELERATOR_ATTRIBUTE,
    AcceleratorAttr,
    IndicesAttr,
    accelerator_of,
)
from spatem_ir.dialects.ou import MvmOp, OuStageOp, StreamOp, WaitOp
from spatem_ir.dialects.pxb import HomeOp, PxbPlaceOp, PxbStageOp
from spatem_ir.frontend.load import ImportOptions, load_network
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.assign import AssignPass
from spatem_ir.passes.expand_ou import ExpandOuPass
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.pack import PackPass
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.support.errors import SpatemError

OpT = TypeVar("OpT", bound=Operation)


@cache
def compiled() -> ModuleOp:
    """LeNet at level ou, its programs written out."""
    module = load_network("lenet", ImportOptions()).module
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(load_accelerator("isaac-ou"))
    spelled_out = ExpandOuPass(until="streams")
    return applied(
        module, [PartitionPass("spatem"), PackPass(), AssignPass(), OrderPass(), spelled_out]
    )


def first(module: ModuleOp, op_type: type[OpT]) -> OpT:
    """The first op of a type."""
    return next(op for op in module.walk() if isinstance(op, op_type))


def indices(*numbers: int) -> IndicesAttr:
    return IndicesAttr(IndexSequence.of(numbers))


def leave_out_a_tile(module: ModuleOp) -> None:
    place = first(module, PxbPlaceOp)
    place.tiles = indices(*list(place.tiles.data)[:-1])
    place.crossbars = indices(*list(place.crossbars.data)[:-1])


def place_a_tile_twice(module: ModuleOp) -> None:
    stage, (tile, *_) = first(module, PxbStageOp), first(module, PxbPlaceOp).tiles.data
    numbers = (IndexSequence.of([number]) for number in (tile, 16127, 64, 64))
    place = PxbPlaceOp("C1", *numbers)
    stage.body.block.add_op(place)


def stack_tiles(module: ModuleOp) -> None:
    place = first(module, PxbPlaceOp)
    place.crossbars = indices(next(iter(place.crossbars.data)))


def shift_tiles(module: ModuleOp) -> None:
    first(module, PxbPlaceOp).rows = indices(120)


def leave_the_chip(module: ModuleOp) -> None:
    place = first(module, PxbPlaceOp)
    place.crossbars = indices(*(number + 16128 for number in place.crossbars.data))


def leave_out_a_home(module: ModuleOp) -> None:
    Rewriter.erase_op(first(module, HomeOp))


def leave_out_a_visit(module: ModuleOp) -> None:
    Rewriter.erase_op(first(module, MvmOp))


def visit_twice(module: ModuleOp) -> None:
    stream = first(module, StreamOp)
    stream.body.block.add_op(stream.bursts[0].clone())


def visit_elsewhere(module: ModuleOp) -> None:
    stream = first(module, StreamOp)
    _, *others = stream.crossbars.data
    stream.crossbars = indices(16127, *others)


def leave_out_a_stream(module: ModuleOp) -> None:
    Rewriter.erase_op(first(module, StreamOp))


def run_twice(module: ModuleOp) -> None:
    module.body.block.add_op(first(module, OuStageOp).clone())


def read_before_written(module: ModuleOp) -> None:
    """On a single CU, whose crossbars hold tiles of all layers, the later layers come first."""
    accelerator = load_accelerator("isaac-ou")
    single = replace(
        accelerator,
        chip=replace(accelerator.chip, pe_rows=1, pe_columns=1),
        pe=replace(accelerator.pe, compute_units=1),
    )
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(single)
    fresh = load_network("lenet", ImportOptions()).module
    fresh.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(single)
    passes = [PartitionPass("spatem"), PackPass(), AssignPass(), OrderPass()]
    crowded = applied(fresh, [*passes, ExpandOuPass(until="streams")])
    for op in list(module.ops):
        op.detach()
        op.erase()
    for op in list(crowded.ops):
        op.detach()
        module.body.block.add_op(op)
    for stream in [op for op in module.walk() if isinstance(op, StreamOp)]:
        block = stream.body.block
        for op in reversed(list(block.ops)):
            op.detach()
            block.add_op(op)


def shrink_buffers(module: ModuleOp) -> None:
    accelerator = accelerator_of(module)
    small = replace(accelerator, pe=replace(accelerator.pe, buffer_bytes=16))
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(small)


def wait_for_nobody(module: ModuleOp) -> None:
    """LeNet in buffers for which producers have to wait, but they do not."""
    stage = first(module, OuStageOp)
    Rewriter.erase_op(stage)
    accelerator = accelerator_of(module)
    small = replace(accelerator, pe=replace(accelerator.pe, buffer_bytes=1000))
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(small)
    applied(module, [OrderPass(), VerifyDeploymentPass()])
    waits = first(module, OuStageOp).waits
    assert waits
    for op in waits:
        Rewriter.erase_op(op)


def wait_for_itself(module: ModuleOp) -> None:
    """A window of C3 waits until it is finished."""
    stage = first(module, OuStageOp)
    positions = dataflow_of(module).by_name["C3"].positions
    stage.body.block.add_op(WaitOp("C3", "C3", IndexSequence.range(1, positions + 1)))


CORRUPTIONS: dict[Callable[[ModuleOp], None], str] = {
    leave_out_a_tile: r"pxb.stage 0: tile \d+ of @C1 is not placed",
    place_a_tile_twice: r"pxb.stage 0: tile 0 of @C1 is placed 2 times",
    stack_tiles: r"pxb.stage 0: tile \d+ of @C1 and tile \d+ of @C1 overlap",
    shift_tiles: r"pxb.stage 0: tile \d+ of @C1 lies partly outside its crossbar",
    leave_the_chip: r"pxb.stage 0: @C1 uses crossbar \d+; 'isaac-ou' has 16128 crossbars",
    leave_out_a_home: r"pxb.stage 0: @C1 has no pxb.home",
    leave_out_a_visit: r"ou.stage 0: tile 0 of @C1 visits its window 0 0 times",
    visit_twice: r"ou.stage 0: tile 0 of @C1 visits its window 0 2 times",
    visit_elsewhere: r"ou.mvm @C1: crossbar 16127 holds no tile of the layer",
    leave_out_a_stream: r"ou.stage 0: nothing says when tile \d+ of @C1 is visited: no ou.due .*",
    run_twice: r"ou.stage 0: is the second ou.stage of a module with one stage; let mvm.stage .*",
    read_before_written: r"ou.stage 0: the program deadlocks: crossbar \d+ waits before window .*",
    wait_for_nobody: r"ou.stage 0: the buffer of PE \d+ can overflow: \d+ bytes can be in it .*",
    wait_for_itself: r"ou.wait @C3: the program deadlocks: @C3 cannot come so far; crossbar .*",
    shrink_buffers: r"pxb.stage 0: the buffer of PE \d+ overflows: .* takes \d+ bytes at once; .*",
}
"""How a deployment can be corrupted, and what is said then."""


@pytest.mark.parametrize("corrupt", CORRUPTIONS, ids=lambda corrupt: corrupt.__name__)
def test_a_corrupted_deployment_is_rejected(corrupt: Callable[[ModuleOp], None]) -> None:
    module = compiled().clone()
    corrupt(module)
    with pytest.raises(VerifyException) as raised:
        module.verify()
        VerifyDeploymentPass().apply(context(), module)
    line = str(raised.value).strip().splitlines()[0].removeprefix("Operation does not verify: ")
    assert re.fullmatch(CORRUPTIONS[corrupt], line)


def test_the_deployment_itself_is_accepted() -> None:
    module = compiled().clone()
    VerifyDeploymentPass().apply(context(), module)
    assert str(module) == str(compiled())


def test_a_network_that_is_not_packed_is_no_deployment() -> None:
    text = "cnn.network @net(%x: tensor<4xui8>) { cnn.output %x : tensor<4xui8> }"
    with pytest.raises(SpatemError, match="verify-deployment: the module is at level cnn; run"):
        VerifyDeploymentPass().apply(context(), parsed(text, load_accelerator("tiny")))
