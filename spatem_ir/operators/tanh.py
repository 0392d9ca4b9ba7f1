"""Hyperbolic tangent."""

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
class TanhOp(UnaryDigitalOp):
    """tanh(x)."""

    name = "cnn.tanh"


def tanh(values: Reals) -> Reals:
    """The hyperbolic tangent, rounded once."""
    import numpy as np

    return np.tanh(values.astype(np.float64)).astype(np.float32)


OPERATOR = Operator(
    TanhOp,
    onnx={"Tanh": Import(from_floats(TanhOp))},
    evaluate=of_elements(tanh),
    export=in_float("Tanh"),
)
