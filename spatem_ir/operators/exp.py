"""Powers of e."""

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
class ExpOp(UnaryDigitalOp):
    """exp(x)."""

    name = "cnn.exp"


def exp(values: Reals) -> Reals:
    """The power of e, rounded once."""
    import numpy as np

    with np.errstate(over="ignore"):
        return np.exp(values.astype(np.float64)).astype(np.float32)


OPERATOR = Operator(
    ExpOp,
    onnx={"Exp": Import(from_floats(ExpOp))},
    evaluate=of_elements(exp),
    export=in_float("Exp"),
)
