"""Codes to float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn import DequantizeOp
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.channel_codes import dequantized_by_channel, has_several
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, Value
from spatem_ir.operators.step import truth_of

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.weights.store import ParameterStore


REAL_TYPES = ("float32", "float16", "bfloat16", "float64")
"""Types of real numbers, which are float32 in a network."""


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """DequantizeLinear of an activation or of a constant.

    What DynamicQuantizeLinear quantises has stayed float32.
    """
    from spatem_ir.operators.onnx_import.parameters import quantized_constant

    axis = node.attribute("axis", 1)
    node.attribute("output_dtype")
    operand = network.value(node, 0)
    if isinstance(operand, Constant):
        if node.attribute("block_size", 0):
            node.fail("has a block_size; weights have one scale for all or one per channel")
        scale, zero_point = network.value(node, 1), network.value(node, 2)
        return quantized_constant(node, operand, scale, zero_point, axis)
    if is_floating(network.activation(node)):
        return network.activation(node)
    if has_several(node, network):
        node.attribute("block_size")
        return dequantized_by_channel(node, network, network.activation(node))
    return network.dequantized(network.stated_codes(node, 0))


def convert_cast(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Cast of integers to real numbers: their values, which stand for themselves.

    Real numbers are float32, whatever the width that a model gives them, and so are truth values.
    """
    from onnx import helper

    node.attribute("saturate")
    operand = network.activation(node)
    target = helper.tensor_dtype_to_np_dtype(node.attribute("to"))
    code = quantization_of(operand.type)
    is_real = target in REAL_TYPES
    if code is None and is_real:
        return operand
    if code is None and target == "bool":
        return truth_of(node, network, operand)
    if code is None or not is_real or code.scale != 1.0 or code.zero_point:
        node.fail(
            f"to {target} is supported for integers of scale 1 and zero point 0, to real numbers"
        )
    return network.dequantized(operand)


def fold_cast(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    """Cast of a constant."""
    from onnx import helper

    node.attribute("saturate")
    dtype = helper.tensor_dtype_to_np_dtype(node.attribute("to"))
    if operands[0].values.dtype == dtype:
        return operands[0]
    return Constant(operands[0].values.astype(dtype))


def evaluate(op: DequantizeOp, operands: list[Array], _: ParameterStore) -> Array:
    """``(x − zero point) · scale``."""
    from spatem_ir.numerics.codes import dequantize

    return dequantize(operands[0], quantized(op, op.input))


def export(op: DequantizeOp, graph: GraphBuilder, operands: list[str]) -> str:
    """DequantizeLinear, or what it computes for wide codes."""
    return graph.dequantized(operands[0], quantized(op, op.input))


OPERATOR = Operator(
    DequantizeOp,
    {
        "DequantizeLinear": Import(convert, stating=(0,)),
        "com.microsoft.DequantizeLinear": Import(convert, stating=(0,), typed_like=1),
        "Cast": Import(convert_cast, fold_cast),
    },
    evaluate,
    export,
)
