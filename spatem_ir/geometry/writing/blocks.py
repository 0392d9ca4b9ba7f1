"""Blocks of cells as large as an operation unit, and the slots that they can be written to.

A *block* is a rectangle of weights in cells; a *slot* is a rectangle of cells on a crossbar.  Both
consist of *units*: segments of wordlines, row by row, whose cells are written together.

Blocks have *codes*, bytes whose bits say which cells are at least so high: for each level above the
lowest and each eight cells of a unit one byte.  For single-bit cells and units of at most eight
cells that is one byte for each unit, and a unit has a RESET where ``old & ~new`` is not zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]
Codes = NDArray[np.uint8]
"""Bytes of shape [blocks, code bytes]."""

BITS_PER_BYTE = 8

MOST_LEVEL_BITS = 4
"""Bits of the largest cells whose blocks can be compared: there is a byte for every level."""


@dataclass(frozen=True)
class BlockShape:
    """Wordlines and bitlines of a block, the cells of a unit, and the bits of a cell.

    Raises:
        SpatemError: units would reach over blocks, or cells have too many levels.
    """

    rows: int
    columns: int
    segment: int
    bits: int = 1

    def __post_init__(self) -> None:
        if self.columns % self.segment:
            raise SpatemError(
                f"blocks of {self.columns} bitlines are not whole segments of {self.segment} "
                "cells; choose write.segment_cells that divides ou.bitlines"
            )
        if self.bits > MOST_LEVEL_BITS:
            raise SpatemError(
                f"cells of {self.bits} bits have too many levels for blocks to be compared; "
                f"crossbar.bits_per_cell must be at most {MOST_LEVEL_BITS}"
            )

    @staticmethod
    def of(accelerator: Accelerator) -> BlockShape:
        """Blocks of an operation unit."""
        ou, cells = accelerator.ou, accelerator.components.cells
        bits = accelerator.crossbar.bits_per_cell
        return BlockShape(ou.wordlines, ou.bitlines, cells.segment_cells, bits)

    @property
    def units(self) -> int:
        """Segments of a block."""
        return self.rows * (self.columns // self.segment)

    @property
    def levels(self) -> int:
        """Levels of a cell."""
        return 1 << self.bits

    @property
    def unit_bytes(self) -> int:
        """Bytes of a unit's code."""
        return (self.levels - 1) * -(-self.segment // BITS_PER_BYTE)

    @property
    def is_exact(self) -> bool:
        """Whether a unit is one byte, which says all of its pulses."""
        return self.unit_bytes == 1

    def coded(self, levels: NDArray[np.unsignedinteger]) -> Codes:
        """The codes of blocks of levels [blocks, rows, columns]."""
        cells = levels.reshape(len(levels), self.units, 1, self.segment)
        above = np.arange(1, self.levels)[:, None]
        packed = np.packbits(cells >= above, axis=-1, bitorder="little")
        return packed.reshape(len(levels), -1)

    def decoded(self, codes: Codes) -> NDArray[np.uint8]:
        """The inverse of :meth:`coded`: levels [blocks, units, cells of a unit]."""
        parts = codes.reshape(len(codes), self.units, self.levels - 1, -1)
        bits = np.unpackbits(parts, axis=-1, count=self.segment, bitorder="little")
        return bits.sum(2, dtype=np.uint8)


class Pulses(NamedTuple):
    """What a change of levels takes: cycles of a SET, and pulses [old level, new level]."""

    set_cycles: int
    sets: Ints
    resets: Ints


@dataclass(frozen=True)
class CellSlots:
    """Slots of crossbars.

    Attributes:
        shape: the block that each holds.
        pulses: what a change of levels takes.
        crossbars: the crossbar of each, 0 … number of crossbars − 1, none left out.
        writers: what writes it: one number for each driver of a crossbar.
        reset_cycles: cycles of a RESET by one level in each unit, shape [slots, units].
    """

    shape: BlockShape
    pulses: Pulses
    crossbars: Ints
    writers: Ints
    reset_cycles: Ints

    def __len__(self) -> int:
        return len(self.crossbars)

    @cached_property
    def distance(self) -> NDArray[np.float64]:
        """The mean of each slot's RESET cycles: how far it is from its driver."""
        return self.reset_cycles.mean(1)

    @cached_property
    def crossbar_count(self) -> int:
        """Crossbars that have slots."""
        return int(self.crossbars.max()) + 1 if len(self) else 0

    def chosen(self, some: Ints) -> CellSlots:
        """Some of the slots."""
        return CellSlots(
            self.shape,
            self.pulses,
            self.crossbars[some],
            self.writers[some],
            self.reset_cycles[some],
        )


def slots_at(
    accelerator: Accelerator, shape: BlockShape, crossbars: Ints, rows: Ints, columns: Ints
) -> CellSlots:
    """The slots with corners at (wordline, bitline) of crossbars; columns begin a segment.

    A slot whose wordlines have different drivers counts for that of its first one.
    """
    cells = accelerator.components.cells
    table = cells.reset_cycles
    segments = columns[:, None] // shape.segment + np.arange(shape.columns // shape.segment)
    wordlines = rows[:, None] + np.arange(shape.rows)
    reset = table[wordlines[:, :, None], segments[:, None, :]].reshape(len(rows), -1)
    levels = np.arange(shape.levels)
    sets, resets = cells.pulses(levels[:, None], levels)
    drivers = rows // cells.wordlines_per_driver
    writers = crossbars * (int(drivers.max(initial=0)) + 1) + drivers
    return CellSlots(shape, Pulses(cells.set_cycles, sets, resets), crossbars, writers, reset)


def chip_slots(accelerator: Accelerator) -> CellSlots:
    """All slots of a chip: crossbar by crossbar, row by row, as many as fit whole."""
    shape = BlockShape.of(accelerator)
    crossbar = accelerator.crossbar
    rows = np.arange(crossbar.wordlines // shape.rows) * shape.rows
    columns = np.arange(crossbar.bitlines // shape.columns) * shape.columns
    grid = np.meshgrid(np.arange(accelerator.crossbars), rows, columns, indexing="ij")
    return slots_at(accelerator, shape, *(axis.ravel() for axis in grid))
