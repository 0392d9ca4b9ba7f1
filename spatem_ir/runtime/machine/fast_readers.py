"""Which PEs read which piece: every pair has a slot, piece by piece and by ascending PE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatem_ir.runtime.machine.fast_events import kept
from spatem_ir.runtime.machine.fast_tables import NONE, Int32s, Int64s


@dataclass
class Reads:
    """Rows of pieces that are read on PEs: rows ``first_row + k · step``, k < ``counts``.

    The fields have an entry for each PE, or several.  Every row of every PE is a reader; readers
    are numbered in order.
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
    read_first: Int64s
    read_slots: Int32s


def slots_of(several: Sequence[Reads], row_first: Int64s, row_pieces: Int32s, count: int) -> Slots:
    """The slots of so many pieces, and what all readers read.

    `row_first` is the first entry of each row in `row_pieces`, the pieces of all rows.
    """
    columns = [(each.pe, each.first_row, each.step, each.counts) for each in several]
    spans = np.stack([np.concatenate(column) for column in zip(*columns, strict=True)], axis=1)
    counts = spans[:, 3].astype(np.int64)
    spans = np.column_stack([spans, np.cumsum(counts) - counts])
    spans = spans[np.argsort(spans[:, 0], kind="stable")].astype(np.int64)
    readers = np.zeros(count, np.int32)
    last = np.full(count, NONE, np.int32)
    read_first = np.zeros(counts.sum() + 1, np.int64)
    _count_readers(spans, row_first, row_pieces, last, readers, read_first[1:])
    np.cumsum(read_first, out=read_first)
    first = np.zeros(count + 1, np.int32)
    np.cumsum(readers, out=first[1:])
    slots = Slots(
        first=first,
        pes=np.empty(first[-1], np.int32),
        reads=np.zeros(first[-1], np.int32),
        read_first=read_first,
        read_slots=np.empty(read_first[-1], np.int32),
    )
    last[:], readers[:] = NONE, first[:-1] - 1
    _fill_slots(
        spans,
        row_first,
        row_pieces,
        last,
        readers,
        slots.pes,
        slots.reads,
        read_first,
        slots.read_slots,
    )
    return slots


@kept
def _count_readers(spans, row_first, row_pieces, last, readers, sizes):
    """Count the PEs that read each piece, and the pieces of each reader.

    `last` is the PE that read a piece last.
    """
    for pe, first_row, step, count, first_reader in spans:
        for number in range(count):
            row = first_row + number * step
            sizes[first_reader + number] = row_first[row + 1] - row_first[row]
            for entry in range(row_first[row], row_first[row + 1]):
                piece = row_pieces[entry]
                if last[piece] != pe:
                    last[piece] = pe
                    readers[piece] += 1


@kept
def _fill_slots(spans, row_first, row_pieces, last, slots, pes, reads, read_first, read_slots):
    """Note the PE of each slot, count its reads, and note the slots that each reader reads.

    `slots` are those that pieces got last.
    """
    for pe, first_row, step, count, first_reader in spans:
        for number in range(count):
            row = first_row + number * step
            at = read_first[first_reader + number]
            for entry in range(row_first[row], row_first[row + 1]):
                piece = row_pieces[entry]
                if last[piece] != pe:
                    last[piece] = pe
                    slots[piece] += 1
                    pes[slots[piece]] = pe
                reads[slots[piece]] += 1
                read_slots[at] = slots[piece]
                at += 1
