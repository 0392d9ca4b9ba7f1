"""Sums of integers that stand for themselves, and what such sums and products share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.dialects.cnn.operators import ElementwiseOp
from spatem_ir.operators.core.operator import Operator
from spatem_ir.operators.onnx_import.shapes import broadcast, element_of

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode
    from spatem_ir.weights.store import ParameterStore

WIDTHS = (8, 16)
"""Bits of the integers."""


class IntegerOp(ElementwiseOp):
    """An operator on two tensors of the same integers, modulo a power of two as in ONNX."""

    def verify_(self) -> None:
        super().verify_()
        code = quantized(self, self.output)
        if (code.scale, code.zero_point) != (1, 0) or code.bits not in WIDTHS:
            fail(self, "works on integers of 8 or 16 bits that stand for themselves")
        if len(self.inputs) != 2 or any(quantized(self, v) != code for v in self.inputs):
            fail(self, "works on two tensors of the type of its result")


@irdl_op_definition
class IntegerAddOp(IntegerOp):
    """The sum of two tensors of integers; what does not fit wraps around."""

    name = "cnn.integer_add"


def integers(node: OnnxNode, network: NetworkBuilder, op: type[IntegerOp]) -> SSAValue | None:
    """The result of a node whose operands are activations of integers; else None."""
    values = [network.value(node, index) for index in range(len(node.inputs))]
    operands = [value for value in values if isinstance(value, SSAValue)]
    codes = [quantization_of(value.type) for value in operands]
    if len(values) != 2 or len(operands) != 2 or codes[0] is None or codes[0] != codes[1]:
        return None
    if (codes[0].scale, codes[0].zero_point) != (1, 0) or codes[0].bits not in WIDTHS:
        return None
    operands, shape = broadcast(node, network, operands)
    result = TensorType(element_of(operands[0]), shape)
    return network.append(op(node.name, operands, result), node.name)


def in_integers(op: IntegerOp, graph: GraphBuilder, operands: list[str], operator: str) -> str:
    """An operator of ONNX in int32, of whose results the low bits are kept."""
    from spatem_ir.numerics.codes import storage_dtype

    wide = [graph.cast(operand, "int32") for operand in operands]
    return graph.cast(graph.add(operator, *wide), storage_dtype(quantized(op, op.output)))


def evaluate(_: IntegerAddOp, operands: list[Array], __: ParameterStore) -> Array:
    """The sum in the type of the operands."""
    first, second = operands
    return first + second


def export(op: IntegerAddOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Add in int32."""
    return in_integers(op, graph, operands, "Add")


OPERATOR = Operator(IntegerAddOp, evaluate=evaluate, export=export)
