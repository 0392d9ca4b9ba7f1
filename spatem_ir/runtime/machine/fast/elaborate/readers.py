"""Which PEs read which piece: every pair has a slot.

The slots of a PE stand together, in the order in which its readers name them: what is read together
lies together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatem_ir.runtime.machine.fast.records import NONE, Int32s, Int64s
from spatem_ir.runtime.machine.fast.rules.events import kept


@dataclass
class ReadRows:
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
    """The slots of all pieces.

    Attributes:
        pieces, pes, reads: the piece of each slot, its PE, and how often it is read.
        piece_first, piece_slots, piece_pes: the slots of each piece, by ascending PE, and the PEs.
        read_first, read_slots: what readers read; see :class:`fast.tables.Tables`.
    """

    pieces: Int32s
    pes: Int32s
    reads: Int32s
    piece_first: Int32s
    piece_slots: Int32s
    piece_pes: Int32s
    read_first: Int64s
    read_slots: Int32s


def slots_of(
    several: Sequence[ReadRows], row_first: Int64s, row_pieces: Int32s, count: int
) -> Slots:
    """The slots of so many pieces, and what all readers read.

    `row_first` is the first entry of each row in `row_pieces`, the pieces of all rows.
    """
    columns = [(each.pe, each.first_row, each.step, each.counts) for each in several]
    spans = np.stack([np.concatenate(column) for column in zip(*columns, strict=True)], axis=1)
    counts = spans[:, 3].astype(np.int64)
    spans = np.column_stack([spans, np.cumsum(counts) - counts])
    spans = spans[np.argsort(spans[:, 0], kind="stable")].astype(np.int64)
    read_first = np.zeros(counts.sum() + 1, np.int64)
    _count_reads(spans, row_first, read_first[1:])
    np.cumsum(read_first, out=read_first)
    read_slots = np.empty(read_first[-1], np.int32)
    pieces, pes, reads = (np.empty(read_first[-1], np.int32) for _ in range(3))
    latest = np.full(count, NONE, np.int32)
    piece_first = np.zeros(count + 1, np.int32)
    total = _number_slots(
        spans,
        row_first,
        row_pieces,
        latest,
        piece_first[1:],
        pieces,
        pes,
        reads,
        read_first,
        read_slots,
    )
    np.cumsum(piece_first, out=piece_first)
    slots = Slots(
        pieces=pieces[:total],
        pes=pes[:total],
        reads=reads[:total],
        piece_first=piece_first,
        piece_slots=np.empty(total, np.int32),
        piece_pes=np.empty(total, np.int32),
        read_first=read_first,
        read_slots=read_slots,
    )
    _sort_by_piece(
        slots.pieces, slots.pes, piece_first[:-1].copy(), slots.piece_slots, slots.piece_pes
    )
    return slots


@kept
def _count_reads(spans, row_first, sizes):
    """Count the pieces of each reader."""
    for _, first_row, step, count, first_reader in spans:
        for number in range(count):
            row = first_row + number * step
            sizes[first_reader + number] = row_first[row + 1] - row_first[row]


@kept
def _number_slots(
    spans, row_first, row_pieces, latest, readers, pieces, pes, reads, read_first, read_slots
):
    """Number the slots PE by PE, note of each its piece, its PE and its reads; returns how many.

    `latest` is the last slot that each piece got; `readers` counts the slots of each piece;
    `read_slots` are the slots that each reader reads.
    """
    total = first_of_pe = 0
    last_pe = NONE
    for pe, first_row, step, count, first_reader in spans:
        if pe != last_pe:
            last_pe, first_of_pe = pe, total
        for number in range(count):
            row = first_row + number * step
            at = read_first[first_reader + number]
            for entry in range(row_first[row], row_first[row + 1]):
                piece = row_pieces[entry]
                if latest[piece] < first_of_pe:
                    latest[piece] = total
                    readers[piece] += 1
                    pieces[total] = piece
                    pes[total] = pe
                    reads[total] = 0
                    total += 1
                slot = latest[piece]
                reads[slot] += 1
                read_slots[at] = slot
                at += 1
    return total


@kept
def _sort_by_piece(pieces, pes, firsts, piece_slots, piece_pes):
    """List the slots of each piece, and their PEs; `firsts` are the next free entries."""
    for slot in range(pieces.size):
        at = firsts[pieces[slot]]
        firsts[pieces[slot]] += 1
        piece_slots[at] = slot
        piece_pes[at] = pes[slot]
