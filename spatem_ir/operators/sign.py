"""Signs."""

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
class SignOp(UnaryDigitalOp):
    """−1 where x < 0, 1 where x > 0, 0 elsewhere."""

    name = "cnn.sign"


def sign(values: Reals) -> Reals:
    """The signs of the values."""
    import numpy as np

    return np.sign(values)


OPERATOR = Operator(
    SignOp,
    onnx={"Sign": Import(from_floats(SignOp))},
    evaluate=of_elements(sign),
    export=in_float("Sign"),
)
