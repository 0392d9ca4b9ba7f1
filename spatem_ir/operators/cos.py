"""Cosines."""

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
class CosOp(UnaryDigitalOp):
    """cos(x), in radians."""

    name = "cnn.cos"


def cosine(values: Reals) -> Reals:
    """The cosine, rounded once."""
    import numpy as np

    return np.cos(values.astype(np.float64)).astype(np.float32)


OPERATOR = Operator(
    CosOp,
    onnx={"Cos": Import(from_floats(CosOp))},
    evaluate=of_elements(cosine),
    export=in_float("Cos"),
)
