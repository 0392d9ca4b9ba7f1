"""Integer codes of activations: storage, quantisation, saturation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.cnn.attributes import Quantization

Reals = NDArray[np.float32]
Codes = NDArray[np.integer]
Array = NDArray[Any]
"""Reals or codes."""

BLOCK_ELEMENTS = 1 << 20
"""Elements that are computed at once where each stands for itself."""


def storage_dtype(code: Quantization) -> np.dtype[np.integer]:
    """The smallest numpy integer type that holds all codes."""
    return np.dtype(code.storage)


def to_codes(steps: Reals, code: Quantization) -> Codes:
    """Real values, in steps of the code's scale, rounded half to even, shifted and saturated."""
    return saturate(np.rint(steps).astype(np.float64) + code.zero_point, code)


def to_codes_after_shift(steps: Reals, code: Quantization) -> Codes:
    """Real values, in steps of the code's scale, shifted in float32, then rounded half to even."""
    return saturate(np.rint(steps + np.float32(code.zero_point)), code)


def saturate(codes: NDArray[np.number], code: Quantization) -> Codes:
    """Whole numbers as codes, the nearest one where they are out of range."""
    return np.clip(codes, code.minimum, code.maximum).astype(storage_dtype(code))


def centred(codes: Codes, code: Quantization) -> NDArray[np.int64]:
    """Codes minus their zero point."""
    return codes.astype(np.int64) - code.zero_point


def quantize(values: Reals, code: Quantization) -> Codes:
    """Float32 to codes: ``saturate(round_half_even(x / scale) + zero point)``."""
    scale = np.float32(code.scale)

    def codes(block: Reals) -> Codes:
        return to_codes(block / scale, code)

    return blockwise(codes, values, storage_dtype(code))


def dequantize(codes: Codes, code: Quantization) -> Reals:
    """Codes to float32: ``(x − zero point) · scale``."""
    scale = np.float32(code.scale)
    return blockwise(
        lambda block: centred(block, code).astype(np.float32) * scale, codes, np.dtype(np.float32)
    )


def blockwise(function: Callable[[Array], Array], values: Array, dtype: np.dtype[Any]) -> Array:
    """A function of each element, whose results have a type, without much memory beside them."""
    values = np.asarray(values)
    if values.size <= BLOCK_ELEMENTS:
        return np.asarray(function(values), dtype)
    results = np.empty(values.shape, dtype)
    given, found = values.reshape(-1), results.reshape(-1)
    for block in blocks(values.size):
        found[block] = function(given[block])
    return results


def blocks(elements: int) -> Iterator[slice]:
    """Elements that are looked at together, of a tensor that may be too large for that."""
    for first in range(0, elements, BLOCK_ELEMENTS):
        yield slice(first, first + BLOCK_ELEMENTS)


def multiplier(source: Quantization, scale: Reals, target: Quantization | None) -> Reals:
    """What leads from sums of products to codes: float32(float32(source scale · scale) / scale).

    Without a target it leads to float32: float32(source scale · scale).
    """
    factor = np.float32(source.scale) * scale
    return factor if target is None else factor / np.float32(target.scale)


def element_of(value: float, code: Quantization | None) -> NDArray[Any]:
    """What stands for a real number in a tensor with a code, or in one of float32: shape [1]."""
    real = np.array([value], np.float32)
    return real if code is None else quantize(real, code)


def every_code(code: Quantization) -> Codes:
    """All codes in the order of two's complement: 0 … maximum, minimum … −1.

    An array of what belongs to each of them is indexed by the codes themselves, because numpy
    counts negative indices from the end.
    """
    numbers = np.arange(1 << code.bits)
    return np.where(numbers > code.maximum, numbers - (1 << code.bits), numbers).astype(
        storage_dtype(code)
    )
