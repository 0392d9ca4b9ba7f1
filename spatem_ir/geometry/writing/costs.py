"""What it costs to write blocks into slots: exact digital cycles of each pair."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatem_ir.geometry.writing.kernels import BitPairs, LevelPairs, kernels

if TYPE_CHECKING:
    from spatem_ir.geometry.writing.blocks import CellSlots, Codes, Ints

MATRIX_ENTRIES = 1 << 22
"""Entries of a cost matrix that are in memory at once where it comes in parts."""

PAIRS_AT_ONCE = 1 << 16
"""Pairs of a block and a slot whose levels are in memory at once."""


def cost_matrix(old: Codes, new: Codes, slots: CellSlots) -> Ints:
    """The cycles of writing each block into each slot: shape [slots, blocks].

    `old` are the codes that are there, [slots, code bytes], and `new` those of the blocks.
    """
    shape, pulses = slots.shape, slots.pulses
    costs = np.empty((len(old), len(new)), np.int64)
    reset = np.ascontiguousarray(slots.reset_cycles, np.int64)
    if shape.is_exact:
        pairs = BitPairs(old, np.ascontiguousarray(new.T), reset, pulses.set_cycles)
        kernels().bit_costs(pairs, costs)
    else:
        levels = shape.decoded(old), shape.decoded(new)
        kernels().level_costs(LevelPairs(*levels, reset, *pulses), costs)
    return costs


def cost_rows(old: Codes, new: Codes, slots: CellSlots) -> Iterator[tuple[slice, Ints]]:
    """The rows of :func:`cost_matrix` in parts that fit into little memory."""
    step = max(1, MATRIX_ENTRIES // max(1, len(new)))
    for first in range(0, len(old), step):
        part = slice(first, first + step)
        yield part, cost_matrix(old[part], new, slots.chosen(np.arange(len(old))[part]))


class PairCosts(NamedTuple):
    """What writing block k into slot k takes, for each k.

    Attributes:
        cycles: digital cycles.
        set_pulses, reset_pulses: pulses of cells.
        set_units, reset_units: units in which any cell gets a SET, or a RESET.
        cells: cells that change.
    """

    cycles: Ints
    set_pulses: Ints
    reset_pulses: Ints
    set_units: Ints
    reset_units: Ints
    cells: Ints


def pair_cycles(old: Codes, new: Codes, slots: CellSlots) -> Ints:
    """The cycles of writing block k into slot k, for each k."""
    if not slots.shape.is_exact:
        return pair_costs(old, new, slots).cycles
    sets = np.count_nonzero(new & ~old, axis=1) * slots.pulses.set_cycles
    return sets + np.einsum("ku,ku->k", old & ~new != 0, slots.reset_cycles)


def pair_costs(old: Codes, new: Codes, slots: CellSlots) -> PairCosts:
    """All that writing block k into slot k takes, for each k."""
    if slots.shape.is_exact:
        rises, falls = new & ~old, old & ~new
        up, down = (np.bitwise_count(each).sum(1, dtype=np.int64) for each in (rises, falls))
        set_units, reset_units = (np.count_nonzero(each, axis=1) for each in (rises, falls))
        cycles = pair_cycles(old, new, slots)
        return PairCosts(cycles, up, down, set_units, reset_units, up + down)
    parts = []
    for first in range(0, max(1, len(old)), PAIRS_AT_ONCE):
        part = slice(first, first + PAIRS_AT_ONCE)
        before, after = (slots.shape.decoded(codes[part]) for codes in (old, new))
        sets, resets = slots.pulses.sets[before, after], slots.pulses.resets[before, after]
        up, down = sets.max(2), resets.max(2)
        cycles = up.sum(1) * slots.pulses.set_cycles + (down * slots.reset_cycles[part]).sum(1)
        counts = (up, down, before != after)
        units = (np.count_nonzero(each.reshape(len(each), -1), axis=1) for each in counts)
        parts.append((cycles, sets.sum((1, 2)), resets.sum((1, 2)), *units))
    return PairCosts(*(np.concatenate(column) for column in zip(*parts, strict=True)))
