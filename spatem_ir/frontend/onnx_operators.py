"""Handlers of ONNX's float operators: layers, poolings, shapes.

A handler turns a node into the value of its result.  Floats exist only between DequantizeLinear and
QuantizeLinear (or by post-training quantisation), see :mod:`spatem_ir.frontend.onnx_values`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import (
    AveragePoolOp,
    ConcatOp,
    ConvOp,
    DenseOp,
    FlattenOp,
    GlobalAveragePoolOp,
    MaxPoolOp,
    ReluOp,
    SoftmaxOp,
)
from spatem_ir.dialects.cnn_attributes import (
    Quantization,
    QuantType,
    WindowAttr,
    quantization_of,
)
from spatem_ir.frontend.onnx_graph import Constant, Node
from spatem_ir.frontend.onnx_network import Network
from spatem_ir.frontend.onnx_shapes import (
    concatenated_shape,
    convolution_window,
    dense_form,
    flattened_shape,
    map_size,
    pooling_window,
    reshaped_shape,
    softmax_shape,
)
from spatem_ir.frontend.onnx_values import Codes, QuantizedConstant, Real, Value
from spatem_ir.geometry.window import Window

Handler = Callable[[Node, Network], Value]


def convolution(
    node: Node, network: Network, codes: SSAValue, weights: Value | None, bias: Value | None
) -> Real:
    """A convolution of codes with constant weights [channels, channels / groups, kh, kw]."""
    shape = _constant_shape(node, weights)
    size = map_size(node, shape_of(codes))
    window = convolution_window(node, shape, size)
    groups = node.attribute("group", 1)
    code = quantization_of(codes.type)
    assert code is not None and weights is not None
    properties = network.parameters.of_layer(node, code, weights, bias, shape)
    output = (shape[0], *window.output_size(*size))

    def emit(result: Quantization) -> SSAValue:
        result_type = TensorType(QuantType.of(result), output)
        return network.append(ConvOp(codes, result_type, window, properties, groups), node.name)

    return Real(node, output, emit)


def dense(
    node: Node, network: Network, codes: SSAValue, weights: Value | None, bias: Value | None
) -> Real:
    """A product of flat codes with a constant matrix, as Gemm and MatMul describe it."""
    shape = _constant_shape(node, weights)
    if len(shape) != 2:
        node.fail(f"has weights of {len(shape)} dimensions; they must be a matrix")
    form = dense_form(node, shape_of(codes))
    assert isinstance(weights, Constant | QuantizedConstant)
    if not form.transposed:
        weights, shape = weights.transposed(), shape[::-1]
    weights = _scaled(node, weights, form.alpha)
    bias = None if bias is None or form.beta == 0 else _scaled(node, bias, form.beta)
    code = quantization_of(codes.type)
    assert code is not None
    properties = network.parameters.of_layer(node, code, weights, bias, shape)

    def emit(result: Quantization) -> SSAValue:
        result_type = TensorType(QuantType.of(result), shape[:1])
        return network.append(DenseOp(codes, result_type, properties), node.name)

    return Real(node, shape[:1], emit)


def _constant_shape(node: Node, weights: Value | None) -> tuple[int, ...]:
    match weights:
        case Constant():
            return weights.values.shape
        case QuantizedConstant():
            return weights.codes.values.shape
        case _:
            node.fail("its weights are not constant")


def _scaled(node: Node, value: Value, factor: float) -> Value:
    if factor == 1:
        return value
    if not isinstance(value, Constant) or value.values.dtype != np.float32:
        node.fail("has alpha or beta other than 1, which integers cannot express exactly")
    return Constant(value.values * np.float32(factor))


def average_pool(
    node: Node, network: Network, codes: SSAValue, window: Window, *, count_include_pad: bool
) -> Real:
    """The mean of windows of codes."""
    channels, *size = shape_of(codes)
    output = (channels, *window.output_size(size[0], size[1]))

    def emit(result: Quantization) -> SSAValue:
        op = AveragePoolOp(
            node.name,
            codes,
            WindowAttr(window),
            TensorType(QuantType.of(result), output),
            count_include_pad=count_include_pad,
        )
        return network.append(op, node.name)

    return Real(node, output, emit)


def windowed_average_pool(node: Node, network: Network, codes: SSAValue) -> Real:
    """An average pooling whose window is in the node's attributes."""
    counts_padding = bool(node.attribute("count_include_pad", 0))
    size = map_size(node, shape_of(codes))
    window = pooling_window(node, size, count_include_pad=counts_padding)
    return average_pool(node, network, codes, window, count_include_pad=counts_padding)


def _convolution(node: Node, network: Network) -> Value:
    return convolution(
        node, network, network.codes(node), network.value(node, 1), network.value(node, 2)
    )


def _gemm(node: Node, network: Network) -> Value:
    return dense(node, network, network.codes(node), network.value(node, 1), network.value(node, 2))


def _matmul(node: Node, network: Network) -> Value:
    return dense(node, network, network.codes(node), network.value(node, 1), None)


def _average_pool(node: Node, network: Network) -> Value:
    return windowed_average_pool(node, network, network.codes(node))


def _global_average_pool(node: Node, network: Network) -> Value:
    codes = network.codes(node)
    window = Window(map_size(node, shape_of(codes)))
    channels = shape_of(codes)[0]

    def emit(result: Quantization) -> SSAValue:
        output = TensorType(QuantType.of(result), (channels, 1, 1))
        return network.append(
            GlobalAveragePoolOp(node.name, codes, WindowAttr(window), output), node.name
        )

    return Real(node, (channels, 1, 1), emit)


def _max_pool(node: Node, network: Network) -> Value:
    maps = network.activation(node, 0)
    node.attribute("storage_order")
    size = map_size(node, maps.shape)
    window = pooling_window(node, size)
    output = (maps.shape[0], *window.output_size(*size))

    def pool(codes: SSAValue) -> SSAValue:
        assert isinstance(codes.type, TensorType)
        result_type = TensorType(codes.type.element_type, output)
        op = MaxPoolOp(node.name, codes, WindowAttr(window), result_type)
        return network.append(op, node.name)

    return maps.then(node, output, pool)


def _relu(node: Node, network: Network) -> Value:
    activation = network.activation(node, 0)
    if isinstance(activation, Codes) and activation.quantization.zero_point:
        node.fail("works on integer codes whose zero point is not 0")

    def rectify(codes: SSAValue) -> SSAValue:
        code = quantization_of(codes.type)
        assert code is not None
        if code.zero_point == code.minimum:
            return codes
        return network.append(ReluOp(node.name, codes), node.name)

    return activation.then(node, activation.shape, rectify)


def _regrouped(node: Node, network: Network, shape: tuple[int, ...]) -> Value:
    """The node's operand under another shape."""
    activation = network.activation(node, 0)
    if shape == activation.shape:
        return activation
    return activation.then(
        node, shape, lambda codes: network.append(FlattenOp(codes, shape), node.name)
    )


def _flatten(node: Node, network: Network) -> Value:
    return _regrouped(node, network, flattened_shape(node, network.activation(node, 0).shape))


def _reshape(node: Node, network: Network) -> Value:
    target = network.constant(node, 1).values.tolist()
    shape = network.activation(node, 0).shape
    return _regrouped(node, network, reshaped_shape(node, shape, target, network.graph.batch))


def _concat(node: Node, network: Network) -> Value:
    operands = [network.activation(node, index) for index in range(len(node.inputs))]
    shape = concatenated_shape(node, [operand.shape for operand in operands])
    known = {operand.quantization for operand in operands if operand.quantization}
    if len(known) > 1:
        node.fail("joins tensors with different scales or zero points; quantise them alike")

    def join(parts: list[SSAValue]) -> SSAValue:
        part = parts[0].type
        assert isinstance(part, TensorType)
        return network.append(ConcatOp(parts, TensorType(part.element_type, shape)), node.name)

    integers = [operand for operand in operands if isinstance(operand, Codes)]
    reals = [operand for operand in operands if isinstance(operand, Real)]
    if integers and reals:
        node.fail("joins integer and float32 tensors")
    if integers:
        return Codes(join([operand.value for operand in integers]))
    code = next(iter(known), None)
    return Real(node, shape, lambda code: join([r.codes(code) for r in reals]), code)


def _softmax(node: Node, network: Network) -> Value:
    activation = network.activation(node, 0)
    if not isinstance(activation, Real):
        node.fail("works on float32: put DequantizeLinear in front")
    softmax_shape(node, activation.shape)
    return network.from_host(node, network.append(SoftmaxOp(network.floats(activation)), node.name))


def _identity(node: Node, network: Network) -> Value:
    value = network.value(node, 0)
    assert value is not None
    return value


def _dropout(node: Node, network: Network) -> Value:
    node.attribute("seed")
    training = network.value(node, 2)
    if training is not None and not (isinstance(training, Constant) and not training.values.any()):
        node.fail("is in training mode")
    return _identity(node, network)


def _transpose(node: Node, network: Network) -> Value:
    value = network.value(node, 0)
    if not isinstance(value, QuantizedConstant):
        node.fail("is supported for constants only")
    dimensions = value.codes.values.ndim
    return value.transposed(tuple(node.attribute("perm", range(dimensions)[::-1])))


FLOAT_OPERATORS: dict[str, Handler] = {
    "AveragePool": _average_pool,
    "Concat": _concat,
    "Conv": _convolution,
    "Dropout": _dropout,
    "Flatten": _flatten,
    "Gemm": _gemm,
    "GlobalAveragePool": _global_average_pool,
    "Identity": _identity,
    "MatMul": _matmul,
    "MaxPool": _max_pool,
    "Relu": _relu,
    "Reshape": _reshape,
    "Softmax": _softmax,
    "Transpose": _transpose,
}
"""The handlers of float operators (some of which work on integers, too)."""
