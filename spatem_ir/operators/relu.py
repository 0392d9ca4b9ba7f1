"""Rectified linear units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, traits_def

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn.attributes import Quantization, quantization_of
from spatem_ir.dialects.cnn.checks import quantized, same_quantization
from spatem_ir.dialects.cnn.operators import CommutesWithQuantization, UnaryDigitalOp
from spatem_ir.operators.clip import limited, limits
from spatem_ir.operators.core.operator import Import, Operator

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class ReluOp(UnaryDigitalOp):
    """max(x, 0); input and output have the same quantisation."""

    name = "cnn.relu"

    traits = traits_def(CommutesWithQuantization())

    def __init__(self, sym_name: str, input: SSAValue):
        super().__init__(sym_name, input)

    @property
    def does_nothing(self) -> bool:
        code = quantization_of(self.input.type)
        return code is not None and self.limits(code) == (code.minimum, code.maximum)

    def limits(self, code: Quantization) -> tuple[int, int]:
        """The least and the greatest code of the result."""
        return limits(0.0, None, code)

    def verify_(self) -> None:
        super().verify_()
        same_quantization(self, self.input, self.output)


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Relu; on integer codes only if they are the values themselves."""
    operand = network.activation(node)
    code = quantization_of(operand.type)
    if code is not None and code.zero_point:
        node.fail("works on integer codes whose zero point is not 0")
    return network.append(ReluOp(node.name, operand), node.name)


def evaluate(op: ReluOp, operands: list[Array], _: ParameterStore) -> Array:
    """Codes below the zero point become the zero point."""
    return limited(operands[0], 0.0, None, quantization_of(op.input.type))


def export(op: ReluOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Relu of float32, Clip of codes."""
    if is_floating(op.input):
        return graph.add("Relu", operands[0])
    code = quantized(op, op.input)
    return graph.clipped(operands[0], code, code.zero_point, None)


OPERATOR = Operator(ReluOp, {"Relu": Import(convert, passes_code=True)}, evaluate, export)
