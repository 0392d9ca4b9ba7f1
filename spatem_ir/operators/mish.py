"""Mish."""

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
class MishOp(UnaryDigitalOp):
    """x · tanh(ln(1 + exp(x)))."""

    name = "cnn.mish"


def mish(values: Reals) -> Reals:
    """See :class:`MishOp`; rounded once."""
    import numpy as np

    exact = values.astype(np.float64)
    return (exact * np.tanh(np.logaddexp(exact, 0))).astype(np.float32)


OPERATOR = Operator(
    MishOp,
    onnx={"Mish": Import(from_floats(MishOp))},
    evaluate=of_elements(mish),
    export=in_float("Mish"),
)
