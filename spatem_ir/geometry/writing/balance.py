"""Balance: blocks are exchanged between writers until none has much more to write than others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.writing.costs import pair_cycles

if TYPE_CHECKING:
    from spatem_ir.geometry.writing.blocks import CellSlots, Codes, Ints

EXCHANGES_PER_WRITER = 8
"""Exchanges at most, for each writer."""

PATIENCE = 8
"""Partners of the writer with most to write that are tried in vain before it is left as it is."""

PAIRS = 256
"""Pairs of slots that are compared at a time."""

EVEN = 1e-3
"""The largest writer by the mean, less one, that counts as balanced."""


def writer_loads(cycles: Ints, slots: CellSlots) -> Ints:
    """The cycles of each writer that writes so long into each slot."""
    writers = int(slots.writers.max(initial=0)) + 1
    return np.bincount(slots.writers, cycles, writers).astype(np.int64)


def balanced(old: Codes, new: Codes, slots: CellSlots, classes: Ints) -> Ints:
    """Blocks exchanged between the writer with most to write and others: block for each slot.

    At first block k is for slot k.  Only blocks of the same class are exchanged, and only where the
    longer of both writers gets shorter; of such exchanges that after which it is shortest.
    """
    order = np.arange(len(new))
    cycles = pair_cycles(old, new, slots)
    loads = writer_loads(cycles, slots)
    by_writer = [np.flatnonzero(slots.writers == w) for w in range(len(loads))]
    partners = np.argsort(loads, kind="stable")
    vain = 0
    for turn in range(EXCHANGES_PER_WRITER * len(loads)):
        high = int(loads.argmax())
        if loads[high] <= loads.mean() * (1 + EVEN) or vain == PATIENCE:
            break
        vain += 1
        low = int(loads.argmin()) if turn % 2 == 0 else int(partners[turn % len(loads)])
        if low == high:
            continue
        pairs = _pairs(by_writer[high], by_writer[low], cycles, classes, turn)
        if not len(pairs):
            continue
        upper, lower = pairs.T
        up = pair_cycles(old[upper], new[order[lower]], slots.chosen(upper)) - cycles[upper]
        down = pair_cycles(old[lower], new[order[upper]], slots.chosen(lower)) - cycles[lower]
        longest = np.maximum(loads[high] + up, loads[low] + down)
        best = int(longest.argmin())
        if longest[best] >= loads[high]:
            continue
        one, other = pairs[best]
        order[[one, other]] = order[[other, one]]
        cycles[one] += up[best]
        cycles[other] += down[best]
        loads[high] += up[best]
        loads[low] += down[best]
        vain = 0
    return order


def _pairs(high: Ints, low: Ints, cycles: Ints, classes: Ints, turn: int) -> Ints:
    """Pairs of slots of two writers whose blocks are of one class: [pairs, 2].

    The costliest slots of both, those of one moved against those of the other from turn to turn.
    """
    first, second = (own[np.argsort(-cycles[own], kind="stable")] for own in (high, low))
    count = min(len(first), len(second))
    some = np.arange(min(count, PAIRS))
    pairs = np.stack([first[some], second[(some - turn) % count]], axis=1)
    return pairs[classes[pairs[:, 0]] == classes[pairs[:, 1]]]
