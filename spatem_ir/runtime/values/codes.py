"""Integer codes of activations: storage, quantisation, saturation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.cnn_attributes import Quantization


def storage_dtype(code: Quantization) -> np.dtype[np.integer]:
    """The smallest numpy integer type that holds all codes."""
    width = next(width for width in (8, 16, 32, 64) if code.bits <= width)
    return np.dtype(f"{'int' if code.signed else 'uint'}{width}")


def to_codes(steps: NDArray[np.float32], code: Quantization) -> NDArray[np.integer]:
    """Real values, in steps of the code's scale, rounded half to even, shifted and saturated."""
    return saturate(np.rint(steps).astype(np.float64) + code.zero_point, code)


def saturate(codes: NDArray[np.floating], code: Quantization) -> NDArray[np.integer]:
    """Whole numbers as codes, the nearest one where they are out of range."""
    return np.clip(codes, code.minimum, code.maximum).astype(storage_dtype(code))


def centred(codes: NDArray[np.integer], code: Quantization) -> NDArray[np.int64]:
    """Codes minus their zero point."""
    return codes.astype(np.int64) - code.zero_point


def quantize(values: NDArray[np.float32], code: Quantization) -> NDArray[np.integer]:
    """Float32 to codes: ``saturate(round_half_even(x / scale) + zero point)``."""
    return to_codes(values / np.float32(code.scale), code)


def dequantize(codes: NDArray[np.integer], code: Quantization) -> NDArray[np.float32]:
    """Codes to float32: ``(x − zero point) · scale``."""
    return centred(codes, code).astype(np.float32) * np.float32(code.scale)
