"""Absolute values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
from spatem_ir.operators.core.evaluation import of_elements
from spatem_ir.operators.core.forms import from_floats, in_float
from spatem_ir.operators.core.operator import Import, Operator

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals


@irdl_op_definition
class AbsOp(UnaryDigitalOp):
    """|x|."""

    name = "cnn.abs"


def absolute(values: Reals) -> Reals:
    """|x|."""
    import numpy as np

    return np.abs(values)


OPERATOR = Operator(
    AbsOp,
    onnx={"Abs": Import(from_floats(AbsOp))},
    evaluate=of_elements(absolute),
    export=in_float("Abs"),
)
