"""The kernels of :mod:`spatem_ir.runtime.analog.kernels` in plain numpy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spatem_ir.runtime.analog.adc import Adc
from spatem_ir.runtime.analog.kernels import (
    Noise,
    OuShape,
    Patterns,
    group_count,
    grouped,
    subset_sums,
    word_type,
)
from spatem_ir.runtime.analog.randomness import draws
from spatem_ir.runtime.analog.randomness import noise as noise_samples

BLOCK_ELEMENTS = 1 << 18
"""Bitline sums that are computed at once: few enough to stay in a cache."""


def pack(
    codes: NDArray[np.uint32], bits: int, wordlines: int, word_bits: int, words: int
) -> Patterns:
    """See :meth:`Kernels.pack`."""
    dtype, groups = word_type(word_bits), grouped(codes, wordlines)
    shifts = np.arange(bits, dtype=np.uint32)
    patterns = np.zeros((len(groups), codes.shape[1], bits, words), dtype)
    for row in range(wordlines):
        word, position = divmod(row, word_bits)
        sent = (groups[:, row, :, None] >> shifts) & 1
        patterns[..., word] |= sent.astype(dtype) << dtype(position)
    return patterns


def build_table(cells: NDArray[np.int32], shape: OuShape, adc: Adc) -> NDArray[np.signedinteger]:
    """See :meth:`Kernels.build_table`."""
    groups = grouped(cells, shape.wordlines)
    tables = []
    for group in groups:
        sent = [group << bit for bit in range(shape.dac_bits)]
        tables.append(_folded(adc.convert(subset_sums(np.concatenate(sent))), shape))
    return np.stack(tables)


def table_sums(
    table: NDArray[np.signedinteger], patterns: Patterns, shape: OuShape
) -> NDArray[np.int32]:
    """See :meth:`Kernels.table_sums`."""
    sums = np.zeros((patterns.shape[1], table.shape[2]), np.int32)
    for planes, significance in _slices(patterns.shape[2], shape):
        index = _sent(patterns[..., 0], planes, shape.wordlines)
        for group, positions in zip(table, index, strict=True):
            sums += group[positions] * significance
    return sums


def popcount_sums(
    planes: Patterns, patterns: Patterns, shape: OuShape, adc: Adc
) -> NDArray[np.int32]:
    """See :meth:`Kernels.popcount_sums`."""
    _, cell_bits, bitlines = planes.shape
    operands = patterns.shape[1]
    sums = np.zeros((operands, bitlines // shape.cells), np.int32)
    for bits, significance in _slices(patterns.shape[2], shape):
        for group, words in zip(planes, patterns[..., 0], strict=True):
            for block in _blocks(operands, bitlines):
                counts = np.zeros((len(block), bitlines), np.int32)
                for exponent, bit in enumerate(bits):
                    sent = words[block.start : block.stop, bit, None]
                    for plane in range(cell_bits):
                        shared = np.bitwise_count(sent & group[plane]).astype(np.int32)
                        counts += shared << np.int32(exponent + plane)
                converted = _folded(adc.of_whole(counts), shape)
                sums[block.start : block.stop] += converted * significance
    return sums


def direct_sums(
    partial: NDArray[np.int32], patterns: Patterns, shape: OuShape, adc: Adc, noise: Noise
) -> NDArray[np.int32]:
    """See :meth:`Kernels.direct_sums`."""
    _, subgroups, _, bitlines = partial.shape
    operands, slices = patterns.shape[1], group_count(patterns.shape[2], shape.dac_bits)
    sums = np.zeros((operands, bitlines // shape.cells), np.int32)
    for number, (bits, significance) in enumerate(_slices(patterns.shape[2], shape)):
        for group, (tables, words) in enumerate(zip(partial, patterns, strict=True)):
            for block in _blocks(operands, bitlines):
                part = slice(block.start, block.stop)
                read = np.zeros((len(block), bitlines), np.int32)
                for exponent, bit in enumerate(bits):
                    for sub in range(subgroups):
                        read += tables[sub, words[part, bit, sub]] << np.int32(exponent)
                if noise.scale:
                    operation = group * shape.wordlines * slices + number
                    keys = draws(noise.keys[part], np.array([operation], np.uint64))
                    read += noise_samples(keys, bitlines, noise.scale)
                sums[part] += _folded(adc.convert(read), shape) * significance
    return sums


def _slices(bits: int, shape: OuShape) -> Iterator[tuple[range, NDArray[np.int32]]]:
    """The bits that are sent at once, and what the result counts in wrapping int32."""
    for first in range(0, bits, shape.dac_bits):
        last = min(first + shape.dac_bits, bits)
        negative = shape.negative_top and last == bits
        significance = np.array(1 << first, np.uint32).astype(np.int32)
        yield range(first, last), -significance if negative else significance


def _sent(patterns: Patterns, planes: range, wordlines: int) -> NDArray[np.intp]:
    """Positions in a table: the patterns of several bits, one after the other."""
    return sum(
        patterns[:, :, plane].astype(np.intp) << (exponent * wordlines)
        for exponent, plane in enumerate(planes)
    )  # type: ignore[return-value]


def _folded(converted: NDArray[np.int32], shape: OuShape) -> NDArray[np.int32]:
    """Shift and add the cell slices of [..., B]: shape [..., C]."""
    *outer, bitlines = converted.shape
    slices = converted.reshape(*outer, shape.cells, bitlines // shape.cells)
    return sum(
        slices[..., cell, :] << np.int32(cell * shape.cell_bits) for cell in range(shape.cells)
    )  # type: ignore[return-value]


def _blocks(operands: int, bitlines: int) -> Iterator[range]:
    """Operands in blocks of about :data:`BLOCK_ELEMENTS` sums."""
    size = max(1, BLOCK_ELEMENTS // bitlines)
    for first in range(0, operands, size):
        yield range(first, min(first + size, operands))
