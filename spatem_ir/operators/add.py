"""Sums of tensors."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.cnn.operators import ElementwiseOp
from spatem_ir.operators.affine import from_stated_codes, scaled, with_constants
from spatem_ir.operators.core.evaluation import of_operands
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.integer_add import IntegerAddOp, integers
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, Value

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder


@irdl_op_definition
class AddOp(ElementwiseOp):
    """The sum of all operands, added in float32 one after the other."""

    name = "cnn.add"

    @property
    def does_nothing(self) -> bool:
        return [value.type for value in self.inputs] == [self.output.type]


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Add or Sum, of activations and constants."""
    sums = integers(node, network, IntegerAddOp)
    return sums or with_constants(node, network, AddOp, is_product=False)


def convert_mean(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Mean of several tensors: their sum, divided by their number."""
    import numpy as np

    part = replace(node, name=f"{node.name}.sum")
    sums = with_constants(part, network, AddOp, is_product=False)
    count = Constant(np.array(len(node.inputs), np.float32))
    return scaled(node, network, sums, count, by_reciprocals=True)


def added(*operands: Reals) -> Reals:
    """The sum of all operands, from left to right."""
    return reduce(add, operands)


def export(op: AddOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Add on float32, one operand after the other."""

    def compute(*values: str) -> str:
        return reduce(lambda first, second: graph.add("Add", first, second), values)

    return graph.in_float(op, operands, compute)


OPERATOR = Operator(
    AddOp,
    {
        "Add": Import(convert, lambda _, o: Constant(o[0].values + o[1].values)),
        "Mean": Import(convert_mean),
        "Sum": Import(convert),
        "com.microsoft.QLinearAdd": Import(
            from_stated_codes(AddOp, is_product=False), stating=(0, 3)
        ),
    },
    evaluate=of_operands(added),
    export=export,
)
