"""Square roots."""

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


@irdl_op_definition
class SqrtOp(UnaryDigitalOp):
    """√x; on codes √max(x, 0), because none of them stands for what is no number."""

    name = "cnn.sqrt"


def root(values: Reals) -> Reals:
    """√x, which is no number where x is negative."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        return np.sqrt(values)


def root_of_positive(values: Reals) -> Reals:
    """√max(x, 0)."""
    import numpy as np

    return np.sqrt(np.maximum(values, np.float32(0)))


def evaluate(op: SqrtOp, operands: list[Array], _: ParameterStore) -> Array:
    """See :func:`root` and :func:`root_of_positive`."""
    return tabulated(op, operands, root if is_floating(op.input) else root_of_positive)


def export(op: SqrtOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Sqrt on float32, of codes behind Relu."""

    def compute(x: str) -> str:
        return graph.add("Sqrt", x if is_floating(op.input) else graph.add("Relu", x))

    return graph.in_float(op, operands, compute)


OPERATOR = Operator(SqrtOp, {"Sqrt": Import(from_floats(SqrtOp))}, evaluate, export)
