"""Exact integer matrix products by floating-point BLAS, see :mod:`spatem_ir.numerics.exact`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatem_ir.numerics.exact import Exact
from spatem_ir.runtime.analog.patterns import Sent


@dataclass(frozen=True)
class OperandPart:
    """What a tile receives for some windows: its rows, its input bits.

    `values` has shape [rows, windows, images]; `correction` (shape [windows, images]) is what the
    CU's digital logic subtracts from every sum because stored codes exceed weights; `sent` are the
    bits that operation units receive, None where whole numbers are multiplied.
    """

    values: Exact
    correction: Exact
    sent: Sent | None = None

    @staticmethod
    def of(values: NDArray[np.integer], dtype: type[np.floating], excess: int) -> OperandPart:
        """The part with these values, of a type that is exact; the correction is excess · Σ x."""
        exact = values.astype(dtype)
        return OperandPart(exact, exact.sum(axis=0) * dtype(excess))

    @property
    def windows_and_images(self) -> tuple[int, ...]:
        """The extents of windows and images."""
        return self.values.shape[1:]

    def at(self, windows: NDArray[np.intp]) -> OperandPart:
        """The part for some of its windows, counted from 0."""
        sent = None if self.sent is None else self.sent.at(windows)
        return OperandPart(self.values[:, windows], self.correction[windows], sent)

    def sums(self, codes: Exact) -> Exact:
        """Σ over rows of x · (code − excess): shape [columns, windows, images].

        `codes` has shape [rows, columns].
        """
        products = codes.T @ self.values.reshape(len(self.values), -1)
        sums = products.reshape(-1, *self.windows_and_images)
        sums -= self.correction
        return sums
