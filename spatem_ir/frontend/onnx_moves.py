"""Handlers of ONNX operators that move elements and compute nothing."""

from __future__ import annotations

import numpy as np
from onnx import helper
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import ConcatOp, PadOp
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.frontend.onnx_graph import OnnxNode
from spatem_ir.frontend.onnx_network import Network, dequantized
from spatem_ir.frontend.onnx_operators import element_of
from spatem_ir.frontend.onnx_shapes import concatenated_dimension, flattened_shape, reshaped_shape
from spatem_ir.frontend.onnx_values import QuantizedConstant, Value


def flatten(node: OnnxNode, network: Network) -> Value:
    """Flatten behind the batch."""
    operand = network.activation(node)
    return network.regrouped(operand, flattened_shape(node, shape_of(operand)), node.name)


def reshape(node: OnnxNode, network: Network) -> Value:
    """Reshape of the dimensions behind the batch."""
    target = network.constant(node, 1).values.tolist()
    operand = network.activation(node)
    shape = reshaped_shape(node, shape_of(operand), target, network.graph.batch)
    return network.regrouped(operand, shape, node.name)


def squeeze(node: OnnxNode, network: Network) -> Value:
    """Squeeze of dimensions behind the batch."""
    operand = network.activation(node)
    whole = (1, *shape_of(operand))
    constant = network.optional_constant(node, 1)
    if constant is None:
        axes = {axis for axis, extent in enumerate(whole) if extent == 1 and axis > 0}
    else:
        axes = {axis % len(whole) for axis in constant.values.reshape(-1).tolist()}
    if 0 in axes or any(whole[axis] != 1 for axis in axes):
        node.fail("removes the batch, or a dimension that has more than one element")
    shape = tuple(extent for axis, extent in enumerate(whole) if axis > 0 and axis not in axes)
    if not shape:
        node.fail("removes all dimensions behind the batch")
    return network.regrouped(operand, shape, node.name)


def unsqueeze(node: OnnxNode, network: Network) -> Value:
    """Unsqueeze of dimensions behind the batch."""
    operand = network.activation(node)
    shape = shape_of(operand)
    axes = network.constant(node, 1).values.reshape(-1).tolist()
    dimensions = len(shape) + 1 + len(axes)
    added = {axis % dimensions for axis in axes}
    if 0 in added or len(added) != len(axes):
        node.fail("adds a dimension before the batch, or one twice")
    extents = iter((1, *shape))
    result = tuple(1 if axis in added else next(extents) for axis in range(dimensions))
    return network.regrouped(operand, result[1:], node.name)


def transpose(node: OnnxNode, network: Network) -> Value:
    """Transpose of a constant, or of the dimensions behind the batch."""
    value = network.value(node, 0)
    if isinstance(value, QuantizedConstant):
        dimensions = value.codes.values.ndim
        return value.transposed(tuple(node.attribute("perm", range(dimensions)[::-1])))
    operand = network.activation(node)
    dimensions = len(shape_of(operand)) + 1
    permutation = tuple(node.attribute("perm", range(dimensions)[::-1]))
    if sorted(permutation) != list(range(dimensions)) or permutation[0] != 0:
        node.fail(f"has perm {list(permutation)}, which moves the batch")
    return network.transposed(operand, tuple(axis - 1 for axis in permutation[1:]), node.name)


def concat(node: OnnxNode, network: Network) -> Value:
    """Concat behind the batch: of channels, or of another dimension that takes their place."""
    operands = [network.activation(node, index) for index in range(len(node.inputs))]
    codes = {quantization_of(operand.type) for operand in operands}
    if None in codes and len(codes) > 1:
        node.fail("joins integer and float32 tensors")
    if len(codes) > 1:
        node.fail("joins integer tensors with different scales or zero points; quantise them alike")
    return joined(node, network, operands)


def joined(node: OnnxNode, network: Network, operands: list[SSAValue]) -> SSAValue:
    """Operands of one code, or of float32, joined along the node's axis."""
    dimensions = len(shape_of(operands[0]))
    along = concatenated_dimension(node, dimensions)
    order = (along, *(axis for axis in range(dimensions) if axis != along))
    operands = [network.transposed(operand, order) for operand in operands]
    shapes = [shape_of(operand) for operand in operands]
    shape = (sum(shape[0] for shape in shapes), *shapes[0][1:])
    op = ConcatOp(operands, TensorType(element_of(operands[0]), shape))
    inverse = tuple(order.index(axis) for axis in range(dimensions))
    return network.transposed(network.append(op, node.name), inverse)


def pad(node: OnnxNode, network: Network) -> Value:
    """Pad with a constant, behind the batch."""
    if node.attribute("mode", "constant") != "constant":
        node.fail(f"has mode '{node.attribute('mode')}'; only constant padding is supported")
    operand = network.activation(node)
    dimensions = len(shape_of(operand)) + 1
    pads = network.constant(node, 1).values.reshape(-1).tolist()
    axes = network.optional_constant(node, 3)
    chosen = range(dimensions) if axes is None else axes.values.reshape(-1).tolist()
    if len(pads) != 2 * len(chosen):
        node.fail(f"has {len(pads)} pads for {len(chosen)} dimensions")
    before, after = [0] * dimensions, [0] * dimensions
    for number, axis in enumerate(chosen):
        before[axis], after[axis] = pads[number], pads[number + len(chosen)]
    if before[0] or after[0]:
        node.fail("pads the batch")
    if min(*before, *after) < 0:
        node.fail("has negative pads, which crop; they are not supported")
    value = network.optional_constant(node, 2)
    number = 0.0 if value is None else float(value.values.reshape(-1)[0])
    code = quantization_of(operand.type)
    if code is not None:
        number = (number - code.zero_point) * code.scale
    if not np.isfinite(number):
        node.fail(f"pads with {number}; the value must be finite")
    return network.append(
        PadOp(node.name, operand, tuple(before[1:]), tuple(after[1:]), number), node.name
    )


def cast(node: OnnxNode, network: Network) -> Value:
    """Cast of integers to float32: their values, which stand for themselves."""
    node.attribute("saturate")
    operand = network.activation(node)
    target = helper.tensor_dtype_to_np_dtype(node.attribute("to"))
    code = quantization_of(operand.type)
    if code is None and target == np.float32:
        return operand
    if code is None or target != np.float32 or code.scale != 1.0 or code.zero_point:
        node.fail(f"to {target} is supported for integers of scale 1 and zero point 0, to float32")
    return dequantized(network, operand)
