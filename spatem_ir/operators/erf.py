"""The error function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
from spatem_ir.operators.core.evaluation import of_elements
from spatem_ir.operators.core.forms import from_floats, in_float
from spatem_ir.operators.core.operator import Import, Operator

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals


@irdl_op_definition
class ErfOp(UnaryDigitalOp):
    """2 / √π · ∫ exp(−t²) dt from 0 to x."""

    name = "cnn.erf"


def erf(values: Reals) -> Reals:
    """The error function, rounded once."""
    import numpy as np

    exact = np.vectorize(math.erf, otypes=[np.float64])(values)
    return exact.astype(np.float32)


OPERATOR = Operator(
    ErfOp,
    onnx={"Erf": Import(from_floats(ErfOp))},
    evaluate=of_elements(erf),
    export=in_float("Erf"),
)
