"""How wide the sums of weight layers must be, so that none of them wraps.

Sums are two's complement numbers.  Additions in two's complement may wrap on the way, from
operation unit to operation unit, from bit to bit, from tile to tile: the last sum is right if it
fits.  So what must fit is what a layer's partial sums merge to, Σ x · (w − weight zero point), and
what the bias and the input's zero point make of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.parameters import weight_excess, weight_matrices
from spatem_ir.weights.store import ParameterStore

COLUMNS_AT_ONCE = 256
"""Columns of a matrix whose weights are looked at together."""


def bits_of(lowest: int, highest: int) -> int:
    """The bits of the narrowest two's complement number that holds a range."""
    return max(highest.bit_length(), (-1 - lowest).bit_length() if lowest < 0 else 0) + 1


def needed_sum_bits(op: WeightLayerOp, store: ParameterStore) -> int:
    """The bits that a layer's sums need: for its weights, its bias and every possible input.

    Raises:
        SpatemError: parameters cannot be found, or are not what the IR states.
    """
    code, bias = quantized(op, op.input), _bias_of(op, store)
    excess = weight_excess(op, offset_binary=False)
    matrices = weight_matrices(op, store)
    needed = 1
    for matrix, biases in zip(matrices, bias, strict=True):
        for first in range(0, len(matrix), COLUMNS_AT_ONCE):
            some = slice(first, first + COLUMNS_AT_ONCE)
            weights = matrix[some].astype(np.int32) - excess
            positive = np.maximum(weights, 0).sum(axis=1, dtype=np.int64)
            negative = np.minimum(weights, 0).sum(axis=1, dtype=np.int64)
            lowest = code.minimum * positive + code.maximum * negative
            highest = code.maximum * positive + code.minimum * negative
            constants = biases[some] - code.zero_point * (positive + negative)
            for shift in (np.zeros_like(constants), constants):
                limits = int((lowest + shift).min()), int((highest + shift).max())
                needed = max(needed, bits_of(*limits))
    return needed


def most_sum_bits(op: WeightLayerOp, store: ParameterStore) -> int:
    """The bits that suffice for a layer's sums whatever its weights are, of the types they have."""
    code = quantized(op, op.input)
    products = op.layer.rows << (code.bits + op.weight_element.width.data)
    largest = int(np.abs(_bias_of(op, store)).max(initial=0)) + products
    return bits_of(-largest, largest)


def check_sum_bits(op: WeightLayerOp, accelerator: Accelerator, store: ParameterStore) -> None:
    """Check that the accelerator's adders are wide enough for a layer.

    Raises:
        SpatemError: they are not; the layer, the bits and the parameter are named.
    """
    width = accelerator.components.accumulation.sum_bits
    if op.accumulator_bits <= width:
        return
    needed = needed_sum_bits(op, store)
    if needed > width:
        raise SpatemError(
            f"@{op.sym_name.data}: its sums need {needed} bits, and partial sums of "
            f"'{accelerator.name}' have {width}: they would wrap; set accumulation.sum_bits to "
            f"{needed} or more, or use fewer bits for activations or weights"
        )


def _bias_of(op: WeightLayerOp, store: ParameterStore) -> NDArray[np.int64]:
    """The integer bias of each matrix and column; zeros where there is none, or a float32 one."""
    shape = (op.layer.matrices, op.layer.columns)
    if op.bias is None:
        return np.zeros(shape, np.int64)
    bias = store.values(op.bias)
    return (
        np.zeros(shape, np.int64)
        if bias.dtype == np.float32
        else bias.astype(np.int64).reshape(shape)
    )
