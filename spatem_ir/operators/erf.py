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
    from spatem_ir.numerics.codes import Array, Reals


@irdl_op_definition
class ErfOp(UnaryDigitalOp):
    """2 / √π · ∫ exp(−t²) dt from 0 to x."""

    name = "cnn.erf"


def erf(values: Reals) -> Reals:
    """The error function, rounded once."""
    import numpy as np

    return exact_erf(values).astype(np.float32)


def exact_erf(values: Array) -> Array:
    """The error function in float64; numpy has none."""
    import numpy as np

    found = [math.erf(value) for value in values.reshape(-1).tolist()]
    return np.array(found, np.float64).reshape(values.shape)


OPERATOR = Operator(
    ErfOp,
    onnx={"Erf": Import(from_floats(ErfOp))},
    evaluate=of_elements(erf),
    export=in_float("Erf"),
)
