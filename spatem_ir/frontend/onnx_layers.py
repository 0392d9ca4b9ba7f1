"""Handlers of ONNX's weight layers: convolutions and matrix products, float and integer."""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Attribute, SSAValue

from spatem_ir.dialects.checks import is_floating, shape_of
from spatem_ir.dialects.cnn import AddOp, ConvOp, DenseOp
from spatem_ir.dialects.cnn.attributes import QuantType, quantization_of
from spatem_ir.dialects.cnn.weight_layers import ACCUMULATOR_TYPE
from spatem_ir.frontend.onnx_constants import code_of
from spatem_ir.frontend.onnx_graph import Constant, OnnxNode
from spatem_ir.frontend.onnx_network import Network
from spatem_ir.frontend.onnx_operators import broadcast_shape
from spatem_ir.frontend.onnx_parameters import quantized_constant
from spatem_ir.frontend.onnx_shapes import convolution_window, dense_form, map_size, stacked_form
from spatem_ir.frontend.onnx_values import QuantizedConstant, Value
from spatem_ir.geometry.shapes.window import Window


def convolution(
    node: OnnxNode,
    network: Network,
    operand: SSAValue,
    weights: Value | None,
    bias: Value | None,
    result: Attribute,
) -> SSAValue:
    """A convolution with constant weights [channels, channels / groups, (height,) width].

    A signal [channels, length] is a feature map of one row.
    """
    shape = constant_shape(node, weights)
    assert isinstance(weights, Constant | QuantizedConstant)
    is_signal = len(shape) == 3
    if is_signal:
        shape = (*shape[:2], 1, shape[2])
        weights = weights.reshaped(shape)
        channels, *length = shape_of(operand)
        operand = network.regrouped(operand, (channels, 1, *length))
    size = map_size(node, shape_of(operand))
    window = convolution_window(node, shape, size)
    groups = node.attribute("group", 1)
    properties = network.parameters.of_layer(node, operand, weights, bias, shape)
    output = (shape[0], *window.output_size(*size))
    if min(output) < 1:
        node.fail("has a window that does not fit into its input")
    op = ConvOp(operand, TensorType(result, output), window, properties, groups)
    maps = network.append(op, node.name)
    return network.regrouped(maps, (output[0], output[2])) if is_signal else maps


def dense(
    node: OnnxNode,
    network: Network,
    operand: SSAValue,
    weights: Value | None,
    bias: Value | None,
    result: Attribute,
) -> SSAValue:
    """A product of a flat operand with a constant matrix, as Gemm describes it."""
    shape = constant_shape(node, weights)
    if len(shape) != 2:
        node.fail(f"has weights of {len(shape)} dimensions; they must be a matrix")
    form = dense_form(node, shape_of(operand))
    assert isinstance(weights, Constant | QuantizedConstant)
    if not form.transposed:
        weights, shape = weights.transposed(), shape[::-1]
    if form.alpha != 1:
        weights = _scaled(node, weights, form.alpha)
    if form.beta == 0:
        bias = None
    elif bias is not None and form.beta != 1:
        bias = _scaled(node, bias, form.beta)
    properties = network.parameters.of_layer(node, operand, weights, bias, shape)
    op = DenseOp(operand, TensorType(result, shape[:1]), properties)
    return network.append(op, node.name)


def product(
    node: OnnxNode, network: Network, operand: SSAValue, weights: Value | None, result: Attribute
) -> SSAValue:
    """A product of the operand with a constant matrix, a stack of matrices or a vector.

    Of a flat operand it is a dense layer.  In general the last dimension of an operand [others,
    stack, rows, features] is multiplied: a convolution with 1x1 windows over maps [stack ·
    features, others, rows], with a group for each matrix of the stack.
    """
    matrix, shape = constant_shape(node, weights), shape_of(operand)
    if len(matrix) == 2 and len(shape) == 1:
        return dense(node, network, operand, weights, None, result)
    assert isinstance(weights, Constant | QuantizedConstant)
    if (
        len(matrix) != 2
        and isinstance(weights, QuantizedConstant)
        and weights.scale.values.size > 1
    ):
        node.fail("has several scales for weights that are not a matrix; give them one")
    form = stacked_form(node, matrix, shape)
    if form.weights != matrix:
        weights = weights.reshaped(form.weights)
    weights = weights.transposed((1, 0) if len(form.weights) == 2 else (0, 2, 1))
    kernel = (form.stack * form.outputs, form.features, 1, 1)

    maps = network.regrouped(operand, (form.others, form.stack, form.rows, form.features))
    maps = network.transposed(maps, (1, 3, 0, 2))
    maps = network.regrouped(maps, (form.stack * form.features, form.others, form.rows))
    properties = network.parameters.of_layer(node, maps, weights.reshaped(kernel), None, kernel)
    output = TensorType(result, (kernel[0], form.others, form.rows))
    op = ConvOp(maps, output, Window((1, 1)), properties, form.stack)
    sums = network.append(op, node.name)
    sums = network.regrouped(sums, (form.stack, form.outputs, form.others, form.rows))
    return network.regrouped(network.transposed(sums, (2, 0, 3, 1)), form.result)


def constant_shape(node: OnnxNode, weights: Value | None) -> tuple[int, ...]:
    """The shape of constant weights."""
    match weights:
        case Constant():
            return weights.values.shape
        case QuantizedConstant():
            return weights.codes.values.shape
        case _:
            node.fail("its weights are not constant")


def _scaled(node: OnnxNode, value: Value, factor: float) -> Constant:
    if not isinstance(value, Constant) or value.values.dtype != np.float32:
        node.fail("has alpha or beta other than 1, which integers cannot express exactly")
    return Constant(value.values * np.float32(factor))


def float_convolution(node: OnnxNode, network: Network) -> Value:
    """Conv."""
    weights, bias = network.value(node, 1), network.value(node, 2)
    return convolution(node, network, network.floats(node), weights, bias, f32)


def gemm(node: OnnxNode, network: Network) -> Value:
    """Gemm with a constant matrix; an activation that it adds becomes an addition of its own."""
    operand, weights, bias = network.floats(node), network.value(node, 1), network.value(node, 2)
    if not isinstance(bias, SSAValue):
        return dense(node, network, operand, weights, bias, f32)
    if node.attribute("beta", 1.0) != 1:
        node.fail("has beta other than 1 for an addend that is not constant")
    summands = [dense(node, network, operand, weights, None, f32), network.floats(node, 2)]
    result = TensorType(f32, broadcast_shape(node, [shape_of(value) for value in summands]))
    return network.append(AddOp(f"{node.name}.sum", summands, result), node.name)


def matmul(node: OnnxNode, network: Network) -> Value:
    """MatMul with constant weights."""
    return product(node, network, network.floats(node), network.value(node, 1), f32)


def _quantized_operand(
    node: OnnxNode, network: Network, index: int, axis: int
) -> QuantizedConstant:
    """The constant at input `index` with the scale and zero point at the next two inputs."""
    codes = network.constant(node, index)
    scale, zero_point = network.value(node, index + 1), network.value(node, index + 2)
    return quantized_constant(node, codes, scale, zero_point, axis)


def qlinear_convolution(node: OnnxNode, network: Network) -> Value:
    """QLinearConv."""
    codes, weights = network.stated_codes(node, 0), _quantized_operand(node, network, 3, axis=0)
    result = QuantType.of(network.stated_code(node, 6))
    return convolution(node, network, codes, weights, network.value(node, 8), result)


def qlinear_matmul(node: OnnxNode, network: Network) -> Value:
    """QLinearMatMul with constant weights."""
    codes, weights = network.stated_codes(node, 0), _quantized_operand(node, network, 3, axis=-1)
    result = QuantType.of(network.stated_code(node, 6))
    return product(node, network, codes, weights, result)


def qgemm(node: OnnxNode, network: Network) -> Value:
    """QGemm of onnxruntime."""
    if not node.input(7):
        node.fail("has a float32 result; give it y_scale and y_zero_point")
    axis = 0 if node.attribute("transB", 0) else 1
    codes, weights = network.stated_codes(node, 0), _quantized_operand(node, network, 3, axis)
    result = QuantType.of(network.stated_code(node, 7))
    return dense(node, network, codes, weights, network.value(node, 6), result)


def integer_convolution(node: OnnxNode, network: Network) -> Value:
    """ConvInteger: sums in int32."""
    operand, weights = _integer_operands(node, network)
    return convolution(node, network, operand, weights, None, ACCUMULATOR_TYPE)


def integer_matmul(node: OnnxNode, network: Network) -> Value:
    """MatMulInteger with constant weights: sums in int32."""
    operand, weights = _integer_operands(node, network)
    return product(node, network, operand, weights, ACCUMULATOR_TYPE)


def _integer_operands(node: OnnxNode, network: Network) -> tuple[SSAValue, QuantizedConstant]:
    """Codes and constant weights, whose zero points are inputs 2 and 3; all scales are 1."""
    operand = network.activation(node)
    code = quantization_of(operand.type)
    if is_floating(operand) or code is None:
        node.fail(f"works on integers, but '{node.input(0)}' is float32")
    zero = network.optional_constant(node, 2)
    zero_point = 0 if zero is None else int(zero.values.reshape(-1)[0])
    if zero_point != code.zero_point:
        node.fail(
            f"reads '{node.input(0)}' with zero point {zero_point}, but it is written with "
            f"{code.zero_point}"
        )
    codes = network.constant(node, 1)
    if code_of(codes.values.dtype) is None:
        node.fail(f"has weights of {codes.values.dtype}; they must be integers")
    one = Constant(np.ones((), np.float32))
    return operand, quantized_constant(node, codes, one, network.value(node, 3), axis=0)
