"""What the fast engine works on: arrays of records, made once from the IR, and those that change.

Tables and state are tuples of numpy arrays, which compiled functions take as they are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.runtime.machine.fast.records import (
    Int32s,
    Int64s,
    Records,
)


class Tables(NamedTuple):
    """A program.

    Attributes:
        tiles, tasks, pieces, inputs: records of all layers, operators, nodes and inputs.
        sequence: :data:`VISIT` records of the streams, one after the other.
        bursts, burst_tiles: the tile of each crossbar of each burst.
        burst_queues, tile_visits: of crossbars that choose (R11): which of a crossbar's queues has
            the visits of each burst, and the visits of each queue as entries of the sequence.
        cu_crossbars: first crossbar record of each CU; a last entry counts all.
        positions: output positions of windows.
        read_first, read_slots: the slots of which operands and inputs of tasks consist, reader by
            reader: those of instances, then those of tasks.
        piece_slots: the slots of pieces, those of one by ascending PE.
        slots: by PE.
        sendings: the packets that pieces send.
        trees, links: the ways that packets go.
        ways, routes: from which PEs to which homes partial sums go (source · PEs + home,
            ascending), and the tree of each.
        kind: what a kind of compute units with rules of its own needs.
    """

    tiles: Records
    tasks: Records
    pieces: Records
    inputs: Records
    portions: Records
    queues: Records
    nodes: Records
    waits: Records
    until: Int32s
    sequence: Records
    bursts: Records
    burst_tiles: Int32s
    burst_queues: Int32s
    tile_visits: Int32s
    cu_crossbars: Int32s
    positions: Int32s
    read_first: Int64s
    read_slots: Int32s
    slots: Records
    piece_slots: Int32s
    sendings: Records
    trees: Records
    links: Records
    ways: Int64s
    routes: Int32s
    kind: Any = ()


class EachCrossbar(NamedTuple):
    """The state of a kind of compute units whose crossbars each work for themselves: none.

    What other kinds have begins with the same arrays: steps that may be named as causes, if the run
    is traced, and the cycles after which each of them is a cause no more.
    """

    causes: Int32s
    caused_at: Int64s


class State(NamedTuple):
    """What changes.  Slots, instances and meetings have a part per image.

    Attributes:
        jobs, packets: pools of records.
        lists: heads of the lists of events of each cycle of this epoch, then of later epochs.
        awaiting: by slot, the first that waits for it, PRESENT or NONE.
        reads_left: by slot, how often it is still to be read.
        waiters: crossbars (their tiles' queues, if they choose), then the tasks of all images, then
            the queues of what enters.
        entries: by queue.
        progress: by node.
        unfinished: pieces to be finished of each position of each watched node, over all images.
        held: heads of the lists of those that wait until these positions are finished.
        meetings: contributions added so far, to pieces in CUs and PEs, then at home.
        log: grants and arrivals in no particular order, if the run is logged.
        watched, watched_nodes: whether what has a number, and works for a node, is logged.
        activity: cycles of work in each bin of time, by node, then by kind of resource.
        held_before: bytes in the buffer of each PE when the log begins.
        steps: steps in an order in which causes come first, if the run is traced.
        bringers: by slot, if the run is traced.
        causes: by job, if the run is traced.
        dispatchers, tile_queues: by crossbar, and by tile on a crossbar, if crossbars choose.
        heads: by queue, the place of its head in the stream, over all images, if it is ready.
        ran, began: by crossbar and visit in turn, its place in the stream and when it started.
        finished_at: by image and piece, when it was finished.
        freedom: empty unless crossbars choose (R11), as `hooks`.
        kind: what only the rules of a kind of compute units know (:class:`EachCrossbar`).
        hooks: empty unless the run is logged or traced.  How many entries a tuple has is known when
            the loop is compiled: without hooks there is no trace of them in it.
    """

    totals: Records
    crossbars: Records
    fetches: Records
    resources: Records
    jobs: Records
    packets: Records
    lists: Int32s
    awaiting: Int32s
    reads_left: Int32s
    waiters: Records
    entries: Records
    progress: Records
    unfinished: Int32s
    held: Int32s
    instances: Records
    meetings: Int32s
    pes: Records
    images: Records
    log: Records
    watched: NDArray[np.uint8]
    watched_nodes: NDArray[np.uint8]
    activity: Int64s
    held_before: Int64s
    steps: Records
    bringers: Records
    causes: Int32s
    dispatchers: Records
    tile_queues: Records
    heads: Int64s
    ran: Int32s
    began: Int64s
    finished_at: Int64s
    freedom: tuple[bool, ...]
    hooks: tuple[bool, ...]
    kind: Any
