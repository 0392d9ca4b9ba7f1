"""The kernels' interface, and what its implementations share.

They compute the same bits.  In all of them, G are the groups of wordlines of a tile, n the operands
(windows · images), B the bitlines, C the columns (weights), and bitlines are ordered by cell slice
first: bitline k · C + c holds cell k (the least significant is 0) of column c.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from spatem_ir.runtime.analog.adc import Adc

Patterns = NDArray[np.unsignedinteger]
"""Input bits by wordline: [G, n, bits, words]; bit r of word q is of wordline q · word bits + r."""

NumberT = TypeVar("NumberT", bound=np.integer)

SUBGROUP = 5
"""Wordlines of one partial table of the direct kernel."""


class OuShape(NamedTuple):
    """How a tile's operations are cut and put together.

    `wordlines` work at once, `dac_bits` are sent at once; a weight takes `cells` cells of
    `cell_bits` bits; the top bit that is sent counts negative with `negative_top`.
    """

    wordlines: int
    dac_bits: int
    cells: int
    cell_bits: int
    negative_top: bool


class Noise(NamedTuple):
    """Read noise: its scale (0: none) and the key of each operand, [n]."""

    scale: int
    keys: NDArray[np.uint64]


class Kernels(Protocol):
    """Sums of all operations of a tile through the ADC, shifted and added: int32 [n, C]."""

    def pack(
        self, codes: NDArray[np.uint32], bits: int, wordlines: int, word_bits: int, words: int
    ) -> Patterns:
        """The `bits` bits of codes [rows, n] in words of `word_bits` (at most 64) wordlines."""
        ...

    def build_table(
        self, cells: NDArray[np.int32], shape: OuShape, adc: Adc
    ) -> NDArray[np.signedinteger]:
        """The result of every operation for every pattern: [G, 2^(wordlines · DAC bits), C].

        `cells` are conductances [rows, B].  Converters and cell slices are folded into the table.
        Bit j · wordlines + r of a pattern is bit j of what is sent to wordline r.
        """
        ...

    def table_sums(
        self, table: NDArray[np.signedinteger], patterns: Patterns, shape: OuShape
    ) -> NDArray[np.int32]:
        """Look every operation up; patterns of words of all wordlines of a group."""
        ...

    def popcount_sums(
        self, planes: Patterns, patterns: Patterns, shape: OuShape, adc: Adc
    ) -> NDArray[np.int32]:
        """Count the set bits that inputs and ideal cells share.

        `planes` [G, cell bits, B] hold the bits of the cells' levels, packed as the patterns are.
        """
        ...

    def direct_sums(
        self,
        partial: NDArray[np.int32],
        patterns: Patterns,
        shape: OuShape,
        adc: Adc,
        noise: Noise,
    ) -> NDArray[np.int32]:
        """Add up conductances operation by operation, with read noise.

        `partial` [G, subgroups, 32, B] holds the sums of every subset of :data:`SUBGROUP`
        wordlines, for an even number of subgroups; patterns of words of so many.  The noise of an
        operation has the key ``draws(operand key, first row · slices + slice)``; bitline b gets
        its sample b.
        """
        ...


def group_count(rows: int, wordlines: int) -> int:
    """Groups of wordlines of a tile: those of the last group may be fewer."""
    return -(-rows // wordlines)


def word_type(word_bits: int) -> type[np.unsignedinteger]:
    """The smallest type of words of so many bits."""
    return np.uint16 if word_bits <= 16 else np.uint32 if word_bits <= 32 else np.uint64


def grouped(cells: NDArray[NumberT], wordlines: int, multiple: int = 1) -> NDArray[NumberT]:
    """Rows as [G, wordlines, …], zeros where there are none, up to a multiple of wordlines."""
    rows, *rest = cells.shape
    groups, height = group_count(rows, wordlines), -(-wordlines // multiple) * multiple
    whole = np.zeros((groups * wordlines, *rest), cells.dtype)
    whole[:rows] = cells
    result = np.zeros((groups, height, *rest), cells.dtype)
    result[:, :wordlines] = whole.reshape(groups, wordlines, *rest)
    return result


def subgroup_count(wordlines: int) -> int:
    """Subgroups of a group of wordlines in the direct kernel: an even number."""
    return -(-wordlines // (2 * SUBGROUP)) * 2


def subset_sums(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """The sum of every subset of values [..., m, B]: shape [..., 2^m, B], bit r for value r."""
    *outer, count, bitlines = values.shape
    sums = np.zeros((*outer, 1 << count, bitlines), values.dtype)
    for number in range(count):
        size = 1 << number
        np.add(
            sums[..., :size, :],
            values[..., number, None, :],
            out=sums[..., size : 2 * size, :],
        )
    return sums


def partial_tables(cells: NDArray[np.int32], wordlines: int) -> NDArray[np.int32]:
    """The partial tables of the direct kernel for conductances [rows, B]."""
    groups = grouped(cells, wordlines, 2 * SUBGROUP)
    return subset_sums(groups.reshape(len(groups), -1, SUBGROUP, cells.shape[1]))


def bit_planes(levels: NDArray[np.unsignedinteger], wordlines: int, cell_bits: int) -> Patterns:
    """The planes of the popcount kernel for levels [rows, B]."""
    dtype = word_type(wordlines)
    bits = (grouped(levels, wordlines)[:, None] >> np.arange(cell_bits)[:, None, None]) & 1
    weights = np.left_shift(dtype(1), np.arange(wordlines, dtype=dtype))
    return (bits.astype(dtype) * weights[:, None]).sum(axis=2, dtype=dtype)
