"""Operands of weight layers: codes and constant weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.ir import SSAValue

from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.operators.onnx_import.tensors import (
    Constant,
    OnnxNode,
    QuantizedConstant,
    Value,
    code_of,
)

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_import.network import NetworkBuilder


def constant_shape(node: OnnxNode, weights: Value | None) -> tuple[int, ...]:
    """The shape of constant weights."""
    match weights:
        case Constant():
            return weights.values.shape
        case QuantizedConstant():
            return weights.codes.values.shape
        case _:
            node.fail(
                "its weights are not constant: crossbars hold constants; products of two "
                "activations, as in attention, are outside"
            )


def quantized_operand(
    node: OnnxNode, network: NetworkBuilder, index: int, axis: int
) -> QuantizedConstant:
    """The constant at input `index` with the scale and zero point at the next two inputs."""
    from spatem_ir.operators.onnx_import.parameters import quantized_constant

    codes = network.constant(node, index)
    scale, zero_point = network.value(node, index + 1), network.value(node, index + 2)
    return quantized_constant(node, codes, scale, zero_point, axis)


def integer_operands(
    node: OnnxNode, network: NetworkBuilder, axis: int
) -> tuple[SSAValue, Constant | QuantizedConstant]:
    """Codes and constant weights, whose zero points are inputs 2 and 3; all scales are 1.

    Several zero points of weights are those of dimension `axis`.  Codes of a DynamicQuantizeLinear
    have stayed float32, so that the weights are float32, too.
    """
    import numpy as np

    from spatem_ir.operators.onnx_import.parameters import quantized_constant

    operand = network.activation(node)
    code = quantization_of(operand.type)
    zero = network.optional_constant(node, 2)
    zero_point = 0 if zero is None else int(zero.values.reshape(-1)[0])
    if code is not None and zero_point != code.zero_point:
        node.fail(
            f"reads '{node.input(0)}' with zero point {zero_point}, but it is written with "
            f"{code.zero_point}"
        )
    codes = network.constant(node, 1)
    if code_of(codes.values.dtype) is None:
        node.fail(f"has weights of {codes.values.dtype}; they must be integers")
    one = Constant(np.ones((), np.float32))
    weights = quantized_constant(node, codes, one, network.value(node, 3), axis)
    return operand, weights if code is not None else weights.dequantized()
