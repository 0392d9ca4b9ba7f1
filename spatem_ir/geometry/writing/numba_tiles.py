"""Candidates in tiles whose scores are computed for all of a tile together, compiled by numba.

A tile has an index: for every half byte of a code and each of its 16 values a row of bits, one for
each candidate, which is set where a cell would fall from that value to the candidate's.  The rows
of a slot's code are added, digit by digit, so that a word has the scores of 64 candidates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.support.compiled import kept

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORDS = 8
"""Words of a row."""

WORD_BITS = 64

TILE = WORDS * WORD_BITS
"""Candidates of a tile."""

VALUES = 16
"""Values of a half byte."""

CHUNK = 16
"""Code bytes that are counted together."""

MOST_BYTES = 4 * CHUNK
"""Code bytes of the largest blocks that have an index."""

BIAS_DIGITS = 6
"""Binary digits of a bias (:data:`.kernels.MOST_BIAS`)."""

ZERO, ONE = np.uint64(0), np.uint64(1)


def _added(first, second, third):
    """The sum of three bits in every place: ones, twos."""
    either = first ^ second
    return either ^ third, (first & second) | (either & third)


added = kept(_added, forceinline=True)


def _sum_of_16(index, rows, first, at):
    """How many of sixteen code bytes from `first` fall, in each place of a word: five digits."""
    r = rows[2 * first :]
    f0, f1 = index[r[0] + at] | index[r[1] + at], index[r[2] + at] | index[r[3] + at]
    f2, f3 = index[r[4] + at] | index[r[5] + at], index[r[6] + at] | index[r[7] + at]
    f4, f5 = index[r[8] + at] | index[r[9] + at], index[r[10] + at] | index[r[11] + at]
    f6, f7 = index[r[12] + at] | index[r[13] + at], index[r[14] + at] | index[r[15] + at]
    f8, f9 = index[r[16] + at] | index[r[17] + at], index[r[18] + at] | index[r[19] + at]
    fa, fb = index[r[20] + at] | index[r[21] + at], index[r[22] + at] | index[r[23] + at]
    fc, fd = index[r[24] + at] | index[r[25] + at], index[r[26] + at] | index[r[27] + at]
    fe, ff = index[r[28] + at] | index[r[29] + at], index[r[30] + at] | index[r[31] + at]
    ones, t0 = added(f0, f1, f2)
    ones, t1 = added(ones, f3, f4)
    ones, t2 = added(ones, f5, f6)
    ones, t3 = added(ones, f7, f8)
    ones, t4 = added(ones, f9, fa)
    ones, t5 = added(ones, fb, fc)
    ones, t6 = added(ones, fd, fe)
    ones, t7 = added(ones, ff, ZERO)
    twos, q0 = added(t0, t1, t2)
    twos, q1 = added(twos, t3, t4)
    twos, q2 = added(twos, t5, t6)
    twos, q3 = added(twos, t7, ZERO)
    fours, e0 = added(q0, q1, q2)
    fours, e1 = added(fours, q3, ZERO)
    return ones, twos, fours, e0 ^ e1, e0 & e1


sum_of_16 = kept(_sum_of_16, forceinline=True)


def _sum_of_32(index, rows, first, at):
    """Thirty-two code bytes: six binary digits."""
    a0, a1, a2, a3, a4 = sum_of_16(index, rows, first, at)
    b0, b1, b2, b3, b4 = sum_of_16(index, rows, first + CHUNK, at)
    d0, carry = added(a0, b0, ZERO)
    d1, carry = added(a1, b1, carry)
    d2, carry = added(a2, b2, carry)
    d3, carry = added(a3, b3, carry)
    d4, d5 = added(a4, b4, carry)
    return d0, d1, d2, d3, d4, d5


sum_of_32 = kept(_sum_of_32, forceinline=True)


def _sum_of_64(index, rows, first, at):
    """Sixty-four code bytes: seven binary digits."""
    a0, a1, a2, a3, a4, a5 = sum_of_32(index, rows, first, at)
    b0, b1, b2, b3, b4, b5 = sum_of_32(index, rows, first + 2 * CHUNK, at)
    d0, carry = added(a0, b0, ZERO)
    d1, carry = added(a1, b1, carry)
    d2, carry = added(a2, b2, carry)
    d3, carry = added(a3, b3, carry)
    d4, carry = added(a4, b4, carry)
    d5, d6 = added(a5, b5, carry)
    return d0, d1, d2, d3, d4, d5, d6


def _lower(digit, other, borrow):
    """Whether a number is lower than another one, which its lower digits say if these are equal."""
    return (~digit & other) | (borrow & ~(digit ^ other))


def _digit(number, place):
    """A binary digit of a number, in all places of a word."""
    return ZERO - np.uint64((number >> place) & 1)


sum_of_64, lower, digit = (kept(each, forceinline=True) for each in (_sum_of_64, _lower, _digit))


def _is_more(falls, bias, at, limits):
    """Whether scores, ``4 · falling bytes + bias``, are more than a limit: in each place."""
    f0, f1, f2, f3, f4, f5, f6 = falls
    l0, l1, l2, l3, l4, l5, l6, l7, l8 = limits
    d2, carry = added(bias[2, at], f0, ZERO)
    d3, carry = added(bias[3, at], f1, carry)
    d4, carry = added(bias[4, at], f2, carry)
    d5, carry = added(bias[5, at], f3, carry)
    d6, carry = added(f4, carry, ZERO)
    d7, carry = added(f5, carry, ZERO)
    more = lower(l2, d2, lower(l1, bias[1, at], lower(l0, bias[0, at], ZERO)))
    more = lower(l5, d5, lower(l4, d4, lower(l3, d3, more)))
    return lower(l8, f6 ^ carry, lower(l7, d7, lower(l6, d6, more)))


is_more = kept(_is_more, forceinline=True)


def _within(index, bias, opened, rows, limit, words):
    """Which of the open candidates have at most a score, those of some words of a tile in one.

    Which they are is known if it is a single word.
    """
    begin, end = words
    limits = (
        digit(limit, 0),
        digit(limit, 1),
        digit(limit, 2),
        digit(limit, 3),
        digit(limit, 4),
        digit(limit, 5),
        digit(limit, 6),
        digit(limit, 7),
        digit(limit, 8),
    )
    found = ZERO
    if len(rows) == 2 * CHUNK:
        for word in range(begin, end):
            at = np.uint64(word)
            f0, f1, f2, f3, f4 = sum_of_16(index, rows, 0, at)
            falls = f0, f1, f2, f3, f4, ZERO, ZERO
            found |= opened[at] & ~is_more(falls, bias, at, limits)
    elif len(rows) == 4 * CHUNK:
        for word in range(begin, end):
            at = np.uint64(word)
            f0, f1, f2, f3, f4, f5 = sum_of_32(index, rows, 0, at)
            falls = f0, f1, f2, f3, f4, f5, ZERO
            found |= opened[at] & ~is_more(falls, bias, at, limits)
    else:
        for word in range(begin, end):
            at = np.uint64(word)
            found |= opened[at] & ~is_more(sum_of_64(index, rows, 0, at), bias, at, limits)
    return found


def _build(index, codes, members):
    """Fill a tile's index [code bytes, halves, values, words] of some of the blocks."""
    index[:] = ZERO
    for byte in range(len(index)):
        for at in range(len(members)):
            code, word = codes[members[at], byte], at // WORD_BITS
            place = ONE << np.uint64(at % WORD_BITS)
            for bit in range(8):
                if not (code >> bit) & 1:
                    index[byte, bit // 4, 1 << bit % 4, word] |= place
        for half in range(2):
            for value in range(VALUES):
                lowest = value & -value
                for word in range(WORDS):
                    rest = index[byte, half, value ^ lowest, word]
                    index[byte, half, value, word] = index[byte, half, lowest, word] | rest


def _rows_of(code, rows):
    """Where the rows of a code begin in the index of a tile."""
    for byte in range(len(code)):
        rows[2 * byte] = (2 * byte * VALUES + (code[byte] & 15)) * WORDS
        rows[2 * byte + 1] = ((2 * byte + 1) * VALUES + (code[byte] >> 4)) * WORDS


within, build, rows_of = (kept(each) for each in (_within, _build, _rows_of))


def padded(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Codes of at most :data:`MOST_BYTES` with zeros behind them: as many as are counted."""
    width = codes.shape[1]
    size = next(each for each in (CHUNK, 2 * CHUNK, MOST_BYTES) if each >= width)
    return np.ascontiguousarray(np.pad(codes, ((0, 0), (0, size - width))))
