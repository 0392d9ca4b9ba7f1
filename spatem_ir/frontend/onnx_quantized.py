"""Handlers of ONNX's quantisation: QuantizeLinear, DequantizeLinear, operators on codes."""

from __future__ import annotations

from onnx import TensorProto, helper
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, SSAValue

from spatem_ir.dialects.checks import is_floating, shape_of
from spatem_ir.dialects.cnn import (
    AddOp,
    LeakyReluOp,
    MulOp,
    QuantizeOp,
    RequantizeOp,
    SigmoidOp,
)
from spatem_ir.dialects.cnn.attributes import QuantType, quantization_of
from spatem_ir.frontend.onnx_constants import code_of
from spatem_ir.frontend.onnx_graph import Constant, OnnxNode
from spatem_ir.frontend.onnx_moves import joined
from spatem_ir.frontend.onnx_network import Network, dequantized
from spatem_ir.frontend.onnx_operators import (
    broadcast_shape,
    channels_last_refused,
    global_average_pool,
    windowed_average_pool,
)
from spatem_ir.frontend.onnx_parameters import quantized_constant
from spatem_ir.frontend.onnx_values import Value


def quantize(node: OnnxNode, network: Network) -> Value:
    """QuantizeLinear."""
    for name in ("axis", "saturate", "precision"):
        node.attribute(name)
    _refuse_blocks(node)
    operand = network.activation(node)
    if not is_floating(operand):
        node.fail("quantises a tensor that is already integer")
    output_type = node.attribute("output_dtype", TensorProto.UNDEFINED) or TensorProto.UINT8
    storage = code_of(helper.tensor_dtype_to_np_dtype(output_type))
    if storage is None:
        node.fail("quantises to a type that is no integer")
    code = QuantType.of(network.stated_code(node, 1, storage))
    op = QuantizeOp(operand, TensorType(code, shape_of(operand)))
    return network.append(op, f"{operand.name_hint}_codes")


def dequantize(node: OnnxNode, network: Network) -> Value:
    """DequantizeLinear of an activation or of a constant."""
    axis = node.attribute("axis", 1)
    node.attribute("output_dtype")
    _refuse_blocks(node)
    operand = network.value(node, 0)
    if isinstance(operand, Constant):
        scale, zero_point = network.value(node, 1), network.value(node, 2)
        return quantized_constant(node, operand, scale, zero_point, axis)
    return dequantized(network, network.stated_codes(node, 0))


def _refuse_blocks(node: OnnxNode) -> None:
    if node.attribute("block_size", 0):
        node.fail("has a block_size; only scales per tensor or per channel are supported")


def qlinear_average_pool(node: OnnxNode, network: Network) -> Value:
    """QLinearAveragePool of onnxruntime."""
    channels_last_refused(node)
    codes = network.stated_codes(node, 0)
    return windowed_average_pool(node, network, codes, _stated_type(node, network, 3))


def qlinear_global_average_pool(node: OnnxNode, network: Network) -> Value:
    """QLinearGlobalAveragePool of onnxruntime."""
    channels_last_refused(node)
    codes = network.stated_codes(node, 0)
    return global_average_pool(node, network, codes, _stated_type(node, network, 3))


def qlinear_add(node: OnnxNode, network: Network) -> Value:
    """QLinearAdd of onnxruntime, computed in float32."""
    operands, result = _stated_pair(node, network)
    return network.append(AddOp(node.name, operands, result), node.name)


def qlinear_concat(node: OnnxNode, network: Network) -> Value:
    """QLinearConcat of onnxruntime: operands under the code of the result, joined."""
    result = network.stated_code(node, 0)
    parts = []
    for index in range(2, len(node.inputs), 3):
        codes = network.stated_codes(node, index)
        if quantization_of(codes.type) != result:
            element = TensorType(QuantType.of(result), shape_of(codes))
            name = f"{node.name}.{len(parts)}"
            codes = network.append(RequantizeOp(name, codes, element), name)
        parts.append(codes)
    return joined(node, network, parts)


def qlinear_mul(node: OnnxNode, network: Network) -> Value:
    """QLinearMul of onnxruntime."""
    operands, result = _stated_pair(node, network)
    return network.append(MulOp(node.name, operands, result), node.name)


def qlinear_leaky_relu(node: OnnxNode, network: Network) -> Value:
    """QLinearLeakyRelu of onnxruntime."""
    codes = network.stated_codes(node, 0)
    result = TensorType(_stated_type(node, network, 3), shape_of(codes))
    op = LeakyReluOp(node.name, codes, node.attribute("alpha", 0.01), result)
    return network.append(op, node.name)


def qlinear_sigmoid(node: OnnxNode, network: Network) -> Value:
    """QLinearSigmoid of onnxruntime."""
    codes = network.stated_codes(node, 0)
    result = TensorType(_stated_type(node, network, 3), shape_of(codes))
    return network.append(SigmoidOp(node.name, codes, result), node.name)


def _stated_pair(node: OnnxNode, network: Network) -> tuple[list[SSAValue], TensorType]:
    """Two operands of equal rank with their scales, and the type of the result."""
    operands = [network.stated_codes(node, index) for index in (0, 3)]
    shape = broadcast_shape(node, [shape_of(operand) for operand in operands])
    return operands, TensorType(_stated_type(node, network, 6), shape)


def _stated_type(node: OnnxNode, network: Network, index: int) -> Attribute:
    return QuantType.of(network.stated_code(node, index))
