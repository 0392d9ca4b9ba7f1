"""Reciprocals."""

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
class ReciprocalOp(UnaryDigitalOp):
    """1 / x."""

    name = "cnn.reciprocal"


def reciprocal(values: Reals) -> Reals:
    """1 / x, rounded once; infinite at 0."""
    import numpy as np

    with np.errstate(divide="ignore"):
        return np.divide(np.float32(1), values)


OPERATOR = Operator(
    ReciprocalOp,
    onnx={"Reciprocal": Import(from_floats(ReciprocalOp))},
    evaluate=of_elements(reciprocal),
    export=in_float("Reciprocal"),
)
