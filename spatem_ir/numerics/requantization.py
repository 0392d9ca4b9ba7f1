"""Requantisation: from the accumulated sums of a weight layer to its results."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.attributes import Quantization, quantization_of
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.dialects.cnn.weight_layers import Requantization, WeightLayerOp
from spatem_ir.numerics.codes import (
    BLOCK_ELEMENTS,
    Array,
    Codes,
    Reals,
    multiplier,
    saturate,
    storage_dtype,
    to_codes,
)
from spatem_ir.numerics.exact import INT32_BITS, sum_dtype, wrapped
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.parameters import is_accumulator, per_output, weight_excess
from spatem_ir.weights.store import ParameterStore

FRACTION_BITS = 31
"""Bits of a fixed-point multiplier's fraction."""

MULTIPLIER_LIMIT = 1 << (FRACTION_BITS - 1)
"""Fixed-point multipliers are below it: at least one bit is shifted out and rounded."""


@dataclass(frozen=True)
class Requantizer:
    """What the home of a layer's results does to the accumulated sums.

    `constant` (in the type of the sums, [channels, positions or 1, 1]) holds the bias and what the
    input's zero point adds to every sum, which wrap at `sum_bits`.  `multiplier` (float32,
    [channels or 1, 1, 1]) leads to the output's scale, in the way that `mode` says, or to float32
    if `code` is None.  With neither the result is the accumulator itself.  `shift` (float32, as the
    constant) is added to float32 results.  Codes are within `saturation`, if there is one.
    """

    constant: NDArray[np.signedinteger]
    multiplier: Reals | None
    mode: Requantization
    code: Quantization | None
    shape: tuple[int, ...]
    shift: Reals | None = None
    sum_bits: int = INT32_BITS
    saturation: tuple[int, int] | None = None

    @staticmethod
    def of(op: WeightLayerOp, weights: Codes, store: ParameterStore) -> Requantizer:
        """The requantisation of a layer; `weights` have shape [matrices, columns, rows].

        Raises:
            SpatemError: the scales lead to a multiplier that has no fixed-point form.
        """
        layer = op.layer
        source, target = quantized(op, op.input), quantization_of(op.output.type)
        constants = np.zeros((layer.matrices, layer.columns), np.int64)
        shift = None
        if op.bias is not None:
            bias = store.values(op.bias).reshape(constants.shape)
            if bias.dtype == np.float32:
                shift = per_output(layer, bias.astype(np.float32))
            else:
                constants += bias.astype(np.int64)
        if source.zero_point:
            sums = weights.sum(axis=2, dtype=np.int64)
            excess = weight_excess(op, offset_binary=False)
            constants -= source.zero_point * (sums - layer.rows * excess)
        assert op.weight_scale is not None
        scale = np.asarray(store.values(op.weight_scale), np.float32).reshape(-1, 1, 1)
        mode, is_sum = op.requantization, is_accumulator(op.output.type)
        what = f"{op.name} @{op.sym_name.data}"
        return Requantizer(
            constant=per_output(layer, wrapped(constants, op.accumulator_bits)),
            multiplier=None if is_sum else factors(what, mode, source, scale, target),
            mode=mode,
            code=None if is_sum else target,
            shape=shape_of(op.output),
            shift=shift,
            sum_bits=op.accumulator_bits,
            saturation=op.saturation,
        )

    def apply(self, sums: NDArray[np.signedinteger]) -> Array:
        """Results of shape [images, …] from sums of shape [channels, positions, images].

        So many channels, or positions of one, are computed at once that little is beside them.
        """
        channels, positions, images = sums.shape
        wide = min(positions, max(1, BLOCK_ELEMENTS // images))
        high = max(1, BLOCK_ELEMENTS // (wide * images))
        results = np.empty((images, channels, positions), self.dtype)
        for channel, position in product(range(0, channels, high), range(0, positions, wide)):
            block = slice(channel, channel + high), slice(position, position + wide)
            results[:, *block] = self._block(sums[block], block).transpose(2, 0, 1)
        return results.reshape(-1, *self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of results."""
        if self.multiplier is None:
            return np.dtype(sum_dtype(self.sum_bits))
        return np.dtype(np.float32) if self.code is None else storage_dtype(self.code)

    def _block(self, sums: NDArray[np.signedinteger], block: tuple[slice, slice]) -> Array:
        """Results of a block of channels and positions, in the order of the sums."""
        sums = sums + self._part(self.constant, block)
        if self.sum_bits != INT32_BITS:
            sums = wrapped(sums, self.sum_bits)
        if self.multiplier is None:
            results: Array = sums
        elif self.code is None:
            results = sums.astype(np.float32) * self._part(self.multiplier, block)
            if self.shift is not None:
                results = results + self._part(self.shift, block)
        elif self.mode is Requantization.FIXED_POINT:
            steps = fixed_point_product(sums, self._part(self.multiplier, block))
            results = saturate(steps + self.code.zero_point, self.code)
        else:
            steps = sums.astype(np.float32) * self._part(self.multiplier, block)
            results = to_codes(steps, self.code)
        return results if self.saturation is None else np.clip(results, *self.saturation)

    def _part(self, values: NDArray[Any], block: tuple[slice, slice]) -> NDArray[Any]:
        """What belongs to a block, of [channels or 1, positions or 1, 1]."""
        channels, positions = values.shape[:2]
        return values[
            block[0] if channels > 1 else slice(None), block[1] if positions > 1 else slice(None)
        ]


def factors(
    what: str,
    mode: Requantization,
    source: Quantization,
    scale: Reals,
    target: Quantization | None,
) -> Reals:
    """What leads from sums to codes, as :func:`~spatem_ir.numerics.codes.multiplier` says.

    Raises:
        SpatemError: it has no fixed-point form, which the mode asks for; `what` requantises.
    """
    found = multiplier(source, scale, target)
    if mode is Requantization.FIXED_POINT and not (found < MULTIPLIER_LIMIT).all():
        raise SpatemError(
            f"{what}: its scales give the multiplier {found.max():g}; fixed-point requantisation "
            f"needs one below 2^{FRACTION_BITS - 1}: use a larger output scale"
        )
    return found


def fixed_point_product(sums: NDArray[np.signedinteger], multiplier: Reals) -> NDArray[np.int64]:
    """``⌊sum · M + ½⌋`` in integers, for multipliers M from 0 to below :data:`MULTIPLIER_LIMIT`.

    M = fraction · 2^−shift with a fraction of 31 bits, exactly, because a float32 has 24.  Products
    of sums of 32 bits stay below 2^62; shifts of more than 63 bits give zero as those of 63 do.
    """
    mantissas, exponents = np.frexp(multiplier.astype(np.float64))
    fractions = (mantissas * (1 << FRACTION_BITS)).astype(np.int64)
    shifts = np.minimum(FRACTION_BITS - exponents.astype(np.int64), 63)
    return ((sums.astype(np.int64) * fractions >> (shifts - 1)) + 1) >> 1
