"""Differences of two tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.operators import ElementwiseOp
from spatem_ir.operators.affine import shifted
from spatem_ir.operators.core.elementwise import of_activations, two_operands
from spatem_ir.operators.core.evaluation import of_operands
from spatem_ir.operators.core.forms import in_float
from spatem_ir.operators.core.operator import Import, Operator

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value


@irdl_op_definition
class SubOp(ElementwiseOp):
    """The first operand minus the second, in float32."""

    name = "cnn.sub"

    def verify_(self) -> None:
        super().verify_()
        if len(self.inputs) != 2:
            fail(self, f"subtracts one tensor from another, but has {len(self.inputs)}")


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Sub, of activations or of one and a constant."""
    first, second = two_operands(node, network)
    result = of_activations(node, network, SubOp)
    if not isinstance(second, SSAValue):
        return shifted(node, network, result, second, signs=(1, -1))
    if not isinstance(first, SSAValue):
        return shifted(node, network, result, first, signs=(-1, 1))
    return result


def difference(first: Reals, second: Reals) -> Reals:
    """The first minus the second."""
    return first - second


OPERATOR = Operator(
    SubOp,
    {"Sub": Import(convert)},
    evaluate=of_operands(difference),
    export=in_float("Sub"),
)
