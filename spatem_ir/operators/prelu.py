"""Rectified linear units with a slope for each channel."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
from spatem_ir.dialects.cnn.parameters import CHANNEL_PARAMETER
from spatem_ir.operators.core.evaluation import tabulated
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.channels import by_channel
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, Value

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class PReluOp(UnaryDigitalOp):
    """x where x ≥ 0, slope[c] · x elsewhere, for each channel c (the first dimension).

    `cnn.prelu @f %x slope #… : …`; slope is a float32 parameter with one element per channel.
    """

    name = "cnn.prelu"

    slope = prop_def(CHANNEL_PARAMETER)

    assembly_format = (
        "$sym_name $input `slope` $slope attr-dict `:` type($input) `->` type($output)"
    )

    def __init__(self, sym_name: str, input: SSAValue, slope: Attribute):
        super().__init__(sym_name, input, properties={"slope": slope})

    @property
    def is_elementwise(self) -> bool:
        return False

    def verify_(self) -> None:
        super().verify_()
        self.expect_channel_parameter("slope", self.slope)


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """PRelu with constant slopes."""
    operand, slopes = network.floats(node), network.value(node, 1)
    if slopes is None or isinstance(slopes, SSAValue):
        node.fail("its slopes are not constant")

    def build(maps: SSAValue, numbers: Reals) -> SSAValue:
        slope = network.channel_parameter(node, "slope", Constant(numbers))
        return network.append(PReluOp(node.name, maps, slope), node.name)

    return by_channel(node, network, operand, slopes, build)


def prelu(values: Reals, slope: Reals) -> Reals:
    """Negative values times slope[c], for each channel c; the others as they are."""
    import numpy as np

    return np.where(values >= 0, values, values * _aligned(slope, values.ndim - 1))


def _aligned(slope: Reals, dimensions: int) -> Reals:
    """Slopes along the first of some dimensions."""
    return slope.reshape(-1, *[1] * (dimensions - 1))


def evaluate(op: PReluOp, operands: list[Array], store: ParameterStore) -> Array:
    """See :func:`prelu`."""
    slope = store.floats(op.slope)
    return tabulated(op, operands, partial(prelu, slope=slope), per_channel=True)


def export(op: PReluOp, graph: GraphBuilder, operands: list[str]) -> str:
    """PRelu on float32."""
    slope = _aligned(graph.store.floats(op.slope), len(shape_of(op.input)))

    def compute(x: str) -> str:
        return graph.add("PRelu", x, graph.constant("slope", slope))

    return graph.in_float(op, operands, compute)


OPERATOR = Operator(PReluOp, {"PRelu": Import(convert)}, evaluate, export)
