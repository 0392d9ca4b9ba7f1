"""A static program that runs as free dispatch ran.

Crossbars that choose among all visits whose operands are there (rule R11) find an order that no
estimate of ready times finds.  Written out, it is an ordinary program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.ou import OrderOp
from spatem_ir.geometry.network.links import link
from spatem_ir.geometry.network.waits import Wait
from spatem_ir.geometry.shapes.equals import first_of_equals, lengths
from spatem_ir.geometry.shapes.index_sequence import IndexSequence

if TYPE_CHECKING:
    from spatem_ir.geometry.network.dataflow import Dataflow, Node
    from spatem_ir.runtime.machine.fast.elaborate.program import FastProgram
    from spatem_ir.runtime.machine.schedule import VisitSchedule

Ints = NDArray[np.int64]


def frozen_orders(program: FastProgram, run: VisitSchedule) -> list[OrderOp]:
    """The order in which each crossbar visited its tiles in a free run of a program, of one image.

    Crossbars with tiles of the same layers, with as many windows, that ran in the same order have
    one op.
    """
    tables, crossbars = program.tables, program.crossbars
    visits = crossbars.visits.astype(np.int64)
    core = np.repeat(np.arange(len(crossbars)), visits)
    entry = crossbars.first[core] + run.places
    burst = tables.bursts.first[tables.sequence.burst[entry]]
    tiles = tables.burst_tiles[burst + crossbars.column[core]].astype(np.int64)
    held, visited, windows = np.unique(
        core * len(tables.tiles) + tiles, return_inverse=True, return_counts=True
    )
    owner, tile = np.divmod(held, len(tables.tiles))
    kinds = np.stack([tables.tiles.node[tile].astype(np.int64), windows], axis=1)
    in_order = np.lexsort((tile, windows, kinds[:, 0], owner))
    firsts = first_of_equals(owner)
    rank = np.empty(len(held), np.int64)
    rank[in_order] = np.arange(len(held)) - np.repeat(firsts, lengths(firsts, len(held)))
    ranks, kinds = rank[visited.reshape(-1)].astype(np.uint16), kinds[in_order]
    members: dict[tuple[bytes, bytes], list[int]] = {}
    first_visit = (np.cumsum(visits) - visits).tolist()
    last_tile = [*firsts[1:].tolist(), len(held)]
    for index, (start, count) in enumerate(zip(first_visit, visits.tolist(), strict=True)):
        kind = kinds[firsts[index] : last_tile[index]].tobytes()
        order = ranks[start : start + count].tobytes()
        members.setdefault((kind, order), []).append(int(crossbars.number[index]))
    return [
        OrderOp(IndexSequence.of(np.array(numbers)), np.frombuffer(order, np.uint16))
        for (_, order), numbers in members.items()
    ]


def input_waits(dataflow: Dataflow, rows: int | None) -> list[Wait]:
    """Waits with which the input is at most so many rows ahead of what its readers have finished.

    None: as far as it likes, in an image; but the next one enters when they have finished the last.
    """
    return [
        Wait(node.number, reader.number, input_lead(dataflow, node, reader, rows))
        for node in dataflow.inputs
        if node.store is None
        for reader in dataflow.readers(node)
    ]


def input_lead(dataflow: Dataflow, node: Node, reader: Node, rows: int | None) -> np.ndarray:
    """How many positions of a reader each position of an input waits for: [positions]."""
    if rows is None:
        return np.zeros(node.positions, np.int64)
    columns = node.shape[2]
    last_reader = np.maximum.accumulate(link(dataflow, node, reader).last)
    before = (np.arange(node.positions) // columns - rows) * columns - 1
    return np.where(before >= 0, last_reader[before.clip(0)] + 1, 0)


def output_waits(dataflow: Dataflow) -> list[Wait]:
    """Waits with which an image enters when the last one has left."""
    return [
        Wait(node.number, output.number, np.zeros(node.positions, np.int64))
        for node in dataflow.inputs
        if node.store is None
        for output in dataflow.outputs
        if output.number not in {other.store for other in dataflow.inputs}
    ]
