"""A static program that runs as free dispatch ran.

Crossbars that choose among all visits whose operands are there (rule R11) find an order that no
estimate of ready times finds.  Written out, it is an ordinary program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.ou import OrderOp
from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.geometry.network.links import link
from spatem_ir.geometry.network.waits import Wait
from spatem_ir.geometry.shapes.index_sequence import IndexSequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
    from spatem_ir.geometry.network.dataflow import Dataflow, Node
    from spatem_ir.runtime.machine.schedule import VisitSchedule

Ints = NDArray[np.int64]


def frozen_orders(programs: Sequence[CrossbarProgram], run: VisitSchedule) -> list[OrderOp]:
    """The order in which crossbars visited their tiles in a free run of one image.

    `programs` are those that due times gave them: their bursts are the tiles, as `ou.order` counts
    them.
    """
    return [
        OrderOp(IndexSequence.of(program.crossbars), program.bursts)
        for program in run.frozen(programs)
    ]


def input_waits(dataflow: Dataflow, rows: int | None, *, for_all: bool = False) -> list[Wait]:
    """Waits with which the input is at most so many rows ahead of what its readers made of it.

    Or what all layers made of it that they could.  None: as far as it likes, in an image; but the
    next one enters when its readers have finished the last.
    """
    inputs = [node for node in dataflow.inputs if node.store is None]
    if rows is None:
        return [
            Wait(node.number, reader.number, np.zeros(node.positions, np.int64))
            for node in inputs
            for reader in dataflow.readers(node)
        ]
    return [
        Wait(node.number, layer, np.searchsorted(needed, rows_before(node, rows), side="right"))
        for node in inputs
        for layer, needed in positions_needed(dataflow, node).items()
        if (for_all and dataflow.nodes[layer].kind is NodeKind.LAYER)
        or node.number in dataflow.nodes[layer].sources
    ]


def rows_before(node: Node, rows: int) -> Ints:
    """The last position of the row that is just more than so many before each position's own."""
    columns = node.shape[2]
    return (np.arange(node.positions) // columns - rows) * columns - 1


def positions_needed(dataflow: Dataflow, node: Node) -> dict[int, Ints]:
    """Up to which position of a node all nodes behind it need it for their first positions.

    By number of node, an ascending array [positions].
    """
    needed = {node.number: np.arange(node.positions)}
    for reader in dataflow.nodes:
        parts = [
            np.append(needed[source], -1)[link(dataflow, dataflow.nodes[source], reader).highest]
            for source in dict.fromkeys(reader.sources)
            if source in needed
        ]
        if parts:
            needed[reader.number] = np.maximum.accumulate(np.maximum.reduce(parts))
    return needed


def output_waits(dataflow: Dataflow) -> list[Wait]:
    """Waits with which an image enters when the last one has left."""
    stores = {node.store for node in dataflow.inputs}
    outputs = [node for node in dataflow.outputs if node.number not in stores]
    return [
        Wait(node.number, output.number, np.zeros(node.positions, np.int64))
        for node in dataflow.inputs
        if node.store is None
        for output in outputs
    ]
