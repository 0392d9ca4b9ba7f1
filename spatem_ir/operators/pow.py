"""Powers with a constant whole exponent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.attributes import REAL
from spatem_ir.dialects.cnn.operators import FunctionOp
from spatem_ir.dialects.cnn.syntax import Real
from spatem_ir.operators.core.evaluation import of_elements
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.sqrt import SqrtOp

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value


@irdl_op_definition
class PowOp(FunctionOp):
    """x to the power of a whole exponent: `cnn.pow @f %x exponent 2.0 : …`."""

    name = "cnn.pow"

    exponent = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `exponent` custom<Real>($exponent) attr-dict "
        "`:` type($input) `->` type($output)"
    )

    def verify_(self) -> None:
        super().verify_()
        if not self.numbers["exponent"].is_integer():
            fail(self, f"has exponent {self.numbers['exponent']}; it must be whole")


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Pow with one constant exponent for all elements: a whole one, or 1/2, the square root."""
    operand, exponents = network.floats(node), network.constant(node, 1).values.reshape(-1)
    if exponents.size == 0 or (exponents != exponents[0]).any():
        node.fail("has several exponents; one for all elements is supported")
    exponent = float(exponents[0])
    if exponent == 0.5:
        return network.append(SqrtOp(node.name, operand), node.name)
    if not exponent.is_integer():
        node.fail(f"has exponent {exponent:.9g}; whole ones and 0.5 are supported")
    return network.append(PowOp(node.name, operand, exponent=exponent), node.name)


def power(values: Reals, exponent: float) -> Reals:
    """Values to the power of the exponent, rounded once; infinite at 0 for negative exponents."""
    import numpy as np

    with np.errstate(divide="ignore", over="ignore"):
        return np.power(values.astype(np.float64), exponent).astype(np.float32)


def export(op: PowOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Pow on float32."""
    exponent = op.numbers["exponent"]

    def compute(x: str) -> str:
        return graph.add("Pow", x, graph.scalar("exponent", exponent, "float32"))

    return graph.in_float(op, operands, compute)


OPERATOR = Operator(PowOp, {"Pow": Import(convert)}, of_elements(power), export)
