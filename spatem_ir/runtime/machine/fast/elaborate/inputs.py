"""How images enter, and what positions wait for, as arrays (rules R9 and R10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spatem_ir.geometry.network.dataflow import Dataflow
from spatem_ir.geometry.network.waits import Wait
from spatem_ir.hardware.components import Components
from spatem_ir.runtime.machine.fast.records import (
    INPUT,
    NODE,
    NONE,
    PORTION,
    QUEUE,
    WAIT,
    Int32s,
    Int64s,
    Records,
)


class Inputs(NamedTuple):
    """The pieces of an image in the order in which they enter, their portions, and the queues."""

    inputs: Records
    portions: Records
    queues: Records


def inputs_of(
    pieces: Int64s,
    records: Records,
    starts: Int64s,
    queues: Int64s,
    external: Int64s,
    components: Components,
) -> Inputs:
    """How an image enters that consists of some pieces, whose portions start at some of them.

    `queues` are those in which the pieces enter, ascending; `external` is 1 for those that come
    from the memory behind the port, and 0 for the others.

    `records` are those of all pieces.
    """
    inputs = np.zeros(len(pieces), INPUT).view(np.recarray)
    inputs.piece = pieces
    entered = np.cumsum(records.bytes[pieces], dtype=np.int64)
    portions = np.zeros(len(starts), PORTION).view(np.recarray)
    portions.first = starts
    portions.stop = np.append(starts[1:], len(pieces))
    before = np.append(0, entered)[starts]
    portions.bytes = entered[portions.stop - 1] - before
    within = entered - np.repeat(before, portions.stop - portions.first)
    rates = np.array([components.port_rate(external=each) for each in (False, True)])
    delays = np.array([components.port_delay(external=each) for each in (False, True)])
    inputs.cycles = -(-within // rates[external]) + delays[external]
    portions.queue = queues[starts]
    queue_records = np.zeros(queues[-1] + 1, QUEUE).view(np.recarray)
    queue_records.first = np.searchsorted(portions.queue, np.arange(len(queue_records)))
    queue_records.stop = np.append(queue_records.first[1:], len(portions))
    return Inputs(inputs, portions, queue_records)


class Waits(NamedTuple):
    """What positions wait for; see :class:`fast.tables.Tables`.

    The positions and slices of the nodes for which others wait are given in their order.
    """

    nodes: Records
    waits: Records
    until: Int32s
    watched_positions: Int64s
    watched_slices: Int32s


def waits_of(dataflow: Dataflow, waits: Sequence[Wait]) -> Waits:
    """Waits as tables: for each node what its positions wait for, and until when (R10)."""
    waits = sorted(waits, key=lambda wait: wait.node)
    number = np.array([wait.node for wait in waits], np.int64)
    nodes = np.zeros(len(dataflow.nodes), NODE).view(np.recarray)
    nodes.first_piece = dataflow.first_pieces[:-1]
    nodes.positions = [node.positions for node in dataflow.nodes]
    nodes.first_wait = np.searchsorted(number, np.arange(len(nodes)))
    nodes.waits = np.bincount(number, minlength=len(nodes))
    nodes.external = [node.external for node in dataflow.nodes]
    watched = np.unique(np.array([wait.other for wait in waits], np.int64))
    positions = np.array([dataflow.nodes[other].positions for other in watched], np.int64)
    first_watched = np.full(len(nodes), NONE)
    first_watched[watched] = np.cumsum(positions) - positions
    nodes.first_watched = first_watched
    slices = [len(dataflow.nodes[other].slices) for other in watched.tolist()]
    records = np.zeros(len(waits), WAIT).view(np.recarray)
    records.other = [wait.other for wait in waits]
    lengths = np.array([len(wait.until) for wait in waits], np.int64)
    records.first = np.cumsum(lengths) - lengths
    until = np.concatenate([np.zeros(0, np.int64), *(wait.until for wait in waits)])
    return Waits(nodes, records, until.astype(np.int32), positions, np.array(slices, np.int32))
