"""Natural logarithms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
from spatem_ir.operators.core.evaluation import tabulated
from spatem_ir.operators.core.forms import from_floats
from spatem_ir.operators.core.operator import Import, Operator

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.weights.store import ParameterStore

SMALLEST = 2.0**-126
"""The smallest normal number of float32, below which codes have no logarithm of their own."""


@irdl_op_definition
class LogOp(UnaryDigitalOp):
    """ln x; on codes ln max(x, 2⁻¹²⁶), because none of them stands for what is no number."""

    name = "cnn.log"


def logarithm(values: Reals) -> Reals:
    """The logarithm, rounded once: no number where x is negative, infinite where it is 0."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(values.astype(np.float64)).astype(np.float32)


def logarithm_of_positive(values: Reals) -> Reals:
    """The logarithm of max(x, 2⁻¹²⁶)."""
    import numpy as np

    return logarithm(np.maximum(values, np.float32(SMALLEST)))


def evaluate(op: LogOp, operands: list[Array], _: ParameterStore) -> Array:
    """See :func:`logarithm` and :func:`logarithm_of_positive`."""
    return tabulated(op, operands, logarithm if is_floating(op.input) else logarithm_of_positive)


def export(op: LogOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Log on float32, of codes behind Max."""
    if is_floating(op.input):
        return graph.add("Log", operands[0])

    def compute(values: str) -> str:
        smallest = graph.scalar("smallest", SMALLEST, "float32")
        return graph.add("Log", graph.add("Max", values, smallest))

    return graph.in_float(op, operands, compute)


OPERATOR = Operator(LogOp, {"Log": Import(from_floats(LogOp))}, evaluate, export)
