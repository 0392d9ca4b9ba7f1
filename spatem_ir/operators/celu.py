"""Continuously differentiable exponential linear units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.operators import FunctionOp
from spatem_ir.dialects.cnn.parameters import REAL
from spatem_ir.dialects.cnn.syntax import Real
from spatem_ir.operators.core.evaluation import of_elements
from spatem_ir.operators.core.forms import from_floats_and_numbers, in_float
from spatem_ir.operators.core.operator import Import, Operator

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals


@irdl_op_definition
class CeluOp(FunctionOp):
    """max(x, 0) + min(alpha · (exp(x / alpha) − 1), 0): `cnn.celu @f %x alpha 1.0 : …`."""

    name = "cnn.celu"

    alpha = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `alpha` custom<Real>($alpha) attr-dict "
        "`:` type($input) `->` type($output)"
    )

    def verify_(self) -> None:
        super().verify_()
        if self.numbers["alpha"] <= 0:
            fail(self, f"has alpha {self.numbers['alpha']}; it must be positive")


def celu(values: Reals, alpha: float) -> Reals:
    """max(x, 0) + min(alpha · (exp(x / alpha) − 1), 0) for positive alpha, rounded once."""
    import numpy as np

    exact = values.astype(np.float64)
    negative = alpha * np.expm1(np.minimum(exact / alpha, 0))
    return np.where(exact > 0, exact, negative).astype(np.float32)


OPERATOR = Operator(
    CeluOp,
    onnx={"Celu": Import(from_floats_and_numbers(CeluOp, alpha=1.0))},
    evaluate=of_elements(celu),
    export=in_float("Celu"),
)
