"""Element-wise operators, on arrays of shape [images, channels, …].

The order of the float32 operations is that of onnxruntime's CPU kernels.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from spatem_ir.dialects.cnn.attributes import Quantization
from spatem_ir.numerics.codes import Codes, Reals, centred, element_of, to_codes_after_shift
from spatem_ir.runtime.values.digital import Array, Code


def clip(values: Array, lowest: float | None, highest: float | None, code: Code) -> Array:
    """min(max(x, lowest), highest), in reals or in codes; None is no bound."""
    if lowest is not None:
        values = np.maximum(values, element_of(lowest, code))
    if highest is not None:
        values = np.minimum(values, element_of(highest, code))
    return values


def leaky_relu(values: Reals, slope: float) -> Reals:
    """Negative values times slope, the others as they are."""
    return np.where(values >= 0, values, np.float32(slope) * values)


def sigmoid(values: Reals) -> Reals:
    """1 / (1 + exp(−x)), rounded once."""
    with np.errstate(over="ignore"):
        return (1 / (1 + np.exp(-values.astype(np.float64)))).astype(np.float32)


def affine(values: Reals, scale: Reals, shift: Reals) -> Reals:
    """Values times scale[c] plus shift[c], for each channel c."""
    shape = (-1, *[1] * (values.ndim - 2))
    return values * scale.reshape(shape) + shift.reshape(shape)


def add(*operands: Reals) -> Reals:
    """The sum of all operands, from left to right."""
    return reduce(np.add, operands)


def mul(
    first: Codes,
    second: Codes,
    sources: tuple[Quantization, Quantization],
    target: Quantization,
) -> Codes:
    """The product of two tensors of codes, as a code of `target`.

    ``saturate(round_half_even(float32((a − za) · (b − zb)) · float32(float32(sa · sb) / s) + z))``,
    as onnxruntime's QLinearMul.
    """
    products = centred(first, sources[0]) * centred(second, sources[1])
    scale = np.float32(sources[0].scale) * np.float32(sources[1].scale)
    steps = products.astype(np.float32) * (scale / np.float32(target.scale))
    return to_codes_after_shift(steps, target)
