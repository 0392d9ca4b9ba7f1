"""Hard sigmoid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.cnn.operators import FunctionOp
from spatem_ir.dialects.cnn.parameters import REAL
from spatem_ir.dialects.cnn.syntax import Real
from spatem_ir.operators.core.evaluation import of_elements
from spatem_ir.operators.core.forms import from_floats_and_numbers, in_float
from spatem_ir.operators.core.operator import Import, Operator

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals


@irdl_op_definition
class HardSigmoidOp(FunctionOp):
    """min(max(alpha · x + beta, 0), 1): `cnn.hard_sigmoid @f %x alpha 0.2 beta 0.5 : …`."""

    name = "cnn.hard_sigmoid"

    alpha = prop_def(REAL)
    beta = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `alpha` custom<Real>($alpha) `beta` custom<Real>($beta) attr-dict "
        "`:` type($input) `->` type($output)"
    )


def hard_sigmoid(values: Reals, alpha: float, beta: float) -> Reals:
    """min(max(alpha · x + beta, 0), 1), step by step in float32 as onnxruntime."""
    import numpy as np

    line = np.float32(alpha) * values + np.float32(beta)
    return np.clip(line, np.float32(0), np.float32(1))


OPERATOR = Operator(
    HardSigmoidOp,
    onnx={"HardSigmoid": Import(from_floats_and_numbers(HardSigmoidOp, alpha=0.2, beta=0.5))},
    evaluate=of_elements(hard_sigmoid),
    export=in_float("HardSigmoid"),
)
