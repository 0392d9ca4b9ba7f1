"""Which PEs read which piece: every pair has a slot, piece by piece and by ascending PE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatem_ir.runtime.machine.fast_events import inlined, kept
from spatem_ir.runtime.machine.fast_tables import NONE, Int32s, Int64s


@dataclass
class Reads:
    """Rows of pieces that are read on PEs: rows ``first_row + k · step``, k < ``counts``.

    The fields have an entry for each PE, or several.
    """

    pe: Int64s
    first_row: Int64s
    step: Int64s
    counts: Int64s


@dataclass
class Slots:
    """See :class:`fast_tables.Tables`; `reads` says how often each slot is read."""

    first: Int32s
    pes: Int32s
    reads: Int32s


def slots_of(
    several: Sequence[Reads], read_first: Int64s, read_pieces: Int32s, count: int
) -> Slots:
    """The slots of so many pieces.

    `read_first` is the first entry of each row in `read_pieces`, the pieces of all rows.
    """
    columns = [(each.pe, each.first_row, each.step, each.counts) for each in several]
    spans = np.stack([np.concatenate(column) for column in zip(*columns, strict=True)], axis=1)
    spans = spans[np.argsort(spans[:, 0], kind="stable")].astype(np.int64)
    readers = np.zeros(count, np.int32)
    last = np.full(count, NONE, np.int32)
    _count_readers(spans, read_first, read_pieces, last, readers)
    first = np.zeros(count + 1, np.int32)
    np.cumsum(readers, out=first[1:])
    pes, reads = np.empty(first[-1], np.int32), np.zeros(first[-1], np.int32)
    last[:], readers[:] = NONE, first[:-1] - 1
    _fill_slots(spans, read_first, read_pieces, last, readers, pes, reads)
    return Slots(first, pes, reads)


@kept
def _count_readers(spans, read_first, read_pieces, last, readers):
    """Count the PEs that read each piece; `last` is the one that read it last."""
    for pe, first_row, step, count in spans:
        for row in range(first_row, first_row + count * step, step):
            for entry in range(read_first[row], read_first[row + 1]):
                piece = read_pieces[entry]
                if last[piece] != pe:
                    last[piece] = pe
                    readers[piece] += 1


@kept
def _fill_slots(spans, read_first, read_pieces, last, slots, pes, reads):
    """Note the PE of each slot and count its reads; `slots` are those that pieces got last."""
    for pe, first_row, step, count in spans:
        for row in range(first_row, first_row + count * step, step):
            for entry in range(read_first[row], read_first[row + 1]):
                piece = read_pieces[entry]
                if last[piece] != pe:
                    last[piece] = pe
                    slots[piece] += 1
                    pes[slots[piece]] = pe
                reads[slots[piece]] += 1


@inlined
def slot_at(tables, pe, piece):
    """The slot of a piece that is read at a PE, by bisection."""
    slot = tables.slot_first[piece]
    size = tables.slot_first[piece + 1] - slot
    while size > 1:
        half = size >> 1
        if tables.slot_pes[slot + half] <= pe:
            slot += half
        size -= half
    return slot
