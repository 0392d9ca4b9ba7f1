"""The kernels of :mod:`spatem_ir.runtime.analog.kernels`, compiled by numba.

Whole numbers are cast back to int32 after every operation: numba widens them to int64, which would
halve the numbers that a vector instruction works on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.extending import intrinsic
from numpy.typing import NDArray

from spatem_ir.runtime.analog import FRACTION_BITS, ONE
from spatem_ir.runtime.analog.adc import Adc
from spatem_ir.runtime.analog.kernels import (
    Noise,
    OuShape,
    Patterns,
    group_count,
    grouped,
    word_type,
)
from spatem_ir.runtime.analog.randomness import (
    FIRST,
    GOLDEN,
    NOISE_BYTES,
    NOISE_MEAN,
    SCALE_BITS,
    SECOND,
)
from spatem_ir.support import compiled

i32, u64 = np.int32, np.uint64

LARGEST_INT16, LARGEST_UINT16 = 2**15 - 1, 2**16 - 1

HALF_UP = 0.5 + 2.0**-33
"""What is added before rounding down a quotient that was computed as a product with the inverse.

Quotients are below 2^18 and wrong by less than 2^-34; those that are whole numbers and a half are
lifted to at least the next whole number, and all others are 2^-31 or more away from one.
"""


def _compiled(function: Callable[..., Any]) -> Any:
    """A function compiled by numba, kept on disk where numba finds a place."""
    return compiled.kept(function, nogil=True)


@intrinsic
def _popcount(_context: Any, word: Any) -> Any:
    """The number of set bits, by the processor's instruction."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


@_compiled
def _mix(word):
    """:func:`randomness.mix`."""
    word = (word ^ (word >> u64(30))) * u64(FIRST)
    word = (word ^ (word >> u64(27))) * u64(SECOND)
    return word ^ (word >> u64(31))


@_compiled
def _convert_and_shift(sums, adc, significance, shifted):
    """Add the converter's results, times their significance, to what the shift-and-adds hold."""
    highest, to_code, to_level = adc
    if to_level != 0.0:
        largest = float(highest)
        for b in range(sums.size):
            code = np.floor(sums[b] * to_code + HALF_UP)
            code = min(max(code, 0.0), largest)
            level = i32(np.floor(code * to_level + HALF_UP))
            shifted[b] = i32(shifted[b] + i32(level * significance))
    else:
        for b in range(sums.size):
            code = i32(i32(sums[b] + i32(ONE // 2)) >> i32(FRACTION_BITS))
            level = min(max(code, i32(0)), highest)
            shifted[b] = i32(shifted[b] + i32(level * significance))


@_compiled
def _significance(first, negative):
    """2^first, perhaps negative, in wrapping int32: a product vectorises better than a shift."""
    return i32(-(1 << first)) if negative else i32(1 << first)


@_compiled
def _fold(shifted, cells, cell_bits, result):
    """Shift and add cell slices onto a result, [columns]."""
    columns = result.size
    for cell in range(cells):
        factor = i32(1 << (cell * cell_bits))
        for c in range(columns):
            result[c] = i32(result[c] + i32(shifted[cell * columns + c] * factor))


def pack(
    codes: NDArray[np.uint32], bits: int, wordlines: int, word_bits: int, words: int
) -> Patterns:
    """See :meth:`Kernels.pack`."""
    rows, operands = codes.shape
    shape = (group_count(rows, wordlines), operands, bits, words)
    patterns = np.zeros(shape, word_type(word_bits))
    _pack(codes, wordlines, word_bits, patterns)
    return patterns


@_compiled
def _pack(codes, wordlines, word_bits, patterns):
    rows, operands = codes.shape
    bits = patterns.shape[2]
    for row in range(rows):
        group, wordline = divmod(row, wordlines)
        word, position = divmod(wordline, word_bits)
        for operand in range(operands):
            code = u64(codes[row, operand])
            for bit in range(bits):
                sent = ((code >> u64(bit)) & u64(1)) << u64(position)
                patterns[group, operand, bit, word] |= sent


def build_table(cells: NDArray[np.int32], shape: OuShape, adc: Adc) -> NDArray[np.signedinteger]:
    """See :meth:`Kernels.build_table`."""
    groups = grouped(cells, shape.wordlines)
    # Converters are monotone: no result exceeds that of all wordlines at their highest.
    highest = groups.sum(axis=1).max(initial=0) * ((1 << shape.dac_bits) - 1)
    largest = int(adc.convert(highest.reshape(1).astype(np.int32))[0])
    significances = sum(1 << (cell * shape.cell_bits) for cell in range(shape.cells))
    dtype = np.int16 if largest * significances <= LARGEST_INT16 else np.int32
    patterns = 1 << (shape.wordlines * shape.dac_bits)
    table = np.zeros((len(groups), patterns, cells.shape[1] // shape.cells), dtype)
    _build_table(groups, *shape[:4], _transfer(adc), table)
    return table


@_compiled
def _build_table(cells, wordlines, dac_bits, slices, cell_bits, adc, table):
    bitlines = cells.shape[2]
    groups, patterns, columns = table.shape
    sums = np.zeros((patterns, bitlines), np.int32)
    converted = np.zeros(bitlines, np.int32)
    folded = np.zeros(columns, np.int32)
    for group in range(groups):
        for position in range(wordlines * dac_bits):
            exponent, wordline = divmod(position, wordlines)
            factor, size = i32(1 << exponent), 1 << position
            for pattern in range(size):
                _drive_one(sums[pattern], cells[group, wordline], factor, sums[size + pattern])
        for pattern in range(patterns):
            for b in range(bitlines):
                converted[b] = 0
            _convert_and_shift(sums[pattern], adc, i32(1), converted)
            for c in range(columns):
                folded[c] = 0
            _fold(converted, slices, cell_bits, folded)
            for c in range(columns):
                table[group, pattern, c] = folded[c]


@_compiled
def _drive_one(sums, row, factor, result):
    """Sums, and what one more wordline adds to them."""
    for b in range(row.size):
        result[b] = i32(sums[b] + i32(row[b] * factor))


def table_sums(
    table: NDArray[np.signedinteger], patterns: Patterns, shape: OuShape
) -> NDArray[np.int32]:
    """See :meth:`Kernels.table_sums`."""
    sums = np.zeros((patterns.shape[1], table.shape[2]), np.int32)
    _table_sums(table, patterns, shape.wordlines, shape.dac_bits, shape.negative_top, sums)
    return sums


@_compiled
def _table_sums(table, patterns, wordlines, dac_bits, negative_top, sums):
    groups, operands, bits, _ = patterns.shape
    columns = sums.shape[1]
    slices = (bits + dac_bits - 1) // dac_bits
    shifted = np.zeros(columns, np.int32)
    factor = i32(1 << dac_bits)
    for group in range(groups):
        for operand in range(operands):
            # Horner's rule, from the top slice down.
            for number in range(slices - 1, -1, -1):
                position = 0
                for exponent in range(min(dac_bits, bits - number * dac_bits)):
                    word = patterns[group, operand, number * dac_bits + exponent, 0]
                    position |= int(word) << (exponent * wordlines)
                looked_up = table[group, position]
                if number == slices - 1:
                    sign = i32(-1) if negative_top else i32(1)
                    for c in range(columns):
                        shifted[c] = i32(looked_up[c] * sign)
                else:
                    for c in range(columns):
                        shifted[c] = i32(i32(shifted[c] * factor) + looked_up[c])
            for c in range(columns):
                sums[operand, c] = i32(sums[operand, c] + shifted[c])


def popcount_sums(
    planes: Patterns, patterns: Patterns, shape: OuShape, adc: Adc
) -> NDArray[np.int32]:
    """See :meth:`Kernels.popcount_sums`."""
    sums = np.zeros((patterns.shape[1], planes.shape[2] // shape.cells), np.int32)
    largest = shape.wordlines * ((1 << shape.cell_bits) - 1) * ((1 << shape.dac_bits) - 1)
    counts = np.zeros(planes.shape[2], np.uint16 if largest <= LARGEST_UINT16 else np.uint32)
    _popcount_sums(planes, patterns, *shape[1:], _transfer(adc), counts, sums)
    return sums


@_compiled
def _count(word, plane, significance, counts):
    """Add the numbers of bits that a word shares with the bitlines of a plane."""
    factor = counts.dtype.type(significance)
    for b in range(counts.size):
        shared = _popcount(plane.dtype.type(word & plane[b]))  # type: ignore[call-arg]
        driven = counts.dtype.type(counts.dtype.type(shared) * factor)
        counts[b] = counts.dtype.type(counts[b] + driven)


@_compiled
def _popcount_sums(planes, patterns, dac_bits, cells, cell_bits, negative_top, adc, counts, sums):
    groups, operands, bits, _ = patterns.shape
    bitlines = planes.shape[2]
    highest, to_code, to_level = adc
    to_code *= ONE
    largest = float(highest)
    shifted = np.zeros(bitlines, np.int32)
    for group in range(groups):
        for operand in range(operands):
            for b in range(bitlines):
                shifted[b] = 0
            for first in range(0, bits, dac_bits):
                last = min(first + dac_bits, bits)
                for b in range(bitlines):
                    counts[b] = 0
                for bit in range(first, last):
                    word = patterns[group, operand, bit, 0]
                    for plane in range(planes.shape[1]):
                        _count(word, planes[group, plane], 1 << (bit - first + plane), counts)
                significance = _significance(first, negative_top and last == bits)
                if to_level != 0.0:
                    for b in range(bitlines):
                        code = min(np.floor(counts[b] * to_code + HALF_UP), largest)
                        level = i32(np.floor(code * to_level + HALF_UP))
                        shifted[b] = i32(shifted[b] + i32(level * significance))
                else:
                    for b in range(bitlines):
                        level = min(i32(counts[b]), highest)
                        shifted[b] = i32(shifted[b] + i32(level * significance))
            _fold(shifted, cells, cell_bits, sums[operand])


def direct_sums(
    partial: NDArray[np.int32], patterns: Patterns, shape: OuShape, adc: Adc, noise: Noise
) -> NDArray[np.int32]:
    """See :meth:`Kernels.direct_sums`."""
    sums = np.zeros((patterns.shape[1], partial.shape[3] // shape.cells), np.int32)
    _direct_sums(partial, patterns, *shape, _transfer(adc), np.int32(noise.scale), noise.keys, sums)
    return sums


@_compiled
def _drive(one, two, factor, read, is_first):
    """Add two partial sums, times a factor, to what is read; the first ones replace it."""
    if is_first:
        for b in range(read.size):
            read[b] = i32(one[b] + two[b])
    else:
        for b in range(read.size):
            read[b] = i32(read[b] + i32(i32(one[b] + two[b]) * factor))


@_compiled
def _add_noise(key, scale, steps, words, samples, read):
    """Add samples of noise (see :func:`randomness.noise`); `words`, `samples` are work space."""
    bitlines = read.size
    rows = words.view(np.uint8)
    for b in range(bitlines):
        words[b] = _mix(key + steps[b])
    for b in range(bitlines):
        total = np.uint16(0)
        for k in range(NOISE_BYTES):
            total = np.uint16(total + rows[k * bitlines + b])
        samples[b] = total
    for b in range(bitlines):
        centred = i32(i32(samples[b]) - i32(NOISE_MEAN))
        read[b] = i32(read[b] + i32(i32(centred * scale) >> i32(SCALE_BITS)))


@_compiled
def _direct_sums(
    partial,
    patterns,
    wordlines,
    dac_bits,
    cells,
    cell_bits,
    negative_top,
    adc,
    scale,
    keys,
    sums,
):
    groups, operands, bits, subgroups = patterns.shape
    bitlines = partial.shape[3]
    slices = (bits + dac_bits - 1) // dac_bits
    read = np.zeros(bitlines, np.int32)
    shifted = np.zeros(bitlines, np.int32)
    words = np.zeros(bitlines, np.uint64)
    samples = np.zeros(bitlines, np.uint16)
    steps = np.zeros(bitlines, np.uint64)
    for b in range(bitlines):
        steps[b] = u64(b + 1) * u64(GOLDEN)
    for group in range(groups):
        for operand in range(operands):
            for b in range(bitlines):
                shifted[b] = 0
            for number in range(slices):
                first = number * dac_bits
                last = min(first + dac_bits, bits)
                for bit in range(first, last):
                    factor = i32(1 << (bit - first))
                    for pair in range(0, subgroups, 2):
                        one = partial[group, pair, patterns[group, operand, bit, pair]]
                        two = partial[group, pair + 1, patterns[group, operand, bit, pair + 1]]
                        _drive(one, two, factor, read, bit == first and pair == 0)
                if scale != 0:
                    operation = group * wordlines * slices + number
                    key = _mix(keys[operand] + u64(operation + 1) * u64(GOLDEN))
                    _add_noise(key, scale, steps, words, samples, read)
                significance = _significance(first, negative_top and last == bits)
                _convert_and_shift(read, adc, significance, shifted)
            _fold(shifted, cells, cell_bits, sums[operand])


def _transfer(adc: Adc) -> tuple[np.int32, float, float]:
    """A converter for compiled code: highest code, codes per sum, levels per code (or 0)."""
    if not adc.rounds:
        return np.int32(adc.highest), 0.0, 0.0
    return (
        np.int32(adc.highest),
        adc.highest / (adc.full_scale * ONE),
        adc.full_scale / adc.highest,
    )
