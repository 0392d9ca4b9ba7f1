"""Operators of the `cnn` dialect between float32 and quantised tensors."""

from __future__ import annotations

from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.checks import expect_shape, floating, shape_of
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.dialects.cnn.digital import UnaryDigitalOp
from spatem_ir.dialects.cnn.shapes import UnaryOp


@irdl_op_definition
class QuantizeOp(UnaryOp):
    """Host: float32 to codes, round half to even of x / scale, plus the zero point, saturated."""

    name = "cnn.quantize"

    def verify_(self) -> None:
        floating(self, self.input)
        quantized(self, self.output)
        expect_shape(self, self.output, shape_of(self.input))


@irdl_op_definition
class DequantizeOp(UnaryOp):
    """Host: codes to float32, (code − zero point) · scale."""

    name = "cnn.dequantize"

    def verify_(self) -> None:
        quantized(self, self.input)
        floating(self, self.output)
        expect_shape(self, self.output, shape_of(self.input))


@irdl_op_definition
class RequantizeOp(UnaryDigitalOp):
    """The same real values under another quantisation: dequantised and quantised again."""

    name = "cnn.requantize"

    def verify_(self) -> None:
        quantized(self, self.input)
        quantized(self, self.output)
        expect_shape(self, self.output, shape_of(self.input))
