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


def input_lead(dataflow: Dataflow, node: Node, reader: Node, rows: int | None) -> Ints:
    """How many positions of a reader each position of an input waits for: [positions]."""
    if rows is None:
        return np.zeros(node.positions, np.int64)
    columns = node.shape[2]
    last_reader = np.maximum.accumulate(link(dataflow, node, reader).last)
    before = (np.arange(node.positions) // columns - rows) * columns - 1
    return np.where(before >= 0, last_reader[before.clip(0)] + 1, 0)


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
