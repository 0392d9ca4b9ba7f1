"""Normalisations in float32, on arrays of shape [images, channels, …].

The order of the float32 operations is that of onnxruntime's CPU kernels.
"""

from __future__ import annotations

import numpy as np

from spatem_ir.numerics.codes import Reals
from spatem_ir.runtime.values.elementwise import affine


def batch_norm(
    values: Reals, scale: Reals, shift: Reals, mean: Reals, variance: Reals, epsilon: float
) -> Reals:
    """(x − mean[c]) / √(variance[c] + epsilon) · scale[c] + shift[c] for each channel c.

    Computed as x · factor + (shift − mean · factor) with factor = scale · (1 / √(variance +
    epsilon)).
    """
    factor = scale * np.reciprocal(np.sqrt(variance + np.float32(epsilon)))
    return affine(values, factor, np.subtract(shift, mean * factor))


def lrn(values: Reals, size: int, alpha: float, beta: float, bias: float) -> Reals:
    """Local response normalisation, x · (bias + alpha / size · Σ x²)^−beta.

    The sum over the `size` channels around each one slides: it adds the square that enters and
    subtracts the one that leaves, so that its rounding depends on all channels before.  The power
    is rounded once.
    """
    channels = values.shape[1]
    before, after = (min(side, channels) for side in ((size - 1) // 2, size // 2))
    padding = [(0, 0), (before, after), *[(0, 0)] * (values.ndim - 2)]
    squares = np.pad(np.float32(alpha) / np.float32(size) * (values * values), padding)
    window = np.full_like(values[:, 0], bias)
    for channel in range(before + 1 + after):
        window += squares[:, channel]
    sums = np.empty_like(values)
    sums[:, 0] = window
    for channel in range(1, channels):
        window += squares[:, channel + before + after]
        window -= squares[:, channel - 1]
        sums[:, channel] = window
    return values * np.power(sums.astype(np.float64), -float(np.float32(beta))).astype(np.float32)


def softmax(values: Reals, axis: int) -> Reals:
    """exp(x) / Σ exp(x), the sum along one dimension of the array, rounded once."""
    powers = np.exp((values - values.max(axis=axis, keepdims=True)).astype(np.float64))
    return (powers / powers.sum(axis=axis, keepdims=True)).astype(np.float32)
