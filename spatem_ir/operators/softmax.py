"""Softmax."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import IntegerAttr, TensorType, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def, traits_def

from spatem_ir.dialects.checks import fail, feature_map, map_dimension, shape_of
from spatem_ir.dialects.cnn.operators import StaysFloatAtEnd, UnaryDigitalOp
from spatem_ir.geometry.shapes.reach import Reach
from spatem_ir.operators.core.evaluation import computed
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.parts import dimension_behind_batch

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.core.operator import Convert, Evaluate, Export
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


AXIS_ALONE = 13
"""The opset from which on a softmax runs over its axis alone."""


class LineOp(UnaryDigitalOp):
    """A function of all elements along one dimension: by default the first, the channels."""

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
        axis = map_dimension(self.axis.value.data, len(shape_of(self.input)))
        return (Reach.of_line(feature_map(self.input), axis),)

    def verify_(self) -> None:
        super().verify_()
        dimensions = len(shape_of(self.input))
        if not 0 <= self.axis.value.data < dimensions:
            fail(self, f"has axis {self.axis.value.data} of {dimensions} dimensions")


@irdl_op_definition
class SoftmaxOp(LineOp):
    """exp(x) / Σ exp(x), the sum along one dimension."""

    name = "cnn.softmax"


def along_dimension(op: type[LineOp]) -> Convert:
    """Conversion of a node along a dimension behind the batch, by default the last one."""

    def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
        operand = network.floats(node)
        shape = shape_of(operand)
        dimension = dimension_behind_batch(node, node.attribute("axis", -1), shape)
        if len(shape) <= 3:
            return network.append(op(node.name, operand, dimension), node.name)
        lines = (prod(shape[:dimension]), shape[dimension], prod(shape[dimension + 1 :]))
        result = network.append(op(node.name, network.regrouped(operand, lines), 1), node.name)
        return network.regrouped(result, shape)

    return convert


def convert_codes(node: OnnxNode, network: NetworkBuilder) -> Value:
    """QLinearSoftmax of onnxruntime; in old opsets it runs over all dimensions from its axis on."""
    codes = network.stated_codes(node, 0)
    shape = shape_of(codes)
    dimension = dimension_behind_batch(node, node.attribute("axis", -1), shape)
    if node.attribute("opset", AXIS_ALONE) < AXIS_ALONE and prod(shape[dimension + 1 :]) > 1:
        node.fail("runs over several dimensions; give it opset 13, or one dimension")
    result = TensorType(network.stated_type(node, 3), shape)
    return network.append(SoftmaxOp(node.name, codes, dimension, result), node.name)


def softmax(values: Reals, axis: int) -> Reals:
    """exp(x) / Σ exp(x), the sum along one dimension of the array, rounded once."""
    import numpy as np

    powers = np.exp((values - values.max(axis=axis, keepdims=True)).astype(np.float64))
    return (powers / powers.sum(axis=axis, keepdims=True)).astype(np.float32)


def of_lines(function: Callable[[Reals, int], Reals]) -> Evaluate:
    """The evaluation of a function of values and of a dimension of their array."""

    def evaluate(op: LineOp, operands: list[Array], _: ParameterStore) -> Array:
        axis = 1 + op.axis.value.data
        return computed(op, operands, lambda values: function(values, axis))

    return evaluate


def along_axis(operator: str) -> Export:
    """Export as an operator of ONNX on float32 along the op's dimension."""

    def export(op: LineOp, graph: GraphBuilder, operands: list[str]) -> str:
        axis = op.axis.value.data + 1
        return graph.in_float(op, operands, lambda x: graph.add(operator, x, axis=axis))

    return export


OPERATOR = Operator(
    SoftmaxOp,
    {
        "Softmax": Import(along_dimension(SoftmaxOp)),
        "com.microsoft.QLinearSoftmax": Import(convert_codes, stating=(0,), typed_like=4),
    },
    of_lines(softmax),
    along_axis("Softmax"),
)
