"""Integers in floating-point types in which they and their sums are exact.

Sums of integers are exact in floating point as long as every partial sum is; then they may be
formed in any order, and wrapped at the end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatem_ir.support.errors import SpatemError

FLOAT32_BITS = 24
"""Integers of up to this many bits are exact in float32."""

FLOAT64_BITS = 53
"""Integers of up to this many bits are exact in float64."""

INT32_BITS, INT64_BITS = 32, 64

Exact = NDArray[np.floating]
"""Integers in a floating-point type in which they and their sums are exact."""


def exact_type(rows: int, product_bits: int) -> type[np.floating]:
    """A type in which sums of so many products are exact, each below 2^`product_bits`.

    Raises:
        SpatemError: not even float64 is one.
    """
    if rows << product_bits <= 1 << FLOAT32_BITS:
        return np.float32
    if rows << product_bits > 1 << FLOAT64_BITS:
        raise SpatemError(
            f"sums of {rows} products of {product_bits} bits are not exact in float64; "
            "use activations or weights of fewer bits"
        )
    return np.float64


def wrapped(sums: Exact | NDArray[np.integer], bits: int) -> NDArray[np.signedinteger]:
    """Exact sums in wrapping two's complement of so many bits, at most 64: int32 or int64."""
    whole = sums.astype(np.int64)
    if bits == INT32_BITS:
        return whole.astype(np.int32)
    spare = INT64_BITS - bits
    return (whole << spare >> spare).astype(sum_dtype(bits))


def sum_dtype(bits: int) -> type[np.signedinteger]:
    """The type that holds sums of so many bits."""
    return np.int32 if bits <= INT32_BITS else np.int64
