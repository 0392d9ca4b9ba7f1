"""The physical law of cells: from written levels to what a bitline reads.

A cell written to level l conducts as ``l · exp(sigma · z)`` levels, z standard normal: lognormal
around the level that was meant, the law of Liu et al., "Vortex: variation-aware training for
memristor X-bar", DAC 2015, and of most studies since.  That the lowest level conducts nothing is an
assumption (a large ratio between the states, or its share removed by a reference bitline).  A stuck
cell has the lowest or the highest level whatever was written; its deviation is that of any cell.

z and the faults belong to a physical cell: writing it again does not change them.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from spatem_ir.runtime.analog import FRACTION_BITS, ONE
from spatem_ir.runtime.analog.arithmetic import OuArithmetic
from spatem_ir.runtime.analog.randomness import draws, key_of, normal, uniform

Analogue = NDArray[np.int32]
"""Analogue quantities, in 2^-FRACTION_BITS of a level."""

NumberT = TypeVar("NumberT", bound=np.integer)

DEVIATION, FAULT, NOISE = range(3)
"""What a random number is for: the second part of every key."""


class TileCells(NamedTuple):
    """The cells of a tile during one stage.

    Attributes:
        levels: The levels that were written: [rows, columns · cells per weight].
        per_weight: Cells of one weight, side by side, the least significant first.
        polarity: 0, or 1 for the cells of negative weights.
        stage: The stage during which the cells hold these levels.
        crossbar: The physical crossbar.
        corner: Wordline and bitline of the first cell.
    """

    levels: NDArray[np.unsignedinteger]
    per_weight: int
    polarity: int
    stage: int
    crossbar: int
    corner: tuple[int, int]

    @property
    def key(self) -> tuple[object, ...]:
        """What tells the cells of one accelerator apart, without their levels."""
        _, per_weight, *place = self
        return (*place, per_weight, *self.levels.shape)


def conductances(cells: TileCells, arithmetic: OuArithmetic) -> Analogue:
    """What cells read: [rows, columns · cells per weight]."""
    analog, levels = arithmetic.analog, cells.levels
    rows, bitlines = levels.shape
    wordline, bitline = cells.corner
    wordlines = np.arange(wordline, wordline + rows, dtype=np.uint64)
    numbers = (wordlines[:, None] << np.uint64(32)) + np.arange(
        bitline, bitline + bitlines, dtype=np.uint64
    )

    def words(purpose: int) -> NDArray[np.uint64]:
        return draws(key_of(analog.seed, purpose, cells.polarity, cells.crossbar), numbers)

    if analog.stuck_at_zero or analog.stuck_at_one:
        fate, highest = uniform(words(FAULT)), (1 << arithmetic.cell_bits) - 1
        levels = np.where(fate < analog.stuck_at_zero, 0, levels)
        levels = np.where(fate >= 1 - analog.stuck_at_one, highest, levels)
    if not analog.cell_sigma:
        return levels.astype(np.int32) << np.int32(FRACTION_BITS)
    factors = np.exp(analog.cell_sigma * normal(words(DEVIATION)))
    return np.rint(levels * factors * ONE).astype(np.int32)


def by_slice(values: NDArray[NumberT], per_weight: int) -> NDArray[NumberT]:
    """Bitlines [rows, columns · cells] in the kernels' order, cell slice by cell slice."""
    rows = len(values)
    slices = values.reshape(rows, -1, per_weight).transpose(0, 2, 1)
    return np.ascontiguousarray(slices.reshape(rows, -1))


def noise_keys(
    cells: TileCells, arithmetic: OuArithmetic, windows: NDArray[np.integer], images: range
) -> NDArray[np.uint64]:
    """The key of the read noise of each operand: [windows · images].

    Windows are numbered within their copy's share, images within the whole batch.
    """
    analog = arithmetic.analog
    tile = key_of(analog.seed, NOISE, cells.polarity, cells.stage, cells.crossbar, *cells.corner)
    of_windows = draws(tile, windows.astype(np.uint64))
    numbers = np.arange(images.start, images.stop, dtype=np.uint64)
    return draws(of_windows[:, None], numbers[None, :]).reshape(-1)
