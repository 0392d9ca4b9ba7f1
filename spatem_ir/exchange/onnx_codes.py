"""Integer codes in ONNX: between float32 and codes, and bounds of codes.

onnxruntime's operators on codes saturate at the bounds of the storage type; codes of fewer bits
need a Clip.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from spatem_ir.dialects.cnn.attributes import Quantization
from spatem_ir.exchange.onnx_graph import GraphBuilder
from spatem_ir.numerics.codes import storage_dtype

QUANTIZE_LINEAR_BITS = 16
"""Widest codes of QuantizeLinear and DequantizeLinear."""


def scale_and_zero_point(graph: GraphBuilder, what: str, code: Quantization) -> tuple[str, str]:
    """The constants that quantised operators take beside an operand or result."""
    scale = graph.scalar(f"{what}.scale", code.scale, np.float32)
    return scale, graph.scalar(f"{what}.zero_point", code.zero_point, storage_dtype(code))


def dequantized(graph: GraphBuilder, operand: str, code: Quantization) -> str:
    """Codes as float32: ``(x − zero point) · scale``."""
    if code.bits <= QUANTIZE_LINEAR_BITS:
        return graph.add("DequantizeLinear", operand, *scale_and_zero_point(graph, "input", code))
    steps = graph.cast(centred(graph, operand, code), np.float32)
    return graph.add("Mul", steps, graph.scalar("input.scale", code.scale, np.float32))


def quantized(graph: GraphBuilder, operand: str, code: Quantization) -> str:
    """Float32 as codes: ``saturate(round_half_even(x / scale) + zero point)``."""
    if code.bits > QUANTIZE_LINEAR_BITS:
        scale = graph.scalar("output.scale", code.scale, np.float32)
        return rounded(graph, graph.add("Div", operand, scale), code)
    constants = scale_and_zero_point(graph, "output", code)
    return saturated(graph, graph.add("QuantizeLinear", operand, *constants), code)


def rounded(graph: GraphBuilder, steps: str, code: Quantization) -> str:
    """Float32 in steps of a code's scale as codes: ``saturate(round_half_even(x) + zero point)``.

    Zero points are added in float64, in which no sum of 32 bits is rounded.
    """
    whole = graph.cast(graph.add("Round", steps), np.float64)
    codes = graph.add("Add", whole, graph.scalar("zero_point", code.zero_point, np.float64))
    return _from_float64(graph, codes, code)


def rounded_after_shift(graph: GraphBuilder, steps: str, code: Quantization) -> str:
    """Float32 in steps of a code's scale: ``saturate(round_half_even(x + zero point))``."""
    zero_point = graph.scalar("zero_point", code.zero_point, np.float32)
    whole = graph.add("Round", graph.add("Add", steps, zero_point))
    return _from_float64(graph, graph.cast(whole, np.float64), code)


def _from_float64(graph: GraphBuilder, whole: str, code: Quantization) -> str:
    """Whole numbers of float64 as codes, saturated."""
    lowest = graph.scalar("minimum", code.minimum, np.float64)
    highest = graph.scalar("maximum", code.maximum, np.float64)
    return graph.cast(graph.add("Clip", whole, lowest, highest), storage_dtype(code))


def saturated(graph: GraphBuilder, operand: str, code: Quantization) -> str:
    """Codes of the storage type, limited to those of the code."""
    if code.bits == 8 * storage_dtype(code).itemsize:
        return operand
    return clipped(graph, operand, code, code.minimum, code.maximum)


def clipped(
    graph: GraphBuilder, operand: str, code: Quantization, lowest: int | None, highest: int | None
) -> str:
    """Codes limited to a range; ONNX has no Clip of 16 bits in onnxruntime, so int32 serves."""
    dtype = arithmetic_dtype(code)
    bounds = [
        None if bound is None else graph.scalar(what, bound, dtype)
        for what, bound in (("lowest", lowest), ("highest", highest))
    ]
    clip = graph.add("Clip", as_arithmetic(graph, operand, code), *bounds)
    return from_arithmetic(graph, clip, code)


def padded(
    graph: GraphBuilder,
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
    extents = graph.constant("pads", np.array(before + after, np.int64))
    if code is None:
        return graph.add("Pad", operand, extents, graph.scalar("padding", value, np.float32))
    padding = graph.scalar("padding", value, arithmetic_dtype(code))
    result = graph.add("Pad", as_arithmetic(graph, operand, code), extents, padding)
    return from_arithmetic(graph, result, code)


def arithmetic_dtype(code: Quantization) -> np.dtype[np.integer]:
    """The storage type, or int32 for 16 bits, on which onnxruntime has few operators."""
    dtype = storage_dtype(code)
    return np.dtype(np.int32) if dtype.itemsize == 2 else dtype


def as_arithmetic(graph: GraphBuilder, operand: str, code: Quantization) -> str:
    """Codes in their arithmetic type."""
    dtype = arithmetic_dtype(code)
    return operand if dtype == storage_dtype(code) else graph.cast(operand, dtype)


def from_arithmetic(graph: GraphBuilder, operand: str, code: Quantization) -> str:
    """Codes of the arithmetic type in their storage type."""
    dtype = storage_dtype(code)
    return operand if dtype == arithmetic_dtype(code) else graph.cast(operand, dtype)


def centred(graph: GraphBuilder, operand: str, code: Quantization) -> str:
    """Codes minus their zero point, in int64."""
    zero_point = graph.scalar("input.zero_point", code.zero_point, np.int64)
    return graph.add("Sub", graph.cast(operand, np.int64), zero_point)


def shifted(graph: GraphBuilder, operand: str, offset: int, dtype: DTypeLike) -> str:
    """Codes of 8 bits plus an offset, in another type of 8 bits that holds the sums."""
    sums = graph.add("Add", graph.cast(operand, np.int32), graph.scalar("offset", offset, np.int32))
    return graph.cast(sums, dtype)


def multiplier(
    source: Quantization, scale: NDArray[np.float32], target: Quantization
) -> NDArray[np.float32]:
    """float32(float32(source scale · scale) / target scale)."""
    return np.float32(source.scale) * scale / np.float32(target.scale)
