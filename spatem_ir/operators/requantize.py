"""Codes under another quantisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.checks import expect_shape, shape_of
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
from spatem_ir.operators.core.evaluation import of_elements
from spatem_ir.operators.core.operator import Operator

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_export.graph import GraphBuilder


@irdl_op_definition
class RequantizeOp(UnaryDigitalOp):
    """The same real values under another quantisation: dequantised and quantised again."""

    name = "cnn.requantize"

    def verify_(self) -> None:
        quantized(self, self.input)
        quantized(self, self.output)
        expect_shape(self, self.output, shape_of(self.input))


def export(op: RequantizeOp, graph: GraphBuilder, operands: list[str]) -> str:
    """DequantizeLinear and QuantizeLinear."""
    return graph.in_float(op, operands, lambda x: x)


OPERATOR = Operator(RequantizeOp, evaluate=of_elements(lambda values: values), export=export)
