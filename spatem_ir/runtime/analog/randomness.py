"""Random numbers that depend only on what they are for, not on the order of computation.

A number is a hash of a key (seed, crossbar, …) and a counter: the stream of SplitMix64 (Steele,
Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014) that starts at the
key.  Functions work alike on Python integers and on uint64 arrays.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spatem_ir.runtime.analog import FRACTION_BITS

Words = NDArray[np.uint64]
WordT = TypeVar("WordT", "int", "Words")

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
FIRST, SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
"""The constants of SplitMix64."""

NOISE_BYTES = 8
"""Random bytes whose sum is one sample of noise."""

NOISE_MEAN = NOISE_BYTES * 255 // 2
NOISE_SIGMA = (NOISE_BYTES * (256**2 - 1) / 12) ** 0.5
"""Mean and standard deviation of that sum."""

SCALE_BITS = 12
"""Binary digits after the point of a noise scale."""


def mix(word: WordT) -> WordT:
    """The output function of SplitMix64: a bijection of 64-bit words."""
    word = (word ^ (word >> 30)) * FIRST & MASK  # type: ignore[assignment]
    word = (word ^ (word >> 27)) * SECOND & MASK  # type: ignore[assignment]
    return word ^ (word >> 31)  # type: ignore[return-value]


def key_of(*numbers: int) -> int:
    """A key from numbers of which each is at least 0: a 64-bit word."""
    key = 0
    for number in numbers:
        key = draw(key, number)
    return key


def draw(key: int, number: int) -> int:
    """Word `number` of the stream of a key."""
    return mix((key + (number + 1) * GOLDEN) & MASK)


def draws(keys: Words | int, numbers: Words) -> Words:
    """Words of streams, for arrays of keys and of numbers that fit together."""
    return mix((numbers + 1) * GOLDEN + keys)


def uniform(words: Words) -> NDArray[np.float64]:
    """Numbers from 0 up to and without 1."""
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(words: Words) -> NDArray[np.float64]:
    """Standard normal numbers, one for each word (Box and Muller, 1958); at most 6.8 in size."""
    radius = ((words >> np.uint64(32)).astype(np.float64) + 0.5) * 2.0**-32
    angle = (words & np.uint64(0xFFFFFFFF)).astype(np.float64) * (2.0**-32 * 2 * np.pi)
    return np.sqrt(-2 * np.log(radius)) * np.cos(angle)


def noise_scale(sigma: float) -> int:
    """What sums of bytes are multiplied with so that they become noise of `sigma` cell levels."""
    return round(sigma * 2.0 ** (FRACTION_BITS + SCALE_BITS) / NOISE_SIGMA)


def noise(keys: Words, count: int, scale: int) -> NDArray[np.int32]:
    """Nearly Gaussian noise: `count` samples for each key, shape [keys, count].

    A sample is the centred sum of eight random bytes (central limit theorem: excess kurtosis
    −0.15, at most 4.9 sigma).  Sample j adds bytes j, count + j, 2 · count + j … of the key's
    stream of words, each word's lowest byte first.
    """
    words = draws(keys[:, None], np.arange(count, dtype=np.uint64)[None, :])
    rows = words.astype("<u8").view(np.uint8).reshape(len(keys), NOISE_BYTES, count)
    centred = rows.sum(axis=1, dtype=np.int32) - np.int32(NOISE_MEAN)
    return centred * np.int32(scale) >> np.int32(SCALE_BITS)
