"""The last resort where buffers do not suffice: poolings work by rows, feature maps are spilled."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from unit.passes.deployed import applied, context, parsed
from unit.runtime.machine.random_programs import at_random, place_on
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import VerifyException

import spatem_ir as sp
from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou import OuStageOp, WaitOp
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.spills import SpillOp
from spatem_ir.geometry.bounds.bounds import lower_bounds
from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.geometry.network.decided import can_work_by_rows
from spatem_ir.geometry.network.waits import loads
from spatem_ir.geometry.scheduling.remedies import BuffersTooSmallError, Remedy
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.assign import AssignPass
from spatem_ir.passes.make_room import make_room
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.pack import PackPass
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.critical_path import critical_path
from spatem_ir.runtime.metrics.register import metrics_of

pytest.importorskip("numba")

from unit.runtime.machine.engines import expect_equal_engines

GATED = """
cnn.network @gated(%x: tensor<3x12x12xui8>) {
  %a = cnn.conv @a %x <3x3, strides 1x1, pads [1, 1, 1, 1]> groups 1
    weights #cnn.seeded<0, tensor<8x3x3x3xsi2>> scale 0.5
    : tensor<3x12x12xui8> -> tensor<8x12x12xui8>
  %p = cnn.max_pool @p %a <12x12> : tensor<8x12x12xui8> -> tensor<8x1x1xui8>
  %g = cnn.conv @g %p <1x1> weights #cnn.seeded<1, tensor<8x8x1x1xsi2>> scale 0.5
    : tensor<8x1x1xui8> -> tensor<8x1x1xui8>
  %m = cnn.mul @m %a, %g
    : tensor<8x12x12xui8>, tensor<8x1x1xui8> -> tensor<8x12x12xui8>
  %o = cnn.conv @o %m <1x1> weights #cnn.seeded<2, tensor<2x8x1x1xsi2>> scale 0.5
    : tensor<8x12x12xui8> -> tensor<2x12x12xui8>
  cnn.output %o : tensor<2x12x12xui8>
}
"""
"""What squeeze-and-excite does: a map of 1,152 bytes is needed until all of it was pooled."""


GHOST = """
cnn.network @ghost(%x: tensor<3x12x12xui8>) {
  %a = cnn.conv @a %x <3x3, strides 1x1, pads [1, 1, 1, 1]> groups 1
    weights #cnn.seeded<0, tensor<8x3x3x3xsi2>> scale 0.5
    : tensor<3x12x12xui8> -> tensor<8x12x12xui8>
  %b = cnn.conv @b %a <1x1> weights #cnn.seeded<3, tensor<8x8x1x1xsi2>> scale 0.5
    : tensor<8x12x12xui8> -> tensor<8x12x12xui8>
  %c = cnn.concat %a, %b : tensor<8x12x12xui8>, tensor<8x12x12xui8> -> tensor<16x12x12xui8>
  %p = cnn.max_pool @p %c <12x12> : tensor<16x12x12xui8> -> tensor<16x1x1xui8>
  %g = cnn.conv @g %p <1x1> weights #cnn.seeded<1, tensor<16x16x1x1xsi2>> scale 0.5
    : tensor<16x1x1xui8> -> tensor<16x1x1xui8>
  %m = cnn.mul @m %c, %g
    : tensor<16x12x12xui8>, tensor<16x1x1xui8> -> tensor<16x12x12xui8>
  %o = cnn.conv @o %m <1x1> weights #cnn.seeded<2, tensor<2x16x1x1xsi2>> scale 0.5
    : tensor<16x12x12xui8> -> tensor<2x12x12xui8>
  cnn.output %o : tensor<2x12x12xui8>
}
"""
"""Two maps together wait for their gate: neither may come back before the other has."""


def gated(buffer_bytes: int, network: str = GATED) -> ModuleOp:
    """The network, placed on a chip with such buffers."""
    tiny = load_accelerator("tiny")
    machine = replace(tiny, pe=replace(tiny.pe, buffer_bytes=buffer_bytes))
    module = parsed(network)
    place_on(module, machine)
    return applied(module, [PartitionPass(strategy="minimum"), PackPass(), AssignPass()])


def stages_of(module: ModuleOp) -> tuple[PxbStageOp, OuStageOp | None]:
    """The places and the program of a module."""
    (places,) = (op for op in module.ops if isinstance(op, PxbStageOp))
    return places, next((op for op in module.ops if isinstance(op, OuStageOp)), None)


def spilled(module: ModuleOp) -> list[str]:
    """What is spilled and worked on by rows, as text."""
    ops = stages_of(module)[0].body.block.ops
    return [str(op) for op in ops if isinstance(op, SpillOp)] + [
        name for name in stages_of(module)[0].home_ops() if "." in name
    ]


def expect_all_of(module: ModuleOp, images: int) -> None:
    """Equal events, bounds, a critical path; printed IR is read back."""
    again = parsed(str(module))
    assert str(again) == str(module)
    execution = expect_equal_engines(module, images)
    if execution is None or images > 1:
        return
    metrics = metrics_of(module, execution)
    assert metrics.latency_cycles is not None
    assert max(metrics.lower_bounds_cycles.values()) <= metrics.latency_cycles
    assert critical_path(execution, module).total.total == max(execution.finished)


def test_what_fits_is_left_alone() -> None:
    module = applied(gated(4096), [OrderPass()])
    assert spilled(module) == []


@pytest.mark.parametrize("images", [1, 3])
@pytest.mark.parametrize("method", ["asap", "layer"])
@pytest.mark.parametrize("size", [512, 768])
def test_squeeze_and_excite_in_small_buffers(size: int, method: str, images: int) -> None:
    """Refused before: the whole map is 1,152 bytes, of which each of four PEs needs a part."""
    module = applied(gated(size), [OrderPass(method=method)])
    assert spilled(module) == ["pxb.spill @a for @m", "p.sums"]
    VerifyDeploymentPass().apply(context(), module)
    expect_all_of(module, images)
    assert expect_equal_engines(module, images) is not None
    execution = expect_equal_engines(module, 1)
    assert execution is not None
    execution.buffers.check(accelerator_of(module).components.memory, 1)
    nodes = dataflow_of(module).by_name
    map_bytes = nodes["a"].output_bytes
    assert execution.io_bytes == 3 * 144 + 2 * 144 + 2 * map_bytes
    assert nodes["p.sums"].shape == (8, 12, 1)
    assert nodes["p"].operands[0].sources == (nodes["p.sums"].number,)
    assert nodes["m"].operands[0].sources == (nodes["a.m"].number,)
    assert [reader.name for reader in dataflow_of(module).readers(nodes["a"])] == [
        "p.sums",
        "a.stored",
    ]
    assert lower_bounds(dataflow_of(module), accelerator_of(module)).largest > 0


def test_values_are_the_same() -> None:
    small = accelerator_of(gated(512))
    inputs = np.random.default_rng(0).integers(0, 256, (2, 3, 12, 12), np.uint8)
    deployment = sp.compile(parsed(GATED), small, strategy="minimum")
    assert spilled(deployment.module) == ["pxb.spill @a for @m", "p.sums"]
    expected = sp.compile(parsed(GATED), small, level="cnn").run(inputs)
    np.testing.assert_array_equal(deployment.run(inputs), expected)


@pytest.mark.parametrize("images", [1, 2])
def test_two_maps_that_come_back_for_one_reader(images: int) -> None:
    module = applied(gated(1400, GHOST), [OrderPass()])
    assert spilled(module) == ["pxb.spill @a for @m", "pxb.spill @b for @m", "p.sums"]
    VerifyDeploymentPass().apply(context(), module)
    expect_all_of(module, images)
    assert expect_equal_engines(module, images) is not None


def test_where_nothing_helps_the_buffers_are_too_small() -> None:
    with pytest.raises(BuffersTooSmallError, match=r"the buffer of PE . is too small: it has 64 "):
        applied(gated(64), [OrderPass()])


def test_what_comes_back_waits_until_it_has_left() -> None:
    module = applied(gated(512), [OrderPass()])
    stage = stages_of(module)[1]
    assert stage is not None
    for op in stage.waits:
        if op.node.string_value() == "a.m" and op.other.string_value() == "a.stored":
            op.detach()
    with pytest.raises(VerifyException, match=r"position 0 of @a.m can come back before it has"):
        module.verify()


@pytest.mark.parametrize(
    ("op", "message"),
    [
        (SpillOp("a", "nobody"), "names @nobody, which is no layer or digital operator"),
        (SpillOp("x", "m"), "names @x, whose results @m does not read"),
        (SpillOp("o", "m"), "names @o, whose results @m does not read"),
    ],
)
def test_spills_of_what_is_not_read(op: SpillOp, message: str) -> None:
    module = gated(4096)
    stages_of(module)[0].body.block.add_op(op)
    with pytest.raises(VerifyException, match=message):
        module.verify()


def random_remedies(random: Random, module: ModuleOp) -> list[Remedy]:
    """Some feature maps to spill, for some of their readers, and poolings by rows."""
    dataflow = dataflow_of(module)
    ports = (NodeKind.INPUT, NodeKind.OUTPUT)
    pairs = [
        (node, reader)
        for node in dataflow.nodes
        for reader in dataflow.readers(node)
        if reader.kind not in ports
    ]
    chosen = random.sample(pairs, min(len(pairs), random.randint(1, 3)))
    return [Remedy(n.name, r.name, can_work_by_rows(r)) for n, r in chosen]


@pytest.mark.parametrize("seed", range(40))
def test_anything_can_be_spilled(seed: int) -> None:
    """Both engines agree, whatever is spilled, and however long readers wait."""
    random = Random(seed)
    module = at_random(random)
    stages = stages_of(module)
    assert stages[1] is not None
    remedies = random_remedies(random, module)
    assert make_room(module, stages[0], list(dict.fromkeys(remedies)))
    dataflow = dataflow_of(module)
    for wait in loads(dataflow):
        node, other = (dataflow.nodes[number].name for number in (wait.node, wait.other))
        slack = np.minimum(wait.until + random.randrange(3), len(wait.until))
        stages[1].body.block.add_op(WaitOp(node, other, IndexSequence.of(slack)))
    module.verify()
    expect_all_of(module, random.choice([1, 1, 2]))
