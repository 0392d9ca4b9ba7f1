"""Post-training quantisation: integer codes for the weights and activations of a float network.

The scheme is that of Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference" (CVPR 2018), with one scale per output channel for weights:

- weights are signed and symmetric (with b bits from −(2^(b−1) − 1) to 2^(b−1) − 1), the scale from
  the largest magnitude of the channel; with at most 3 bits from a search for the smallest mean
  squared error;
- activations have one scale per tensor from the values that calibration inputs give: unsigned, or
  signed and symmetric if there are negative values; zero is always code 0;
- biases are int32 in units of input scale · weight scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.cnn_attributes import Quantization

SEARCHED_BITS = 3
"""Up to this many bits a weight scale is searched for."""

SEARCH_STEPS = 100
"""Candidates of the search for a weight scale."""

LARGEST_BIAS = 2**30
"""Largest magnitude of a bias code, which leaves room for the sum of products."""

SMALLEST_SCALE = 1e-20
"""A channel whose scale were smaller has no weights to speak of; its scale is 1."""


@dataclass(frozen=True)
class PostTraining:
    """How a float network is quantised: bits per weight, and codes of activations by tensor."""

    weight_bits: int
    activations: Mapping[str, Quantization]

    def weight_codes(
        self, weights: NDArray[np.float32], input_scale: float, bias: NDArray[np.floating[Any]]
    ) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Codes of weights [output channels, …] and their scale for each output channel.

        `bias` (magnitudes, one per channel or one for all) keeps the scale of a channel with tiny
        weights large enough for the channel's bias to be an int32 in units of the scale.
        """
        rows = weights.reshape(len(weights), -1)
        scale = weight_scales(rows, self.weight_bits)
        scale = np.maximum(scale, np.ravel(bias) / (LARGEST_BIAS * input_scale))
        scale = np.where(scale > SMALLEST_SCALE, scale, 1.0).astype(np.float32)
        return _codes(rows, scale, self.weight_bits).reshape(weights.shape), scale


def weight_scales(rows: NDArray[np.float32], bits: int) -> NDArray[np.float64]:
    """A scale for each row of weights [rows, columns], 0 for a row of zeros."""
    greatest = np.abs(rows).max(axis=1).astype(np.float64)
    full = greatest / (2 ** (bits - 1) - 1)
    if bits > SEARCHED_BITS:
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
    return np.clip(np.rint(rows / scale[:, None]), -largest, largest).astype(np.int8)


def bias_codes(
    bias: NDArray[np.floating[Any]], scale: NDArray[np.floating[Any]]
) -> NDArray[np.int32]:
    """Biases as multiples of the accumulator's scale, saturated to int32."""
    limits = np.iinfo(np.int32)
    codes = np.rint(bias.astype(np.float64) / scale.astype(np.float64))
    return np.clip(codes, limits.min, limits.max).astype(np.int32)


def activation_quantization(low: float, high: float, bits: int) -> Quantization:
    """The code of an activation whose values lie between `low` and `high`."""
    signed = low < 0
    largest = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    scale = np.float32(max(-low, high) / largest)
    return Quantization(bits, signed, float(scale) if scale > 0 else 1.0, 0)
