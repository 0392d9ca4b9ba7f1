"""Hard swish."""

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
class HardSwishOp(UnaryDigitalOp):
    """x · min(max(x / 6 + 1/2, 0), 1)."""

    name = "cnn.hard_swish"


def hard_swish(values: Reals) -> Reals:
    """See :class:`HardSwishOp`; step by step in float32, as onnxruntime."""
    import numpy as np

    gate = np.clip(np.float32(1 / 6) * values + np.float32(0.5), np.float32(0), np.float32(1))
    return np.multiply(values, gate)


OPERATOR = Operator(
    HardSwishOp,
    onnx={"HardSwish": Import(from_floats(HardSwishOp))},
    evaluate=of_elements(hard_swish),
    export=in_float("HardSwish"),
)
