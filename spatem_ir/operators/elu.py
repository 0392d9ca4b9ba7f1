"""Exponential linear units, scaled ones as well."""

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
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value


SELU_ALPHA = 1.67326319217681884765625
SELU_GAMMA = 1.05070102214813232421875
"""The numbers of Selu."""


@irdl_op_definition
class EluOp(FunctionOp):
    """gamma · x where x > 0, gamma · alpha · (exp(x) − 1) elsewhere.

    `cnn.elu @f %x alpha 1.0 gamma 1.0 : …`.
    """

    name = "cnn.elu"

    alpha = prop_def(REAL)
    gamma = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `alpha` custom<Real>($alpha) `gamma` custom<Real>($gamma) attr-dict "
        "`:` type($input) `->` type($output)"
    )


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Elu."""
    op = EluOp(node.name, network.floats(node), alpha=node.attribute("alpha", 1.0), gamma=1.0)
    return network.append(op, node.name)


def elu(values: Reals, alpha: float, gamma: float) -> Reals:
    """See :class:`EluOp`; rounded once."""
    import numpy as np

    exact = values.astype(np.float64)
    negative = alpha * np.expm1(np.minimum(exact, 0))
    return (gamma * np.where(exact > 0, exact, negative)).astype(np.float32)


OPERATOR = Operator(
    EluOp,
    onnx={
        "Elu": Import(convert),
        "Selu": Import(from_floats_and_numbers(EluOp, alpha=SELU_ALPHA, gamma=SELU_GAMMA)),
    },
    evaluate=of_elements(elu),
    export=in_float("Selu"),
)
