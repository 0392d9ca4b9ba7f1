"""Softmax."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def, traits_def

from spatem_ir.dialects.checks import fail, feature_map, shape_of
from spatem_ir.dialects.cnn.operators import StaysFloatAtEnd, UnaryDigitalOp
from spatem_ir.geometry.shapes.reach import Reach
from spatem_ir.operators.core.evaluation import computed
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.shapes import extents_text

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class SoftmaxOp(UnaryDigitalOp):
    """exp(x) / Σ exp(x), the sum along one dimension: by default the first, the channels."""

    name = "cnn.softmax"

    axis = prop_def(IntegerAttr.constr(i64), default_value=IntegerAttr(0, i64))

    traits = traits_def(StaysFloatAtEnd())

    assembly_format = (
        "$sym_name $input (`axis` $axis^)? attr-dict `:` type($input) `->` type($output)"
    )

    def __init__(
        self, sym_name: str, input: SSAValue, axis: int = 0, output: Attribute | None = None
    ):
        super().__init__(sym_name, input, output, {"axis": IntegerAttr(axis, i64)})

    def reaches(self) -> tuple[Reach, ...]:
        return (Reach.of_line(feature_map(self.input), self.axis.value.data),)

    def verify_(self) -> None:
        super().verify_()
        dimensions = len(shape_of(self.input))
        if not 0 <= self.axis.value.data < dimensions:
            fail(self, f"has axis {self.axis.value.data} of {dimensions} dimensions")


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Softmax along a dimension behind the batch."""
    operand = network.floats(node)
    shape = shape_of(operand)
    axis = node.attribute("axis", -1)
    position = axis % (len(shape) + 1)
    if not -len(shape) - 1 <= axis <= len(shape) or position == 0:
        node.fail(f"has axis {axis} on [batch, {extents_text(shape)}]; it must not be the batch")
    return network.append(SoftmaxOp(node.name, operand, position - 1), node.name)


def softmax(values: Reals, axis: int) -> Reals:
    """exp(x) / Σ exp(x), the sum along one dimension of the array, rounded once."""
    import numpy as np

    powers = np.exp((values - values.max(axis=axis, keepdims=True)).astype(np.float64))
    return (powers / powers.sum(axis=axis, keepdims=True)).astype(np.float32)


def evaluate(op: SoftmaxOp, operands: list[Array], _: ParameterStore) -> Array:
    """See :func:`softmax`."""
    return computed(op, operands, partial(softmax, axis=1 + op.axis.value.data))


def export(op: SoftmaxOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Softmax on float32."""
    axis = op.axis.value.data + 1
    return graph.in_float(op, operands, lambda x: graph.add("Softmax", x, axis=axis))


OPERATOR = Operator(SoftmaxOp, {"Softmax": Import(convert)}, evaluate, export)
