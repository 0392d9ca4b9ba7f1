"""The logarithm of softmax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition

from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.softmax import LineOp, along_axis, along_dimension, of_lines

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals


@irdl_op_definition
class LogSoftmaxOp(LineOp):
    """x − ln Σ exp(x), the sum along one dimension."""

    name = "cnn.log_softmax"


def log_softmax(values: Reals, axis: int) -> Reals:
    """See :class:`LogSoftmaxOp`; the dimension is one of the array, the result is rounded once."""
    import numpy as np

    exact = values.astype(np.float64)
    shifted = exact - exact.max(axis=axis, keepdims=True)
    sums = np.exp(shifted).sum(axis=axis, keepdims=True)
    return (shifted - np.log(sums)).astype(np.float32)


OPERATOR = Operator(
    LogSoftmaxOp,
    {"LogSoftmax": Import(along_dimension(LogSoftmaxOp))},
    of_lines(log_softmax),
    along_axis("LogSoftmax"),
)
