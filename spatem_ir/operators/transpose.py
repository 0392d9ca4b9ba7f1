"""Permutations of dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import TransposeOp
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, QuantizedConstant, Value

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.weights.store import ParameterStore


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Transpose of a constant, or of the dimensions behind the batch."""
    value = network.value(node, 0)
    if isinstance(value, QuantizedConstant):
        return value.transposed(_permutation(node, value.codes.values.ndim))
    operand = network.activation(node)
    dimensions = len(shape_of(operand)) + 1
    permutation = _permutation(node, dimensions)
    if sorted(permutation) != list(range(dimensions)) or permutation[0] != 0:
        node.fail(f"has perm {list(permutation)}, which moves the batch")
    return network.transposed(operand, tuple(axis - 1 for axis in permutation[1:]), node.name)


def fold(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    """Transpose of a constant."""
    return operands[0].transposed(_permutation(node, operands[0].values.ndim))


def _permutation(node: OnnxNode, dimensions: int) -> tuple[int, ...]:
    """The node's permutation; by default, dimensions in reverse order."""
    return tuple(node.attribute("perm", range(dimensions)[::-1]))


def evaluate(op: TransposeOp, operands: list[Array], _: ParameterStore) -> Array:
    """Permuted dimensions, behind the batch."""
    return operands[0].transpose(0, *(1 + dimension for dimension in op.order))


def export(op: TransposeOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Transpose behind the batch."""
    return graph.add("Transpose", operands[0], perm=[0, *(n + 1 for n in op.order)])


OPERATOR = Operator(
    TransposeOp, {"Transpose": Import(convert, fold, passes_code=True)}, evaluate, export
)
