"""Sigmoid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
from spatem_ir.operators.core.evaluation import of_elements
from spatem_ir.operators.core.forms import from_floats, from_stated_codes, in_float
from spatem_ir.operators.core.operator import Import, Operator

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals


@irdl_op_definition
class SigmoidOp(UnaryDigitalOp):
    """1 / (1 + exp(−x))."""

    name = "cnn.sigmoid"


def sigmoid(values: Reals) -> Reals:
    """1 / (1 + exp(−x)), rounded once."""
    import numpy as np

    with np.errstate(over="ignore"):
        return (1 / (1 + np.exp(-values.astype(np.float64)))).astype(np.float32)


OPERATOR = Operator(
    SigmoidOp,
    onnx={
        "Sigmoid": Import(from_floats(SigmoidOp)),
        "com.microsoft.QLinearSigmoid": Import(from_stated_codes(SigmoidOp), stating=(0,)),
    },
    evaluate=of_elements(sigmoid),
    export=in_float("Sigmoid"),
)
