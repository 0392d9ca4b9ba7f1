"""Reductions over any dimensions behind the batch, as poolings over whole feature maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Operation, SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.attributes import WindowAttr
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.operators.onnx_import.shapes import behind_batch, element_of

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode

    Pooling = Callable[[str, SSAValue, WindowAttr, TensorType], Operation]


def reduced(
    node: OnnxNode, network: NetworkBuilder, operand: SSAValue, pooling: Pooling
) -> SSAValue:
    """A node that reduces dimensions of its operand to one element each.

    A batch of one image is reduced to itself.

    Raises:
        SpatemError: several images are among what is reduced.
    """
    shape = shape_of(operand)
    axes = _axes(node, network, 1 + len(shape))
    if axes is None:
        return operand
    keeps = bool(node.attribute("keepdims", 1))
    is_one_number = len(axes) == 1 + len(shape)
    if 0 in axes and (network.batch > 1 or not (keeps or is_one_number)):
        node.fail("reduces the batch; only dimensions behind it can be reduced")
    along = sorted(axis - 1 for axis in axes if axis > 0)
    if not along:
        return operand
    kept = [axis for axis in range(len(shape)) if axis not in along]
    ones = pooled_over(network, node.name, operand, along, pooling)
    if keeps:
        return ones
    return network.regrouped(ones, behind_batch(tuple(shape[axis] for axis in kept)))


def pooled_over(
    network: NetworkBuilder, name: str, operand: SSAValue, along: Sequence[int], pooling: Pooling
) -> SSAValue:
    """The operand with an extent of 1 in place of the dimensions over which is pooled.

    Where one dimension at most is kept, in general the channels, it is that of the channels, each a
    feature map with one window.  Else there is one channel with a window for each index of those
    that are kept, so that a window needs no more of the operand than it reads: the channels at a
    position, for example.
    """
    shape = shape_of(operand)
    kept = [axis for axis in range(len(shape)) if axis not in along]
    extents = [shape[axis] for axis in along]
    count = prod(shape[axis] for axis in kept)
    if len(kept) < 2:
        channels, windows, size = count, 1, (prod(extents[:-1]), extents[-1])
    else:
        channels, windows, size = 1, count, (1, prod(extents))
    maps = network.transposed(operand, (*kept, *along))
    maps = network.regrouped(maps, (channels, windows * size[0], size[1]))
    window = Window(size) if windows == 1 else Window(size, strides=size)
    output = TensorType(element_of(operand), (channels, windows, 1))
    pooled = network.append(pooling(name, maps, WindowAttr(window), output), name)
    ones = tuple(1 if axis in along else extent for axis, extent in enumerate(shape))
    return network.regrouped(pooled, ones)


def _axes(node: OnnxNode, network: NetworkBuilder, dimensions: int) -> set[int] | None:
    """The dimensions that are reduced, those of the batch included; None if none are."""
    constant = network.optional_constant(node, 1)
    stated = node.attribute("axes") if constant is None else constant.values.reshape(-1).tolist()
    does_nothing = node.attribute("noop_with_empty_axes", 0)
    if not stated:
        return None if does_nothing else set(range(dimensions))
    if any(not -dimensions <= axis < dimensions for axis in stated):
        node.fail(f"has axes {list(stated)} on {dimensions} dimensions")
    return {axis % dimensions for axis in stated}
