"""One of two values, by the sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.cnn.operators import FunctionOp
from spatem_ir.dialects.cnn.parameters import REAL
from spatem_ir.dialects.cnn.syntax import Real
from spatem_ir.operators.core.evaluation import of_elements
from spatem_ir.operators.core.operator import Operator

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder


@irdl_op_definition
class BipolarOp(FunctionOp):
    """`scale` where x ≥ 0, −scale elsewhere: `cnn.bipolar @n %x scale 0.5 : …`."""

    name = "cnn.bipolar"

    scale = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `scale` custom<Real>($scale) attr-dict "
        "`:` type($input) `->` type($output)"
    )


def bipolar(values: Reals, scale: float) -> Reals:
    """See :class:`BipolarOp`."""
    import numpy as np

    return np.where(values >= 0, np.float32(scale), -np.float32(scale))


def export(op: BipolarOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Less and Where on float32."""

    def compute(x: str) -> str:
        scale = op.numbers["scale"]
        is_negative = graph.add("Less", x, graph.scalar("zero", 0, "float32"))
        values = [graph.scalar("value", value, "float32") for value in (-scale, scale)]
        return graph.add("Where", is_negative, *values)

    return graph.in_float(op, operands, compute)


OPERATOR = Operator(BipolarOp, evaluate=of_elements(bipolar), export=export)
