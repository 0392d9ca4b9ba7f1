"""Arc tangents."""

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
class AtanOp(UnaryDigitalOp):
    """The angle whose tangent is x, in radians."""

    name = "cnn.atan"


def arc_tangent(values: Reals) -> Reals:
    """The arc tangent, rounded once."""
    import numpy as np

    return np.arctan(values.astype(np.float64)).astype(np.float32)


OPERATOR = Operator(
    AtanOp,
    onnx={"Atan": Import(from_floats(AtanOp))},
    evaluate=of_elements(arc_tangent),
    export=in_float("Atan"),
)
