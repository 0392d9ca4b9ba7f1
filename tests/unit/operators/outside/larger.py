"""An operator on several tensors of a domain of its own, as a package would add it."""

from __future__ import annotations

from functools import reduce

import numpy as np
from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.cnn.operators import ElementwiseOp
from spatem_ir.numerics.codes import Reals
from spatem_ir.operators.core.elementwise import from_activations
from spatem_ir.operators.core.evaluation import of_operands
from spatem_ir.operators.core.forms import in_float
from spatem_ir.operators.core.operator import Import, Operator


@irdl_op_definition
class LargerOp(ElementwiseOp):
    """The largest of all operands."""

    name = "cnn.larger"


def largest(*operands: Reals) -> Reals:
    return reduce(np.maximum, operands)


OPERATOR = Operator(
    LargerOp,
    onnx={"org.example.Larger": Import(from_activations(LargerOp))},
    evaluate=of_operands(largest),
    export=in_float("Max"),
)
