"""Exact integer matrix products by floating-point BLAS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FLOAT32_BITS = 24
"""Integers of up to this many bits are exact in float32."""

FLOAT64_BITS = 53
"""Integers of up to this many bits are exact in float64."""


def exact_rows(product_bits: int) -> tuple[int, type[np.floating]]:
    """How many products of `product_bits` bits sum up exactly, and in which floating-point type.

    Float32 where it holds at least :data:`USEFUL_ROWS` products, otherwise float64.
    """
    if product_bits <= FLOAT32_BITS and 1 << (FLOAT32_BITS - product_bits) >= USEFUL_ROWS:
        return 1 << (FLOAT32_BITS - product_bits), np.float32
    return 1 << (FLOAT64_BITS - product_bits), np.float64


USEFUL_ROWS = 128
"""Rows below which a product in float32 would be cut too finely to be faster."""


@dataclass(frozen=True)
class OperandPart:
    """What a tile receives for some windows: its rows, its input bits.

    `values` has shape [rows, windows, images] and a type in which all sums over the rows are exact.
    """

    values: NDArray[np.floating]

    @staticmethod
    def of(values: NDArray[np.integer], product_bits: int) -> OperandPart:
        """The part with these values; a product with a weight has at most `product_bits` bits."""
        limit, dtype = exact_rows(product_bits)
        exact = dtype if len(values) <= limit else np.float64
        return OperandPart(values.astype(exact))

    def at(self, windows: NDArray[np.intp]) -> OperandPart:
        """The part for some of its windows, counted from 0."""
        return OperandPart(self.values[:, windows])

    def sums(self, codes: NDArray[np.integer], excess: int) -> NDArray[np.int32]:
        """Σ over rows of x · (code − excess), wrapping int32: shape [columns, windows, images].

        `codes` has shape [rows, columns].  As the CU's digital logic does, the excess of the stored
        codes over the weights is taken off as excess · Σ x.
        """
        rows = self.values.reshape(len(self.values), -1)
        sums = (codes.astype(rows.dtype).T @ rows).astype(np.int64)
        if excess:
            sums -= excess * rows.sum(axis=0).astype(np.int64)
        return sums.astype(np.int32).reshape(-1, *self.values.shape[1:])
