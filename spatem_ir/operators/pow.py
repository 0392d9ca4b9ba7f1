"""Powers with a constant exponent."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn.operators import FunctionOp
from spatem_ir.dialects.cnn.parameters import REAL
from spatem_ir.dialects.cnn.syntax import Real
from spatem_ir.operators.core.evaluation import tabulated
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.sqrt import SqrtOp

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class PowOp(FunctionOp):
    """x to the power of a number: `cnn.pow @f %x exponent 2.0 : …`.

    On codes max(x, 0) if the number is not whole, because no code stands for what is no number.
    """

    name = "cnn.pow"

    exponent = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `exponent` custom<Real>($exponent) attr-dict "
        "`:` type($input) `->` type($output)"
    )

    @property
    def takes_positive_part(self) -> bool:
        """Whether negative values are taken for 0."""
        return not is_floating(self.input) and not self.numbers["exponent"].is_integer()


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Pow with one constant exponent for all elements; 1/2 is the square root."""
    operand, exponents = network.floats(node), network.constant(node, 1).values.reshape(-1)
    if exponents.size == 0 or (exponents != exponents[0]).any():
        node.fail("has several exponents; one for all elements is supported")
    exponent = float(exponents[0])
    if exponent == 0.5:
        return network.append(SqrtOp(node.name, operand), node.name)
    return network.append(PowOp(node.name, operand, exponent=exponent), node.name)


def power(values: Reals, exponent: float) -> Reals:
    """Values to the power of the exponent, rounded once; infinite at 0 for negative exponents."""
    import numpy as np

    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.power(values.astype(np.float64), exponent).astype(np.float32)


def power_of_positive(values: Reals, exponent: float) -> Reals:
    """max(x, 0) to the power of the exponent."""
    import numpy as np

    return power(np.maximum(values, np.float32(0)), exponent)


def evaluate(op: PowOp, operands: list[Array], _: ParameterStore) -> Array:
    """See :func:`power` and :func:`power_of_positive`."""
    function = power_of_positive if op.takes_positive_part else power
    return tabulated(op, operands, partial(function, **op.numbers))


def export(op: PowOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Pow on float32, of codes behind Relu if the exponent is no whole number."""
    exponent = op.numbers["exponent"]

    def compute(x: str) -> str:
        base = graph.add("Relu", x) if op.takes_positive_part else x
        return graph.add("Pow", base, graph.scalar("exponent", exponent, "float32"))

    return graph.in_float(op, operands, compute)


OPERATOR = Operator(PowOp, {"Pow": Import(convert)}, evaluate, export)
