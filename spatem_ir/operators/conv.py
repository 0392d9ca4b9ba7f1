"""Convolutions and transposed ones, of two dimensions and of one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Attribute, SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import ConvOp
from spatem_ir.dialects.cnn.weight_layers import ACCUMULATOR_TYPE
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.core.weight_layers import export_weight_layer
from spatem_ir.operators.gather import gathered
from spatem_ir.operators.onnx_import.pooling import as_maps, as_signal
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, QuantizedConstant, Value
from spatem_ir.operators.onnx_import.transposed import (
    Phases,
    phased_bias,
    phased_weights,
    phases_of,
    window_of,
)
from spatem_ir.operators.onnx_import.volumes import DIMENSIONS, Volume
from spatem_ir.operators.onnx_import.weights import (
    constant_shape,
    integer_operands,
    quantized_operand,
)
from spatem_ir.operators.onnx_import.windows import convolution_window, map_size
from spatem_ir.operators.relu import ReluOp

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_import.network import NetworkBuilder


def _convolution(
    node: OnnxNode,
    network: NetworkBuilder,
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
    if len(shape) == 2 + DIMENSIONS:
        return _of_volumes(node, network, operand, weights, bias, result)
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


def _of_volumes(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    weights: Constant | QuantizedConstant,
    bias: Value | None,
    result: Attribute,
) -> SSAValue:
    """A convolution with constant weights [channels, channels / groups, depth, height, width]."""
    outputs, inputs, *kernel = constant_shape(node, weights)
    node.attribute("kernel_shape")
    volume = Volume.of(node, tuple(kernel), shape_of(operand))
    maps = volume.as_map(node, network, operand, repeats=False)
    shape = (outputs, inputs, *volume.window.kernel)
    groups = node.attribute("group", 1)
    properties = network.parameters.of_layer(node, maps, weights.reshaped(shape), bias, shape)
    depth, rows, columns = volume.shape
    output = TensorType(result, (outputs, depth * rows, columns))
    sums = network.append(ConvOp(maps, output, volume.window, properties, groups), node.name)
    return network.regrouped(sums, (outputs, depth, rows, columns))


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Conv."""
    weights, bias = network.value(node, 1), network.value(node, 2)
    return _convolution(node, network, network.floats(node), weights, bias, f32)


def convert_fused(node: OnnxNode, network: NetworkBuilder) -> Value:
    """FusedConv of onnxruntime: a convolution and Relu."""
    activation = node.attribute("activation", "Relu")
    node.attribute("activation_params")
    if activation != "Relu" or node.input(3):
        node.fail(f"has the activation '{activation}', or an addend; Relu alone is supported")
    part = replace(node, name=f"{node.name}.sums")
    weights, bias = network.value(node, 1), network.value(node, 2)
    sums = _convolution(part, network, network.floats(node), weights, bias, f32)
    return network.append(ReluOp(node.name, sums), node.name)


def convert_codes(node: OnnxNode, network: NetworkBuilder) -> Value:
    """QLinearConv."""
    codes, weights = network.stated_codes(node, 0), quantized_operand(node, network, 3, axis=0)
    result = network.stated_type(node, 6)
    return _convolution(node, network, codes, weights, network.value(node, 8), result)


def convert_integers(node: OnnxNode, network: NetworkBuilder) -> Value:
    """ConvInteger: sums in int32."""
    operand, weights = integer_operands(node, network, axis=0)
    result = f32 if isinstance(weights, Constant) else ACCUMULATOR_TYPE
    return _convolution(node, network, operand, weights, None, result)


def convert_transposed(node: OnnxNode, network: NetworkBuilder) -> Value:
    """ConvTranspose: a convolution that computes all phases of the result, and a view."""
    operand, weights = network.floats(node), network.value(node, 1)
    shape = constant_shape(node, weights)
    assert isinstance(weights, Constant | QuantizedConstant)
    is_signal = len(shape) == 3
    if is_signal:
        weights = weights.reshaped((*shape[:2], 1, shape[2]))
        shape = constant_shape(node, weights)
    maps, _ = as_maps(node, network, operand)
    channels, height, width = shape_of(maps)
    groups = node.attribute("group", 1)
    if len(shape) != 4 or shape[0] != channels or channels % groups:
        node.fail("has weights that do not fit its input [batch, channels, (height,) width]")
    kernel, size = (shape[2], shape[3]), (height, width)
    axes = rows, columns = phases_of(node, kernel, size, is_signal=is_signal)
    for dimension, axis in enumerate(axes):
        maps = gathered(network, maps, 1 + dimension, axis.kept, node.name)
    weights = phased_weights(node, weights, groups, rows, columns)
    bias = phased_bias(network.value(node, 2), rows.stride * columns.stride)
    kernels = constant_shape(node, weights)
    properties = network.parameters.of_layer(node, maps, weights, bias, kernels)
    output = TensorType(f32, (kernels[0], rows.count, columns.count))
    op = ConvOp(maps, output, window_of(rows, columns), properties, groups)
    result = _dealt(network, network.append(op, node.name), rows, columns)
    return as_signal(network, result, is_signal=is_signal)


def _dealt(network: NetworkBuilder, maps: SSAValue, rows: Phases, columns: Phases) -> SSAValue:
    """Maps of all phases, dealt to rows and columns."""
    phases = rows.stride * columns.stride
    if phases == 1:
        return maps
    channels = shape_of(maps)[0] // phases
    split = (channels, rows.stride, columns.stride, rows.count, columns.count)
    maps = network.transposed(network.regrouped(maps, split), (0, 3, 1, 4, 2))
    whole = (channels, rows.count * rows.stride, columns.count * columns.stride)
    maps = network.regrouped(maps, whole)
    for dimension, axis in enumerate((rows, columns)):
        maps = gathered(network, maps, 1 + dimension, range(axis.results))
    return maps


OPERATOR = Operator(
    ConvOp,
    {
        "Conv": Import(convert),
        "ConvTranspose": Import(convert_transposed),
        "com.microsoft.FusedConv": Import(convert_fused),
        "ConvInteger": Import(convert_integers, zero_point=2),
        "QLinearConv": Import(convert_codes, stating=(0,)),
    },
    export=export_weight_layer,
)
