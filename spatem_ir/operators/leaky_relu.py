"""Leaky rectified linear units."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import FloatAttr, TensorType, f32
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.checks import finite, shape_of
from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
from spatem_ir.dialects.cnn.parameters import REAL
from spatem_ir.dialects.cnn.syntax import Real
from spatem_ir.operators.core.evaluation import tabulated
from spatem_ir.operators.core.operator import Import, Operator

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore

DEFAULT_SLOPE = 0.01


@irdl_op_definition
class LeakyReluOp(UnaryDigitalOp):
    """x where x ≥ 0, slope · x elsewhere: `cnn.leaky_relu @leaky %x slope 0.01 : …`."""

    name = "cnn.leaky_relu"

    slope = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `slope` custom<Real>($slope) attr-dict "
        "`:` type($input) `->` type($output)"
    )

    def __init__(
        self, sym_name: str, input: SSAValue, slope: float, output: Attribute | None = None
    ):
        super().__init__(sym_name, input, output, {"slope": FloatAttr(slope, f32)})

    def verify_(self) -> None:
        super().verify_()
        finite(self, "slope")


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """LeakyRelu."""
    op = LeakyReluOp(node.name, network.floats(node), node.attribute("alpha", DEFAULT_SLOPE))
    return network.append(op, node.name)


def convert_codes(node: OnnxNode, network: NetworkBuilder) -> Value:
    """QLinearLeakyRelu of onnxruntime."""
    codes = network.stated_codes(node, 0)
    result = TensorType(network.stated_type(node, 3), shape_of(codes))
    op = LeakyReluOp(node.name, codes, node.attribute("alpha", DEFAULT_SLOPE), result)
    return network.append(op, node.name)


def leaky_relu(values: Reals, slope: float) -> Reals:
    """Negative values times slope, the others as they are."""
    import numpy as np

    return np.where(values >= 0, values, np.float32(slope) * values)


def evaluate(op: LeakyReluOp, operands: list[Array], _: ParameterStore) -> Array:
    """See :func:`leaky_relu`."""
    return tabulated(op, operands, partial(leaky_relu, slope=op.slope.value.data))


def export(op: LeakyReluOp, graph: GraphBuilder, operands: list[str]) -> str:
    """LeakyRelu on float32."""
    slope = op.slope.value.data
    return graph.in_float(op, operands, lambda x: graph.add("LeakyRelu", x, alpha=slope))


OPERATOR = Operator(
    LeakyReluOp,
    {
        "LeakyRelu": Import(convert),
        "com.microsoft.QLinearLeakyRelu": Import(convert_codes, stating=(0,)),
    },
    evaluate,
    export,
)
