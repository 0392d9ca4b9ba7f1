"""Quotients of two tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.checks import fail, is_floating
from spatem_ir.dialects.cnn.operators import ElementwiseOp
from spatem_ir.operators.affine import scaled
from spatem_ir.operators.core.elementwise import of_activations, two_operands
from spatem_ir.operators.core.evaluation import computed
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.reciprocal import ReciprocalOp

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class DivOp(ElementwiseOp):
    """The first operand divided by the second, in float32; on codes 0 / 0 is 0."""

    name = "cnn.div"

    def verify_(self) -> None:
        super().verify_()
        if len(self.inputs) != 2:
            fail(self, f"divides one tensor by another, but has {len(self.inputs)}")


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Div, of activations or of one and a constant."""
    first, second = two_operands(node, network)
    result = of_activations(node, network, DivOp)
    if not isinstance(second, SSAValue):
        return scaled(node, network, result, second, by_reciprocals=True)
    if not isinstance(first, SSAValue):
        name = f"{node.name}.reciprocal"
        return scaled(node, network, network.append(ReciprocalOp(name, result), name), first)
    return result


def quotient(first: Reals, second: Reals) -> Reals:
    """The first divided by the second: infinite, or no number, where the second is 0."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        return first / second


def quotient_or_zero(first: Reals, second: Reals) -> Reals:
    """The quotient, 0 where both are 0."""
    import numpy as np

    return np.where((first == 0) & (second == 0), np.float32(0), quotient(first, second))


def evaluate(op: DivOp, operands: list[Array], _: ParameterStore) -> Array:
    """See :func:`quotient` and :func:`quotient_or_zero`."""
    return computed(op, operands, quotient if is_floating(op.output) else quotient_or_zero)


def export(op: DivOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Div on float32, of codes with 0 in place of what is no number."""

    def compute(first: str, second: str) -> str:
        result = graph.add("Div", first, second)
        if is_floating(op.output):
            return result
        zero = graph.scalar("zero", 0, "float32")
        return graph.add("Where", graph.add("IsNaN", result), zero, result)

    return graph.in_float(op, operands, compute)


OPERATOR = Operator(DivOp, {"Div": Import(convert)}, evaluate, export)
