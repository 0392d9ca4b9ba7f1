"""Handlers of ONNX's quantisation: QuantizeLinear, DequantizeLinear and integer operators."""

from __future__ import annotations

from onnx import TensorProto, helper
from xdsl.ir import SSAValue

from spatem_ir.dialects.cnn_attributes import Quantization
from spatem_ir.frontend.onnx_constants import code_of
from spatem_ir.frontend.onnx_graph import Constant, Node
from spatem_ir.frontend.onnx_network import Network
from spatem_ir.frontend.onnx_operators import (
    Handler,
    convolution,
    dense,
    windowed_average_pool,
)
from spatem_ir.frontend.onnx_parameters import quantized_constant
from spatem_ir.frontend.onnx_values import Codes, QuantizedConstant, Real, Value


def _quantize(node: Node, network: Network) -> Value:
    for name in ("axis", "saturate", "precision"):
        node.attribute(name)
    _refuse_blocks(node)
    activation = network.activation(node, 0)
    if not isinstance(activation, Real):
        node.fail("quantises a tensor that is already integer")
    output_type = node.attribute("output_dtype", TensorProto.UNDEFINED) or TensorProto.UINT8
    storage = code_of(helper.tensor_dtype_to_np_dtype(output_type))
    if storage is None:
        node.fail("quantises to a type that is no integer")
    return Codes(activation.codes(network.stated_code(node, 1, storage)))


def _dequantize(node: Node, network: Network) -> Value:
    axis = node.attribute("axis", 1)
    node.attribute("output_dtype")
    _refuse_blocks(node)
    operand = network.value(node, 0)
    if isinstance(operand, Constant):
        scale, zero_point = network.value(node, 1), network.value(node, 2)
        return quantized_constant(node, operand, scale, zero_point, axis)
    codes = network.stated_codes(node, 0)
    own = Codes(codes).quantization

    def emit(code: Quantization) -> SSAValue:
        if code != own:
            node.fail(
                f"its result is quantised again with scale {code.scale:.9g} and zero point "
                f"{code.zero_point} instead of {own.scale:.9g} and {own.zero_point}; a change of "
                "scale needs a layer in between"
            )
        return codes

    return Real(node, Codes(codes).shape, emit, own)


def _refuse_blocks(node: Node) -> None:
    if node.attribute("block_size", 0):
        node.fail("has a block_size; only scales per tensor or per channel are supported")


def _quantized_operand(node: Node, network: Network, index: int, axis: int) -> QuantizedConstant:
    """The constant at input `index` with the scale and zero point at the next two inputs."""
    codes = network.constant(node, index)
    scale, zero_point = network.value(node, index + 1), network.value(node, index + 2)
    return quantized_constant(node, codes, scale, zero_point, axis)


def _qlinear_convolution(node: Node, network: Network) -> Value:
    codes, weights = network.stated_codes(node, 0), _quantized_operand(node, network, 3, axis=0)
    layer = convolution(node, network, codes, weights, network.value(node, 8))
    return Codes(layer.codes(network.stated_code(node, 6)))


def _qlinear_matmul(node: Node, network: Network) -> Value:
    codes, weights = network.stated_codes(node, 0), _quantized_operand(node, network, 3, axis=1)
    layer = dense(node, network, codes, weights, None)
    return Codes(layer.codes(network.stated_code(node, 6)))


def _qgemm(node: Node, network: Network) -> Value:
    if not node.input(7):
        node.fail("has a float32 result; give it y_scale and y_zero_point")
    axis = 0 if node.attribute("transB", 0) else 1
    codes, weights = network.stated_codes(node, 0), _quantized_operand(node, network, 3, axis)
    layer = dense(node, network, codes, weights, network.value(node, 6))
    return Codes(layer.codes(network.stated_code(node, 7)))


def _qlinear_average_pool(node: Node, network: Network) -> Value:
    if node.attribute("channels_last", 0):
        node.fail("has channels last; only [batch, channels, height, width] is supported")
    pool = windowed_average_pool(node, network, network.stated_codes(node, 0))
    return Codes(pool.codes(network.stated_code(node, 3)))


QUANTIZED_OPERATORS: dict[str, Handler] = {
    "DequantizeLinear": _dequantize,
    "QLinearConv": _qlinear_convolution,
    "QLinearMatMul": _qlinear_matmul,
    "QuantizeLinear": _quantize,
    "com.microsoft.QGemm": _qgemm,
    "com.microsoft.QLinearAveragePool": _qlinear_average_pool,
}
"""The handlers of quantisation and of integer operators."""
