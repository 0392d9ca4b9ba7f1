"""Between float32 and quantised tensors, at the border of host and chip."""

from __future__ import annotations

from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, result_def, traits_def
from xdsl.traits import HasParent

from spatem_ir.dialects.checks import expect_shape, floating, is_floating, shape_of
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.dialects.cnn.network import NetworkOp


class ConversionOp(IRDLOperation):
    """Real numbers of a tensor in another form; runs on the host."""

    input = operand_def(TensorType)
    output = result_def(TensorType)

    traits = traits_def(HasParent(NetworkOp))

    assembly_format = "$input attr-dict `:` type($input) `->` type($output)"

    def __init__(self, input: SSAValue, output: TensorType):
        super().__init__(operands=[input], result_types=[output])


@irdl_op_definition
class QuantizeOp(ConversionOp):
    """Host: float32 to codes, round half to even of x / scale, plus the zero point, saturated."""

    name = "cnn.quantize"

    def verify_(self) -> None:
        floating(self, self.input)
        quantized(self, self.output)
        expect_shape(self, self.output, shape_of(self.input))


@irdl_op_definition
class DequantizeOp(ConversionOp):
    """Host: codes to float32, (code − zero point) · scale."""

    name = "cnn.dequantize"

    def verify_(self) -> None:
        quantized(self, self.input)
        floating(self, self.output)
        expect_shape(self, self.output, shape_of(self.input))


def leading_to_codes(network: NetworkOp) -> set[SSAValue]:
    """The float32 values of a network of which operators compute codes, at once or in the end."""
    found: set[SSAValue] = set()
    for op in reversed(list(network.body.block.ops)):
        if any(value in found or not is_floating(value) for value in op.results):
            found.update(operand for operand in op.operands if is_floating(operand))
    return found
