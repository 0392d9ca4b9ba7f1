"""Softplus."""

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
class SoftplusOp(UnaryDigitalOp):
    """ln(1 + exp(x))."""

    name = "cnn.softplus"


def softplus(values: Reals) -> Reals:
    """ln(1 + exp(x)), rounded once."""
    import numpy as np

    return np.logaddexp(values.astype(np.float64), 0).astype(np.float32)


OPERATOR = Operator(
    SoftplusOp,
    onnx={"Softplus": Import(from_floats(SoftplusOp))},
    evaluate=of_elements(softplus),
    export=in_float("Softplus"),
)
