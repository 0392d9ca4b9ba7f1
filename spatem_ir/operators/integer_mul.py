"""Products of integers that stand for themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition

from spatem_ir.operators.core.operator import Operator
from spatem_ir.operators.integer_add import IntegerOp, in_integers

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class IntegerMulOp(IntegerOp):
    """The product of two tensors of integers; what does not fit wraps around."""

    name = "cnn.integer_mul"


def evaluate(_: IntegerMulOp, operands: list[Array], __: ParameterStore) -> Array:
    """The product in the type of the operands."""
    first, second = operands
    return first * second


def export(op: IntegerMulOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Mul in int32."""
    return in_integers(op, graph, operands, "Mul")


OPERATOR = Operator(IntegerMulOp, evaluate=evaluate, export=export)
