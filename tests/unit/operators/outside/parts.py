"""An operator whose results are views, of a domain of its own, as a package would add it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerAttr, TensorType, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def

from spatem_ir.dialects.checks import elements_of, expect_shape, shape_of
from spatem_ir.dialects.cnn.checks import same_quantization
from spatem_ir.dialects.cnn.operators import ViewOp
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_export.graph import GraphBuilder
from spatem_ir.operators.onnx_import.network import NetworkBuilder
from spatem_ir.operators.onnx_import.shapes import element_of
from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
from spatem_ir.weights.store import ParameterStore

INTEGER = IntegerAttr.constr(i64)


@irdl_op_definition
class ChannelsOp(ViewOp):
    """`count` channels from number `first` on."""

    name = "cnn.channels"

    first = prop_def(INTEGER)
    count = prop_def(INTEGER)
    input = operand_def(TensorType)

    assembly_format = (
        "$input `from` $first `count` $count attr-dict `:` type($input) `->` type($output)"
    )

    def __init__(self, input: SSAValue, first: int, count: int):
        super().__init__(
            operands=[input],
            result_types=[TensorType(element_of(input), (count, *shape_of(input)[1:]))],
            properties={"first": IntegerAttr(first, i64), "count": IntegerAttr(count, i64)},
        )

    @property
    def channels(self) -> slice:
        first, count = self.first.value.data, self.count.value.data
        return slice(first, first + count)

    def element_order(self) -> NDArray[np.int64]:
        elements = np.arange(elements_of(self.input)).reshape(shape_of(self.input))
        return elements[self.channels].reshape(-1)

    def verify_(self) -> None:
        same_quantization(self, self.input, self.output)
        expect_shape(self, self.output, (self.count.value.data, *shape_of(self.input)[1:]))


def convert(node: OnnxNode, network: NetworkBuilder) -> list[Value]:
    operand, parts = network.activation(node), len(node.outputs)
    channels = shape_of(operand)[0]
    if node.attribute("axis", 0) != 1 or channels % parts or len(node.inputs) > 1:
        node.fail("does not split the channels into equal parts")
    count = channels // parts
    return [
        network.append(ChannelsOp(operand, number * count, count), f"{node.name}.{number}")
        for number in range(parts)
    ]


def evaluate(op: ChannelsOp, operands: list[NDArray[Any]], _: ParameterStore) -> NDArray[Any]:
    return operands[0][:, op.channels]


def export(op: ChannelsOp, graph: GraphBuilder, operands: list[str]) -> str:
    bounds = [graph.constant("bound", [at]) for at in (op.channels.start, op.channels.stop)]
    return graph.add("Slice", operands[0], *bounds, graph.constant("axes", [1]))


OPERATOR = Operator(ChannelsOp, {"org.example.Parts": Import(convert)}, evaluate, export)
