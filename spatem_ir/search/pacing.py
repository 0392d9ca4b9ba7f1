"""What waits for what, so that nothing is made long before it is read.

Every position of a feature map *needs* the inputs up to some position.  It waits until its readers
have made what needs well less of them: then nothing waits for itself, as what a position depends on
needs no more than it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.ou import DueOp
from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.geometry.network.links import link
from spatem_ir.geometry.network.waits import Wait
from spatem_ir.geometry.shapes.index_sequence import IndexSequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spatem_ir.geometry.network.dataflow import Dataflow, Node

Ints = NDArray[np.int64]

RESOLUTION = 2**20
"""Into how many parts the windows of a layer are told apart by their share."""


class Lead(NamedTuple):
    """How much more of the inputs a position may need than what its readers have made.

    A `share` of their positions; None if only the inputs wait, and for the image before alone.
    `depth` is how much later, as a share of its windows, a layer is served than the one before it.
    """

    share: float | None
    depth: float


def lowered(lead: Lead, rows: int) -> Iterator[Lead]:
    """A lead, then half of its share and depth again and again, until that is a row."""
    yield lead
    share, depth = lead.share or 1.0, lead.depth
    while share * rows > 1:
        share, depth = max(share / 2, 1 / rows), depth / 2
        yield Lead(share, depth)


def waits_of(dataflow: Dataflow, share: float | None) -> list[Wait]:
    """What waits for what with a :class:`Lead` of so large a share."""
    if share is None:
        return input_waits(dataflow)
    inputs = entering(dataflow)
    needed, total = positions_needed(dataflow), sum(node.positions for node in inputs)
    row = inputs[0].shape[2]
    waits = [
        Wait(node, reader.number, np.searchsorted(needed[reader.number], before, side="right"))
        for node, own in needed.items()
        for before in (own // row * row - int(share * total) - 1,)
        for reader in dataflow.readers(dataflow.nodes[node])
        if reader.number in needed and reader.kind is not NodeKind.OUTPUT
    ]
    first = {node.number for node in inputs}
    return [wait for wait in waits if wait.node in first or wait.until.any()]


def entering(dataflow: Dataflow) -> list[Node]:
    """The inputs of the network, without what comes back from the memory behind the port."""
    return [node for node in dataflow.inputs if node.store is None]


def input_waits(dataflow: Dataflow) -> list[Wait]:
    """Waits with which an image enters when its readers have finished the last."""
    return [
        Wait(node.number, reader.number, np.zeros(node.positions, np.int64))
        for node in entering(dataflow)
        for reader in dataflow.readers(node)
    ]


def output_waits(dataflow: Dataflow) -> list[Wait]:
    """Waits with which an image enters when the last one has left."""
    stores = {node.store for node in dataflow.inputs}
    outputs = [node for node in dataflow.outputs if node.number not in stores]
    return [
        Wait(node.number, output.number, np.zeros(node.positions, np.int64))
        for node in entering(dataflow)
        for output in outputs
    ]


def leaving_waits(dataflow: Dataflow, room: int) -> list[Wait]:
    """Waits with which no more than half of a buffer of so many bytes waits to leave the chip."""
    waits = []
    for output in dataflow.outputs:
        most = max(room // 2 * output.positions // output.output_bytes, 1)
        for source in dict.fromkeys(output.sources):
            producer = dataflow.nodes[source]
            first = link(dataflow, producer, output).first
            until = np.where(first < output.positions, np.maximum(first - most, 0), 0)
            if until.any():
                waits.append(Wait(source, output.number, until))
    return waits


def positions_needed(dataflow: Dataflow) -> dict[int, Ints]:
    """Up to which position of the inputs, one after the other, nodes need them.

    For their first positions; by number of node, an ascending array [positions].  As if the inputs
    went on: where a reader needs all of a source, what follows takes proportionally more.
    """
    needed: dict[int, Ints] = {}
    total = 0
    for node in entering(dataflow):
        needed[node.number] = total + np.arange(node.positions)
        total += node.positions
    for reader in dataflow.nodes:
        parts = []
        for source in dict.fromkeys(reader.sources):
            if source in needed:
                producer, positions = dataflow.nodes[source], np.arange(reader.positions)
                highest = np.maximum.accumulate(link(dataflow, producer, reader).highest)
                beyond = positions - np.searchsorted(highest, producer.positions - 1)
                further = np.maximum(beyond, 0) * total // reader.positions
                parts.append(np.append(needed[source], -1)[highest] + further)
        if parts:
            needed[reader.number] = np.maximum.accumulate(np.maximum.reduce(parts))
    return needed


def dues_by_share(dataflow: Dataflow, depth: float) -> list[DueOp]:
    """Windows in the order of the share of the layer's windows before them; deeper layers later.

    Layer n of the network is served as if it were n · `depth` of its windows later.
    """
    dues = []
    for number, node in enumerate(dataflow.layers):
        layer = node.layer
        assert layer is not None
        share = (np.arange(layer.windows) + 0.5) / layer.windows + depth * number
        times = (share * RESOLUTION).astype(np.int64)
        dues.append(DueOp(layer.name, IndexSequence.of(times)))
    return dues
