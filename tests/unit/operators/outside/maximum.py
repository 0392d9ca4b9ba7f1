"""The operator Max of several tensors, as a package would add it."""

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
class MaxOp(ElementwiseOp):
    """The largest of all operands."""

    name = "cnn.max"


def largest(*operands: Reals) -> Reals:
    return reduce(np.maximum, operands)


OPERATOR = Operator(
    MaxOp,
    onnx={"Max": Import(from_activations(MaxOp))},
    evaluate=of_operands(largest),
    export=in_float("Max"),
)
