"""An ONNX graph under construction: what exporters of operators work with.

onnxruntime's operators on codes saturate at the bounds of the storage type; codes of fewer bits
need a Clip.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from spatem_ir.dialects.cnn.attributes import Quantization, quantization_of
from spatem_ir.dialects.cnn.operators import DigitalOp
from spatem_ir.numerics.codes import storage_dtype
from spatem_ir.operators.onnx_export.nodes import NodeBuilder

QUANTIZE_LINEAR_BITS = 16
"""Widest codes of QuantizeLinear and DequantizeLinear."""


class GraphBuilder(NodeBuilder):
    """A graph, with conversions between float32 and codes, and bounds of codes."""

    def scale_and_zero_point(self, what: str, code: Quantization) -> tuple[str, str]:
        """The constants that quantised operators take beside an operand or result."""
        scale = self.scalar(f"{what}.scale", code.scale, np.float32)
        return scale, self.scalar(f"{what}.zero_point", code.zero_point, storage_dtype(code))

    def dequantized(self, operand: str, code: Quantization) -> str:
        """Codes as float32: ``(x − zero point) · scale``."""
        if code.bits <= QUANTIZE_LINEAR_BITS:
            return self.add("DequantizeLinear", operand, *self.scale_and_zero_point("input", code))
        steps = self.cast(self.centred(operand, code), np.float32)
        return self.add("Mul", steps, self.scalar("input.scale", code.scale, np.float32))

    def quantized(self, operand: str, code: Quantization) -> str:
        """Float32 as codes: ``saturate(round_half_even(x / scale) + zero point)``."""
        if code.bits > QUANTIZE_LINEAR_BITS:
            scale = self.scalar("output.scale", code.scale, np.float32)
            return self.rounded(self.add("Div", operand, scale), code)
        constants = self.scale_and_zero_point("output", code)
        return self.saturated(self.add("QuantizeLinear", operand, *constants), code)

    def rounded(self, steps: str, code: Quantization) -> str:
        """Float32 in steps of a code's scale: ``saturate(round_half_even(x) + zero point)``.

        Zero points are added in float64, in which no sum of 32 bits is rounded.
        """
        whole = self.cast(self.add("Round", steps), np.float64)
        codes = self.add("Add", whole, self.scalar("zero_point", code.zero_point, np.float64))
        return self._from_float64(codes, code)

    def rounded_after_shift(self, steps: str, code: Quantization) -> str:
        """Float32 in steps of a code's scale: ``saturate(round_half_even(x + zero point))``."""
        zero_point = self.scalar("zero_point", code.zero_point, np.float32)
        whole = self.add("Round", self.add("Add", steps, zero_point))
        return self._from_float64(self.cast(whole, np.float64), code)

    def _from_float64(self, whole: str, code: Quantization) -> str:
        """Whole numbers of float64 as codes, saturated."""
        lowest = self.scalar("minimum", code.minimum, np.float64)
        highest = self.scalar("maximum", code.maximum, np.float64)
        return self.cast(self.add("Clip", whole, lowest, highest), storage_dtype(code))

    def saturated(self, operand: str, code: Quantization) -> str:
        """Codes of the storage type, limited to those of the code."""
        if code.bits == 8 * storage_dtype(code).itemsize:
            return operand
        return self.clipped(operand, code, code.minimum, code.maximum)

    def clipped(
        self, operand: str, code: Quantization, lowest: int | None, highest: int | None
    ) -> str:
        """Codes limited to a range; ONNX has no Clip of 16 bits in onnxruntime, so int32 serves."""
        dtype = arithmetic_dtype(code)
        bounds = [
            None if bound is None else self.scalar(what, bound, dtype)
            for what, bound in (("lowest", lowest), ("highest", highest))
        ]
        clip = self.add("Clip", self.as_arithmetic(operand, code), *bounds)
        return self.from_arithmetic(clip, code)

    def padded(
        self,
        operand: str,
        pads: Sequence[tuple[int, int]],
        value: float,
        code: Quantization | None,
    ) -> str:
        """A tensor surrounded by a value: elements before and after each dimension but the batch.

        `code` is None for float32 values.
        """
        if not any(before or after for before, after in pads):
            return operand
        before, after = ([0, *side] for side in zip(*pads, strict=True))
        extents = self.constant("pads", before + after)
        if code is None:
            return self.add("Pad", operand, extents, self.scalar("padding", value, np.float32))
        padding = self.scalar("padding", value, arithmetic_dtype(code))
        result = self.add("Pad", self.as_arithmetic(operand, code), extents, padding)
        return self.from_arithmetic(result, code)

    def as_arithmetic(self, operand: str, code: Quantization) -> str:
        """Codes in their arithmetic type."""
        dtype = arithmetic_dtype(code)
        return operand if dtype == storage_dtype(code) else self.cast(operand, dtype)

    def from_arithmetic(self, operand: str, code: Quantization) -> str:
        """Codes of the arithmetic type in their storage type."""
        dtype = storage_dtype(code)
        return operand if dtype == arithmetic_dtype(code) else self.cast(operand, dtype)

    def centred(self, operand: str, code: Quantization) -> str:
        """Codes minus their zero point, in int64."""
        zero_point = self.scalar("input.zero_point", code.zero_point, np.int64)
        return self.add("Sub", self.cast(operand, np.int64), zero_point)

    def reshaped(self, operand: str, shape: tuple[int, ...]) -> str:
        """A tensor under another shape, behind the batch; a 0 keeps an extent."""
        return self.add("Reshape", operand, self.constant("shape", [0, *shape]))

    def in_float(self, op: DigitalOp, operands: list[str], compute: Callable[..., str]) -> str:
        """An operator in float32, behind dequantisations and before a quantisation of codes."""
        sources = [quantization_of(value.type) for value in op.operands]
        values = [
            operand if code is None else self.dequantized(operand, code)
            for operand, code in zip(operands, sources, strict=True)
        ]
        result, target = compute(*values), quantization_of(op.output.type)
        return result if target is None else self.quantized(result, target)


def arithmetic_dtype(code: Quantization) -> np.dtype[np.integer]:
    """The storage type, or int32 for 16 bits, on which onnxruntime has few operators."""
    dtype = storage_dtype(code)
    return np.dtype(np.int32) if dtype.itemsize == 2 else dtype
