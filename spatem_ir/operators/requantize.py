"""Codes under another quantisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.checks import fail, is_floating
from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
from spatem_ir.operators.core.evaluation import of_elements
from spatem_ir.operators.core.operator import Operator

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_export.graph import GraphBuilder


@irdl_op_definition
class RequantizeOp(UnaryDigitalOp):
    """The same real values under another quantisation: dequantised and quantised again.

    The operand or the result may be float32; `cnn.quantize` and `cnn.dequantize` do that on the
    host.
    """

    name = "cnn.requantize"

    @property
    def does_nothing(self) -> bool:
        return self.input.type == self.output.type

    def verify_(self) -> None:
        super().verify_()
        if is_floating(self.input) and is_floating(self.output):
            fail(self, "has float32 tensors alone, which have no quantisation")


def export(op: RequantizeOp, graph: GraphBuilder, operands: list[str]) -> str:
    """DequantizeLinear and QuantizeLinear, or one of them."""
    return graph.in_float(op, operands, lambda x: x)


OPERATOR = Operator(RequantizeOp, evaluate=of_elements(lambda values: values), export=export)
