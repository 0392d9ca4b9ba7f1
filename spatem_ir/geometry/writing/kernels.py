"""The loops over pairs of blocks and slots: compiled where numba is installed, or plain numpy.

Both give the same numbers; all of them are whole.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

SCALE = 4
"""A code byte that falls, in the scores by which candidates are compared."""

MOST_BIAS = 63
"""The largest bias."""

FEWEST = 16
"""Candidates of a class at least, if it has so many."""


class BitPairs(NamedTuple):
    """Slots and blocks whose units are bytes.

    Attributes:
        old: what is in the slots, [slots, units].
        new: the blocks, [units, blocks].
        reset_cycles: cycles of a RESET in each unit, [slots, units].
        set_cycles: cycles of a SET.
    """

    old: NDArray[np.uint8]
    new: NDArray[np.uint8]
    reset_cycles: NDArray[np.int64]
    set_cycles: int


class LevelPairs(NamedTuple):
    """Slots and blocks of cells of any levels.

    Attributes:
        old, new: levels, [slots or blocks, units, cells].
        reset_cycles: cycles of a RESET by one level in each unit, [slots, units].
        set_cycles: cycles of a SET by one level.
        sets, resets: pulses, [old level, new level].
    """

    old: NDArray[np.uint8]
    new: NDArray[np.uint8]
    reset_cycles: NDArray[np.int64]
    set_cycles: int
    sets: NDArray[np.int64]
    resets: NDArray[np.int64]


class Choice(NamedTuple):
    """Slots that choose blocks one after the other, each among the first ones of every class.

    Attributes:
        old: the codes of what is in the slots, in the order in which they choose: [slots, bytes].
        limits: how many blocks each slot chooses from; a class has its share of them.
        crossbars: the crossbar of each slot.
        codes: the codes of the blocks, class by class, in the order in which they are candidates.
        bias: what each block costs anyway, from 0 to :data:`MOST_BIAS`.
        first: the first block of each class, and the number of blocks: [classes + 1].
        quotas: how many blocks of each class each crossbar gets: [crossbars, classes].
    """

    old: NDArray[np.uint8]
    limits: NDArray[np.float64]
    crossbars: NDArray[np.int64]
    codes: NDArray[np.uint8]
    bias: NDArray[np.uint8]
    first: NDArray[np.int64]
    quotas: NDArray[np.int64]


class PairKernels(Protocol):
    """The loops over pairs."""

    def bit_costs(self, pairs: BitPairs, costs: NDArray[np.int64]) -> None:
        """Fill `costs`, cycles of each block in each slot: [slots, blocks]."""
        ...

    def level_costs(self, pairs: LevelPairs, costs: NDArray[np.int64]) -> None:
        """Fill `costs`, cycles of each block in each slot: [slots, blocks]."""
        ...

    def chosen_blocks(self, choice: Choice) -> NDArray[np.int64]:
        """A block for each slot.

        A slot takes the block with the least ``SCALE · falling bytes + bias`` among the first
        blocks that are left of each class of which its crossbar may still have one: of a class as
        many as :func:`share_of` says, and of equal ones the first.
        """
        ...


def share_of(limit: float, members: int, blocks: int) -> int:
    """The candidates of a class that has so many members of all blocks."""
    return min(members, max(FEWEST, int(limit * members / blocks)))


@cache
def kernels() -> PairKernels:
    """The compiled kernels if numba is installed, otherwise the plain ones."""
    try:
        module = import_module("spatem_ir.geometry.writing.numba_kernels")
    except ImportError:
        module = import_module("spatem_ir.geometry.writing.numpy_kernels")
    return cast("PairKernels", module)
