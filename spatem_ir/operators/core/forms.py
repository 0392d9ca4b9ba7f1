"""The usual forms of conversions from ONNX and of exports to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.operators import DigitalOp, FunctionOp, UnaryDigitalOp

if TYPE_CHECKING:
    from spatem_ir.operators.core.operator import Convert, Export
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value


def from_floats(op: type[UnaryDigitalOp]) -> Convert:
    """Conversion of a node with one float32 operand and no attributes."""

    def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
        return network.append(op(node.name, network.floats(node)), node.name)

    return convert


def from_floats_and_numbers(op: type[FunctionOp], **defaults: float) -> Convert:
    """Conversion of a node with one float32 operand whose attributes are the op's numbers."""

    def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
        numbers = {name: node.attribute(name, default) for name, default in defaults.items()}
        return network.append(op(node.name, network.floats(node), **numbers), node.name)

    return convert


def from_stated_codes(op: type[UnaryDigitalOp]) -> Convert:
    """Conversion of a node (codes, scale, zero point, scale of the result, zero point of it)."""

    def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
        codes = network.stated_codes(node, 0)
        result = TensorType(network.stated_type(node, 3), shape_of(codes))
        return network.append(op(node.name, codes, result), node.name)

    return convert


def in_float(operator: str) -> Export:
    """Export as an operator of ONNX on float32, between dequantisation and quantisation.

    The op's numbers, if it has any, are attributes of their names.
    """

    def export(op: DigitalOp, graph: GraphBuilder, operands: list[str]) -> str:
        numbers = op.numbers if isinstance(op, FunctionOp) else {}
        return graph.in_float(op, operands, lambda *values: graph.add(operator, *values, **numbers))

    return export
