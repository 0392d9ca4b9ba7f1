"""Analogue-to-digital converters: from bitline sums to whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from itertools import count

import numpy as np
from numpy.typing import NDArray

from spatem_ir.hardware.parameters import AdcMode
from spatem_ir.runtime.analog import FRACTION_BITS, ONE

UNLIMITED = 2**31 - 1
"""The highest code of a lossless converter."""


@dataclass(frozen=True)
class Adc:
    """A converter of `bits` bits; `full_scale` is the largest sum of an operation, in levels.

    All modes round to the nearest code, halves up, and saturate below 0.

    - `lossless`: a code per level, as many as needed.
    - `clip`: a code per level; the highest is ``2^bits − 1``.
    - `round`: ``code = ⌊sum · (2^bits − 1) / full_scale + ½⌋``, at most ``2^bits − 1``; the result
      is the level nearest to the code, ``⌊code · full_scale / (2^bits − 1) + ½⌋``.
    """

    mode: AdcMode
    bits: int
    full_scale: int

    @property
    def rounds(self) -> bool:
        """Whether a code stands for something else than a level."""
        return self.mode is AdcMode.ROUND

    @property
    def highest(self) -> int:
        """The highest code of a converter: 2^bits − 1."""
        return UNLIMITED if self.mode is AdcMode.LOSSLESS else (1 << self.bits) - 1

    @cached_property
    def outputs(self) -> NDArray[np.int32]:
        """The result for each code of mode `round`; empty in the other modes."""
        if not self.rounds:
            return np.empty(0, np.int32)
        codes = np.arange(self.highest + 1, dtype=np.int64)
        nearest = (2 * codes * self.full_scale + self.highest) // (2 * self.highest)
        return nearest.astype(np.int32)

    def convert(self, sums: NDArray[np.int32]) -> NDArray[np.int32]:
        """The results for sums, which are analogue quantities."""
        if not self.rounds:
            codes = (sums + np.int32(ONE // 2)) >> np.int32(FRACTION_BITS)
            return np.clip(codes, 0, self.highest).astype(np.int32)
        # Dividend and divisor are whole numbers below 2^53, so that the floor is exact.
        full_scale = float(self.full_scale * ONE)
        codes = np.floor((2.0 * self.highest * sums + full_scale) / (2.0 * full_scale))
        return self.outputs[np.clip(codes, 0, self.highest).astype(np.intp)]

    def of_whole(self, sums: NDArray[np.integer]) -> NDArray[np.int32]:
        """The results for sums in whole levels."""
        return self.convert(sums.astype(np.int32) << np.int32(FRACTION_BITS))

    def resolves(self, largest: int) -> bool:
        """Whether all whole sums up to `largest` levels are converted to themselves."""
        if not self.rounds or self.full_scale <= self.highest:
            return largest <= self.highest
        return largest < _first_unresolved(self)

    def rounded(self, level: int) -> int:
        """The result of mode `round` for a whole sum, at most `full_scale`."""
        code = (2 * level * self.highest + self.full_scale) // (2 * self.full_scale)
        return (2 * code * self.full_scale + self.highest) // (2 * self.highest)


@cache
def _first_unresolved(adc: Adc) -> int:
    """The smallest whole sum that a converter with fewer codes than sums rounds to another one."""
    return next(level for level in count() if adc.rounded(level) != level)
