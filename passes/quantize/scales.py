"""Scales of post-training quantisation: pure functions on arrays.

Integer-arithmetic inference as in Jacob et al. (CVPR 2018): weights are signed and symmetric (with
b bits from −(2^(b−1) − 1) to 2^(b−1) − 1); activations have one scale per tensor, unsigned, or
signed and symmetric if there are negative values; zero is always code 0; biases are int32 in units
of input scale · weight scale.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.cnn.attributes import Quantization

SEARCHED_BITS = 3
"""Up to this many bits `auto` searches for a weight scale."""

SEARCH_STEPS = 100
"""Candidates of the search for a scale."""

LARGEST_BIAS = 2**30
"""Largest magnitude of a bias code, which leaves room for the sum of products."""

SMALLEST_SCALE = 1e-20
"""A channel whose scale were smaller has no weights to speak of; its scale is 1."""


class Method(StrEnum):
    """How a scale is chosen."""

    MAX_ABS = "max-abs"
    """The largest magnitude gets the largest code."""

    MSE = "mse"
    """The scale, of a hundred up to that of max-abs, with the smallest mean squared error."""

    AUTO = "auto"
    """`mse` for weights of up to three bits, `max-abs` otherwise."""


def weight_codes(
    weights: NDArray[np.float32],
    bits: int,
    *,
    method: Method,
    per_channel: bool,
    smallest: NDArray[np.floating[Any]],
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Codes of weights [output channels, …] and their scale per channel, or one ([1]) for all.

    No scale is below `smallest` (one number, or one per channel).
    """
    rows = weights.reshape(len(weights) if per_channel else 1, -1)
    scale = weight_scales(rows, bits, method)
    least = np.broadcast_to(np.ravel(smallest), len(weights))
    scale = np.maximum(scale, least if per_channel else least.max())
    scale = np.where(scale > SMALLEST_SCALE, scale, 1.0).astype(np.float32)
    return _codes(rows, scale, bits).reshape(weights.shape), scale


def weight_scales(
    rows: NDArray[np.float32], bits: int, method: Method = Method.AUTO
) -> NDArray[np.float64]:
    """A scale for each row of weights [rows, columns], 0 for a row of zeros."""
    greatest = np.maximum(rows.max(axis=1), -rows.min(axis=1)).astype(np.float64)
    full = greatest / (2 ** (bits - 1) - 1)
    if method is Method.MAX_ABS or (method is Method.AUTO and bits > SEARCHED_BITS):
        return full
    best, smallest = full, np.full(len(rows), np.inf)
    for step in range(1, SEARCH_STEPS + 1):
        scale = np.where(full > 0, full * step / SEARCH_STEPS, 1.0)
        error = np.square(rows - _codes(rows, scale, bits) * scale[:, None]).sum(axis=1)
        best = np.where(error < smallest, full * step / SEARCH_STEPS, best)
        smallest = np.minimum(error, smallest)
    return best


def _codes(
    rows: NDArray[np.float32], scale: NDArray[np.floating[Any]], bits: int
) -> NDArray[np.int8]:
    largest = 2 ** (bits - 1) - 1
    codes = rows / scale[:, None]
    np.rint(codes, out=codes)
    np.clip(codes, -largest, largest, out=codes)
    return codes.astype(np.int8)


def smallest_scales(
    bias: NDArray[np.floating[Any]] | None, input_scale: float
) -> NDArray[np.float64]:
    """Weight scales below which a bias would be no int32 in units of input · weight scale."""
    if bias is None:
        return np.zeros(1)
    return np.abs(bias.astype(np.float64)) / (LARGEST_BIAS * input_scale)


def bias_codes(
    bias: NDArray[np.generic], input_scale: float, weight_scale: NDArray[np.generic]
) -> NDArray[np.int32]:
    """Biases as multiples of input scale · weight scale, saturated to int32.

    The scale has one element, or one per channel; the bias repeats the channels.
    """
    limits = np.iinfo(np.int32)
    scale = np.float32(input_scale) * weight_scale.astype(np.float32).reshape(-1)
    rows = bias.astype(np.float64).reshape(-1, scale.size)
    codes = np.rint(rows / scale.astype(np.float64)).reshape(bias.shape)
    return np.clip(codes, limits.min, limits.max).astype(np.int32)


def activation_quantization(low: float, high: float, bits: int) -> Quantization:
    """The code of an activation whose values lie between `low` and `high`."""
    signed = low < 0
    largest = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    scale = np.float32(max(-low, high) / largest)
    return Quantization(bits, signed, float(scale) if scale > 0 else 1.0, 0)


def clipped_range(
    counts: NDArray[np.integer[Any]], low: float, high: float, bits: int
) -> tuple[float, float]:
    """The part of a range whose code has the smallest mean squared error.

    `counts` are those of values in equal bins from `low` to `high`.
    """
    width = (high - low) / len(counts)
    centres = low + width * (np.arange(len(counts)) + 0.5)
    best, smallest = (low, high), np.inf
    for step in range(SEARCH_STEPS, 0, -1):
        share = step / SEARCH_STEPS
        code = activation_quantization(low * share, high * share, bits)
        levels = np.clip(np.rint(centres / code.scale), code.minimum, code.maximum)
        error = float((counts * np.square(centres - levels * code.scale)).sum())
        if error < smallest:
            best, smallest = (low * share, high * share), error
    return best
