"""Handlers of ONNX's poolings, element-wise operators and normalisations.

A handler turns a node into the value of its result: the `cnn` op of the same meaning, on float32 or
on codes as its operands are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np
from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Attribute, SSAValue

from spatem_ir.dialects.checks import is_floating, shape_of
from spatem_ir.dialects.cnn import (
    AddOp,
    AffineOp,
    AveragePoolOp,
    BatchNormOp,
    ClipOp,
    GlobalAveragePoolOp,
    IdentityOp,
    LeakyReluOp,
    LrnOp,
    MaxPoolOp,
    MulOp,
    QuantizeOp,
    ReluOp,
    SigmoidOp,
    SoftmaxOp,
)
from spatem_ir.dialects.cnn.attributes import QuantType, WindowAttr, quantization_of
from spatem_ir.frontend.onnx_constants import narrowed
from spatem_ir.frontend.onnx_graph import Constant, OnnxNode
from spatem_ir.frontend.onnx_network import Network
from spatem_ir.frontend.onnx_shapes import (
    map_size,
    pooling_window,
    softmax_axis,
    varying_dimensions,
)
from spatem_ir.frontend.onnx_values import QuantizedConstant, Value
from spatem_ir.geometry.shapes.window import Window


def element_of(value: SSAValue) -> Attribute:
    """The element type of a tensor value."""
    assert isinstance(value.type, TensorType)
    return value.type.element_type


def _as_maps(node: OnnxNode, network: Network, operand: SSAValue) -> tuple[SSAValue, bool]:
    """The operand as feature maps, and whether it is a signal [channels, length]."""
    shape = shape_of(operand)
    if len(shape) != 2:
        map_size(node, shape)
        return operand, False
    return network.regrouped(operand, (shape[0], 1, shape[1])), True


def _as_signal(network: Network, maps: SSAValue, *, is_signal: bool) -> SSAValue:
    channels, _, length = shape_of(maps)
    return network.regrouped(maps, (channels, length)) if is_signal else maps


def _pooled(node: OnnxNode, operand: SSAValue, window: Window) -> tuple[int, int, int]:
    """The shape behind a pooling."""
    channels, height, width = shape_of(operand)
    output = (channels, *window.output_size(height, width))
    if min(output) < 1:
        node.fail("has a window that does not fit into its input")
    return output


def max_pool(node: OnnxNode, network: Network) -> Value:
    """MaxPool."""
    node.attribute("storage_order")
    maps, is_signal = _as_maps(node, network, network.activation(node))
    window = pooling_window(node, map_size(node, shape_of(maps)), is_signal=is_signal)
    result = TensorType(element_of(maps), _pooled(node, maps, window))
    pooled = network.append(MaxPoolOp(node.name, maps, WindowAttr(window), result), node.name)
    return _as_signal(network, pooled, is_signal=is_signal)


def global_max_pool(node: OnnxNode, network: Network) -> Value:
    """GlobalMaxPool."""
    maps, is_signal = _as_maps(node, network, network.activation(node))
    window = Window(map_size(node, shape_of(maps)))
    result = TensorType(element_of(maps), (shape_of(maps)[0], 1, 1))
    pooled = network.append(MaxPoolOp(node.name, maps, WindowAttr(window), result), node.name)
    return _as_signal(network, pooled, is_signal=is_signal)


def windowed_average_pool(
    node: OnnxNode, network: Network, operand: SSAValue, result: Attribute
) -> SSAValue:
    """An average pooling whose window is in the node's attributes."""
    counts_padding = bool(node.attribute("count_include_pad", 0))
    maps, is_signal = _as_maps(node, network, operand)
    size = map_size(node, shape_of(maps))
    window = pooling_window(node, size, count_include_pad=counts_padding, is_signal=is_signal)
    op = AveragePoolOp(
        node.name,
        maps,
        WindowAttr(window),
        TensorType(result, _pooled(node, maps, window)),
        count_include_pad=counts_padding,
    )
    return _as_signal(network, network.append(op, node.name), is_signal=is_signal)


def global_average_pool(
    node: OnnxNode, network: Network, operand: SSAValue, result: Attribute
) -> SSAValue:
    """The mean of each channel."""
    maps, is_signal = _as_maps(node, network, operand)
    window = WindowAttr(Window(map_size(node, shape_of(maps))))
    output = TensorType(result, (shape_of(maps)[0], 1, 1))
    pooled = network.append(GlobalAveragePoolOp(node.name, maps, window, output), node.name)
    return _as_signal(network, pooled, is_signal=is_signal)


def channels_last_refused(node: OnnxNode) -> None:
    """Refuse the layout of onnxruntime that has channels last."""
    if node.attribute("channels_last", 0):
        node.fail("has channels last; only [batch, channels, height, width] is supported")


def float_average_pool(node: OnnxNode, network: Network) -> Value:
    """AveragePool."""
    return windowed_average_pool(node, network, network.floats(node), f32)


def float_global_average_pool(node: OnnxNode, network: Network) -> Value:
    """GlobalAveragePool."""
    return global_average_pool(node, network, network.floats(node), f32)


def relu(node: OnnxNode, network: Network) -> Value:
    """Relu; on integer codes only if they are the values themselves."""
    operand = network.activation(node)
    code = quantization_of(operand.type)
    if code is not None and code.zero_point:
        node.fail("works on integer codes whose zero point is not 0")
    return network.append(ReluOp(node.name, operand), node.name)


def leaky_relu(node: OnnxNode, network: Network) -> Value:
    """LeakyRelu."""
    op = LeakyReluOp(node.name, network.floats(node), node.attribute("alpha", 0.01))
    return network.append(op, node.name)


def sigmoid(node: OnnxNode, network: Network) -> Value:
    """Sigmoid."""
    return network.append(SigmoidOp(node.name, network.floats(node)), node.name)


def clip(node: OnnxNode, network: Network) -> Value:
    """Clip of an activation; its bounds are constant, and the upper one wins over a higher lower.

    Of codes that were just quantised it tells how many bits they have.
    """
    operand = network.activation(node)
    constants = [network.optional_constant(node, index) for index in (1, 2)]
    lowest, highest = (None if c is None else float(c.values.reshape(-1)[0]) for c in constants)
    if lowest is not None and highest is not None:
        lowest = min(lowest, highest)
    code = quantization_of(operand.type)
    if code is not None:
        if lowest is not None and highest is not None and isinstance(operand.owner, QuantizeOp):
            bits = narrowed(code.bits, code.signed, (int(lowest), int(highest)))
            code = replace(code, bits=bits)
            result = TensorType(QuantType.of(code), shape_of(operand))
            operand = network.append(QuantizeOp(operand.owner.input, result), node.name)
            if (lowest, highest) == (code.minimum, code.maximum):
                return operand
        lowest, highest = (
            None if bound is None else (bound - code.zero_point) * code.scale
            for bound in (lowest, highest)
        )
    return network.append(ClipOp(node.name, operand, lowest, highest), node.name)


def add(node: OnnxNode, network: Network) -> Value:
    """Add or Sum, of activations and constants."""
    return _elementwise(node, network, is_product=False)


def mul(node: OnnxNode, network: Network) -> Value:
    """Mul, of activations and constants."""
    return _elementwise(node, network, is_product=True)


def _elementwise(node: OnnxNode, network: Network, *, is_product: bool) -> SSAValue:
    operands = [network.value(node, index) for index in range(len(node.inputs))]
    activations = [value for value in operands if isinstance(value, SSAValue)]
    if not activations:
        node.fail("has no operand that is an activation")
    for value in activations:
        if not is_floating(value):
            node.fail("works on float32 here; put DequantizeLinear in front of its operands")
    shape = broadcast_shape(node, [shape_of(value) for value in activations])
    if len(activations) > 1:
        op = MulOp if is_product else AddOp
        result = network.append(op(node.name, activations, TensorType(f32, shape)), node.name)
    else:
        result = activations[0]
    for value in operands:
        if isinstance(value, Constant | QuantizedConstant):
            result = _with_constant(node, network, result, value, is_product=is_product)
    return result


def _with_constant(
    node: OnnxNode,
    network: Network,
    operand: SSAValue,
    constant: Constant | QuantizedConstant,
    *,
    is_product: bool,
) -> SSAValue:
    """The operand times or plus a constant that broadcasting makes as large.

    The dimensions along which the constant varies take the place of the channels.
    """
    if isinstance(constant, QuantizedConstant):
        constant = constant.dequantized()
    shape = shape_of(operand)
    values = constant.values.astype(np.float32)
    varying = varying_dimensions(node, values.shape, shape)
    order = (*varying, *(axis for axis in range(len(shape)) if axis not in varying))
    moved = network.transposed(operand, order)
    extents = shape_of(moved)
    channels = prod(extents[: len(varying)]) if varying else extents[0]
    maps = network.regrouped(moved, (channels, *extents[max(1, len(varying)) :]))

    numbers = np.broadcast_to(values.reshape(-1), channels)
    scale, shift = numbers, np.zeros(channels, np.float32)
    if not is_product:
        scale, shift = np.ones(channels, np.float32), numbers
    parameters = [_channel_parameter(node, network, "scale", Constant(scale))]
    parameters.append(_channel_parameter(node, network, "shift", Constant(shift)))
    result = network.append(AffineOp(node.name, maps, *parameters), node.name)
    inverse = tuple(order.index(axis) for axis in range(len(shape)))
    return network.transposed(network.regrouped(result, extents), inverse)


def broadcast_shape(node: OnnxNode, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape of an element-wise result of operands of equal rank."""
    try:
        if len(set(map(len, shapes))) == 1:
            return np.broadcast_shapes(*shapes)
    except ValueError:
        pass
    texts = " and ".join("x".join(map(str, shape)) for shape in shapes)
    node.fail(f"has operands of shapes {texts}, which do not fit together")


def _channel_parameter(node: OnnxNode, network: Network, what: str, value: Constant) -> Attribute:
    element = TensorType(f32, [value.values.size])
    return network.parameters.array(f"{node.name}.{what}", value, element)


def batch_normalization(node: OnnxNode, network: Network) -> Value:
    """BatchNormalization in inference mode."""
    node.attribute("momentum")
    if node.attribute("training_mode", 0):
        node.fail("is in training mode")
    operand = network.floats(node)
    names = ("scale", "shift", "mean", "variance")
    constants: list[Constant] = []
    for index, name in enumerate(names, start=1):
        constant = network.value(node, index)
        if isinstance(constant, QuantizedConstant):
            constant = constant.dequantized()
        if not isinstance(constant, Constant):
            node.fail(f"its operand '{node.input(index)}' must be constant")
        if constant.values.shape != shape_of(operand)[:1]:
            node.fail(f"has {constant.values.size} {name} values for its channels")
        constants.append(constant)
    if (constants[3].values < 0).any():
        node.fail("has a negative variance")
    scale, shift, mean, variance = (
        _channel_parameter(node, network, name, constant)
        for name, constant in zip(names, constants, strict=True)
    )
    epsilon = node.attribute("epsilon", 1e-5)
    op = BatchNormOp(node.name, operand, scale, shift, mean, variance, epsilon)
    return network.append(op, node.name)


def local_response_normalization(node: OnnxNode, network: Network) -> Value:
    """LRN."""
    reals = [node.attribute(n, d) for n, d in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0))]
    op = LrnOp(node.name, network.floats(node), node.attribute("size"), *reals)
    return network.append(op, node.name)


def softmax(node: OnnxNode, network: Network) -> Value:
    """Softmax."""
    operand = network.floats(node)
    axis = softmax_axis(node, shape_of(operand))
    return network.append(SoftmaxOp(node.name, operand, axis), node.name)


def identity(node: OnnxNode, network: Network) -> Value:
    """Identity."""
    value = network.value(node, 0)
    assert value is not None
    if isinstance(value, SSAValue):
        return network.append(IdentityOp(node.name, value), node.name)
    return value


def dropout(node: OnnxNode, network: Network) -> Value:
    """Dropout, which does nothing when it does not train or drops at a ratio of 0."""
    node.attribute("seed")
    ratio, training = network.value(node, 1), network.value(node, 2)
    if not (training is None or _is_zero(training) or _is_zero(ratio)):
        node.fail("is in training mode")
    return identity(node, network)


def _is_zero(value: Value | None) -> bool:
    """Whether a value is a constant of zeros (or of False)."""
    return isinstance(value, Constant) and not value.values.any()
