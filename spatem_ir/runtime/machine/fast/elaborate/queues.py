"""The queues of crossbars that choose what they run (rule R11): the visits of each of their tiles.

Crossbars of a stream have the same queues, of other tiles.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spatem_ir.runtime.machine.fast.records import (
    DISPATCHER,
    NONE,
    TILE_QUEUE,
    Int32s,
    Records,
)
from spatem_ir.runtime.machine.fast.rules.events import kept
from spatem_ir.runtime.machine.fast.tables import Tables


class Queues(NamedTuple):
    """The queues of all crossbars before anything ran.

    `burst_queues` and `tile_visits` are those of :class:`fast.tables.Tables`; `dispatchers` has a
    record for each crossbar, and `tile_queues` one for each of its queues, crossbar by crossbar.
    """

    burst_queues: Int32s
    tile_visits: Int32s
    dispatchers: Records
    tile_queues: Records

    def added_to(self, tables: Tables) -> Tables:
        """The tables of a program whose crossbars choose."""
        return tables._replace(burst_queues=self.burst_queues, tile_visits=self.tile_visits)


NO_QUEUES = Queues(
    np.zeros(0, np.int32),
    np.zeros(0, np.int32),
    np.zeros(0, DISPATCHER).view(np.recarray),
    np.zeros(0, TILE_QUEUE).view(np.recarray),
)
"""Those of crossbars that run their streams in order."""


def queues_of(tables: Tables, crossbars: Records) -> Queues:
    """The queues of a program's crossbars."""
    firsts, member, stream = np.unique(crossbars.first, return_index=True, return_inverse=True)
    lengths = crossbars.visits[member]
    burst_queues = np.full(len(tables.bursts), NONE, np.int32)
    first_burst = np.full(len(tables.bursts), NONE, np.int32)
    tile_visits = np.empty(len(tables.sequence), np.int32)
    sizes = np.zeros(len(tables.bursts), np.int32)
    counts = np.zeros(len(firsts), np.int32)
    total = _sort_visits(
        tables.sequence.burst,
        tables.burst_tiles[tables.bursts.first],
        firsts.astype(np.int64),
        lengths,
        np.full(len(tables.tiles), NONE, np.int32),
        burst_queues,
        first_burst,
        tile_visits,
        sizes,
        counts,
    )
    sizes, first_burst = sizes[:total], first_burst[:total]
    starts = np.cumsum(counts) - counts
    own = counts[stream]
    queues = np.zeros(own.sum(), TILE_QUEUE).view(np.recarray)
    queues.crossbar = np.repeat(np.arange(len(crossbars)), own)
    ends = np.cumsum(own)
    number = np.arange(len(queues)) - np.repeat(ends - own, own) + np.repeat(starts[stream], own)
    queues.visits = sizes[number]
    queues.first = (np.cumsum(sizes, dtype=np.int64) - sizes)[number]
    columns = np.repeat(crossbars.column, own)
    queues.tile = tables.burst_tiles[tables.bursts.first[first_burst[number]] + columns]
    dispatchers = np.zeros(len(crossbars), DISPATCHER).view(np.recarray)
    dispatchers.first_queue, dispatchers.stop_queue = ends - own, ends
    dispatchers.step = queues.cause = NONE
    return Queues(burst_queues, tile_visits, dispatchers, queues)


@kept
def _sort_visits(
    sequence,
    burst_tiles,
    firsts,
    lengths,
    tile_queues,
    burst_queues,
    first_burst,
    visits,
    sizes,
    counts,
):
    """Sort the visits of each stream by tile, tiles by their first visits; returns how many.

    `sequence` are the bursts of all visits, and `burst_tiles` their tiles on the first crossbar;
    `firsts` and `lengths` are the visits of each stream.  Filled are for each tile of each stream
    its number in the stream and a burst, for each burst the number of its tile, for each tile how
    many visits it has, and for each stream how many tiles; `visits` are the entries of the
    sequence in order.
    """
    total = 0
    for stream in range(firsts.size):
        first, stop = firsts[stream], firsts[stream] + lengths[stream]
        start = total
        for entry in range(first, stop):
            burst = sequence[entry]
            if burst_queues[burst] < 0:
                tile = burst_tiles[burst]
                if tile_queues[tile] < 0:
                    tile_queues[tile] = total - start
                    first_burst[total] = burst
                    total += 1
                burst_queues[burst] = tile_queues[tile]
            sizes[start + burst_queues[burst]] += 1
        counts[stream] = total - start
        at = np.empty(total - start, np.int64)
        for queue in range(total - start):
            at[queue] = first
            first += sizes[start + queue]
        for entry in range(firsts[stream], stop):
            queue = burst_queues[sequence[entry]]
            visits[at[queue]] = entry
            at[queue] += 1
    return total
