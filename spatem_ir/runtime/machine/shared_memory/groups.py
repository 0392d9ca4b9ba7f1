"""Groups of tiles that take turns (rule R13) as arrays for the fast engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spatem_ir.geometry.network.turns import linear
from spatem_ir.runtime.machine.fast.elaborate.program import FastProgram, first_tiles_of
from spatem_ir.runtime.machine.fast.records import NONE, Int32s, Int64s, Records, record

MEMBER = record(
    first="i8",  # entry of `turns` and `owners` of window 0 of the tile's copy, part 0
    parts="i4",  # of the tile's group, and which of them the tile is
    part="i4",
    windows="i4",  # of its copy
    crossbar="i4",  # index of the crossbar's record
    in_sequence="i4",
)
"""A tile as a member of its group."""

CORE = record(awaited="i8", tile="i4", is_begun="i4")
"""A crossbar: the piece of an image that it waits to own with a tile, NONE if it waits for none.

`is_begun` is 0 while it waits to begin.
"""


class SharedTables(NamedTuple):
    """Who owns what when.

    Attributes:
        members: by tile.
        turns: the turn of each part at each window; see :meth:`Turns.turns`.
        owners: the parts in turn at each window; see :meth:`Turns.in_turn`.
        links: the link of each PE to the memory.
        first_visit: the first visit of each crossbar, over all crossbars.
        sizes: bytes of a bus in a cycle; of a CALL.
    """

    members: Records
    turns: Int32s
    owners: Int32s
    links: Int32s
    first_visit: Int64s
    sizes: Int64s


class SharedState(NamedTuple):
    """What changes: see :class:`fast.tables.EachCrossbar`.

    Attributes:
        causes: of each piece of each image, the step that brought the last CALL for it.
        caused_at: when it came.
        owned: of each piece of each image, how many crossbars have owned it.
        cores: :data:`CORE` records.
    """

    causes: Int32s
    caused_at: Int64s
    owned: Int32s
    cores: Records


@dataclass(frozen=True)
class SharedProgram:
    """What rules of a shared memory add to a program."""

    tables: SharedTables
    pieces: int
    crossbars: int

    def state(self, images: int) -> SharedState:
        """Nothing has happened yet."""
        cores = np.zeros(self.crossbars, CORE).view(np.recarray)
        cores.awaited = NONE
        return SharedState(
            causes=np.full(images * self.pieces, NONE, np.int32),
            caused_at=np.full(images * self.pieces, NONE, np.int64),
            owned=np.zeros(images * self.pieces, np.int32),
            cores=cores,
        )


def kind_tables(program: FastProgram) -> SharedProgram:
    """The groups of all tiles of a program."""
    tables, cores, accelerator = program.tables, program.crossbars, program.accelerator
    first_tiles = first_tiles_of(program.dataflow)
    members = np.zeros(len(tables.tiles), MEMBER).view(np.recarray)
    members.crossbar = np.searchsorted(cores.number, tables.tiles.crossbar)
    turns, owners, size = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0
    for node in program.dataflow.layers:
        layer, grid = node.partitioned
        own = program.turns.get(node.name) or linear(grid)
        first = first_tiles[node.name]
        span: Records = members[first : first + grid.tiles(layer)]
        numbers = np.arange(len(span))
        span.parts, span.part = own.parts, numbers % own.parts
        span.windows = grid.window_counts(layer)[grid.coordinates(numbers).copy]
        span.in_sequence = own.in_sequence
        for windows in np.unique(span.windows).tolist():
            span.first[span.windows == windows] = size
            turns.append(own.turns(windows).reshape(-1))
            owners.append(own.in_turn(windows).reshape(-1))
            size += windows * own.parts
    components = accelerator.components
    links = [components.interconnect.link_to_memory(pe) for pe in range(accelerator.pes)]
    width, call = components.memory.port_bytes_per_cycle, components.accumulation.call_bytes
    return SharedProgram(
        SharedTables(
            members=members,
            turns=np.concatenate(turns).astype(np.int32),
            owners=np.concatenate(owners).astype(np.int32),
            links=np.array(links, np.int32),
            first_visit=np.cumsum(cores.visits, dtype=np.int64) - cores.visits,
            sizes=np.array([width, call], np.int64),
        ),
        pieces=len(tables.pieces),
        crossbars=len(cores),
    )
