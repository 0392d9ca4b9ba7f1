"""Chains through a network: how early data can be there, and how much must follow it.

[R] Heads are the earliest times at which positions of feature maps are ready, tails the least time
that passes between the event that an element is ready and the end of the inference.  Both follow
data dependencies only, with the least time of each step, so they hold for every deployment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.bounds.steps import LayerSteps, most_copies
from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind, Operand

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

Times = NDArray[np.int64]

MOST_THRESHOLDS = 16
"""How many numbers of late positions of a window are tried."""

NEVER = -(2**40)
"""The tail of what no output depends on."""


@dataclass(frozen=True)
class WindowReads:
    """What the windows of a layer read, as positions that stand for matrix rows.

    `positions` [windows, positions read] names positions (negative: padding) of the node `source`,
    or of the layer's operand if there is no such node; each stands for `rows` rows, one per
    channel, as many rows apart as a window reads positions.
    """

    source: int | None
    positions: Times
    rows: int

    @property
    def spacing(self) -> int:
        """Rows between two channels of a position."""
        return self.positions.shape[1]


def reads_of(dataflow: Dataflow, node: Node) -> WindowReads:
    """What a weight layer reads; a flattened feature map is read position by position."""
    layer = layer_of(node)
    operand = node.operands[0]
    windows = layer.window.positions(*layer.input_shape[1:])
    if len(operand.sources) == 1 and operand.order is None:
        source = dataflow.nodes[operand.sources[0]]
        if source.positions == operand.positions:
            return WindowReads(source.number, windows, layer.rows // windows.shape[1])
        if windows.shape == (1, 1) and layer.groups == 1:
            return WindowReads(source.number, np.arange(source.positions)[None, :], source.shape[0])
    return WindowReads(None, windows, layer.rows // windows.shape[1])


def layer_of(node: Node) -> Layer:
    """The geometry of a weight layer's node."""
    assert node.layer is not None
    return node.layer


class Chains:
    """Heads and tails of a network on an accelerator, digital cycles.

    `ready` has, by node, the earliest time at which each position is ready, in whichever channel.
    `tails` has the least time that follows when some channel of a position is ready, `full_tails`
    when all of its channels are; :data:`NEVER` where no output depends on it.
    """

    def __init__(self, dataflow: Dataflow, accelerator: Accelerator):
        self.dataflow = dataflow
        self.accelerator = accelerator
        layers = [layer_of(node) for node in dataflow.layers]
        copies = most_copies(layers, accelerator)
        self.steps = {
            node.number: LayerSteps(layer, accelerator, most)
            for node, layer, most in zip(dataflow.layers, layers, copies, strict=True)
        }
        self.reads = {node.number: reads_of(dataflow, node) for node in dataflow.layers}
        self.digital = {
            node.number: digital_cycles(node, accelerator)
            for node in dataflow.nodes
            if node.kind in (NodeKind.POOL, NodeKind.ACTIVATE)
        }
        self.ready: dict[int, Times] = {}
        self._find_ready()
        self.tails = {node.number: np.full(node.positions, NEVER) for node in dataflow.nodes}
        self.full_tails = {number: tails.copy() for number, tails in self.tails.items()}
        self._find_tails()

    # Heads

    def _find_ready(self) -> None:
        """Earliest times, in topological order.

        Inputs enter in raster order, and what comes back not before it has left (R9).  A digital
        operator's task starts when all its inputs are there and occupies its units (R6).  Layers:
        :meth:`_layer_ready`.
        """
        entered, port = 0, self.accelerator.components.port
        for node in self.dataflow.nodes:
            if node.kind is NodeKind.INPUT:
                size = node.piece_bytes(0)
                bytes_in = (np.arange(node.positions) + 1) * size
                if node.store is None:
                    bytes_in += entered
                    entered += node.positions * size
                    self.ready[node.number] = port.cycles(bytes_in)
                else:
                    left = self.inputs_ready(self.dataflow.nodes[node.store]) + 1
                    came = left + port.cycles(size)
                    self.ready[node.number] = np.maximum(port.cycles(bytes_in), came)
            elif node.kind is NodeKind.LAYER:
                self.ready[node.number] = self._layer_ready(node)
            elif node.kind is not NodeKind.OUTPUT:
                self.ready[node.number] = self.inputs_ready(node) + self.digital[node.number]

    def inputs_ready(self, node: Node) -> Times:
        """When each position of a digital operator or output has its inputs at the earliest.

        Which channels a slice reads, a deployment may choose, and so the earliest counts.  Padding
        is there at time 0.
        """
        earliest = np.zeros(node.positions, np.int64)
        for operand, reach in zip(node.operands, node.reaches, strict=True):
            times = np.append(self.dataflow.over_channels(operand, self.ready, np.minimum), 0)
            earliest = np.maximum(earliest, times[reach.positions()].max(axis=1))
        return earliest

    def row_times(self, node: Node) -> Times:
        """When what a layer reads (see :class:`WindowReads`) is ready in all channels."""
        source = self.reads[node.number].source
        if source is not None:
            return self.ready[source]
        return self.dataflow.over_channels(node.operands[0], self.ready, np.minimum)

    def _layer_ready(self, node: Node) -> Times:
        """The earliest time of each output position of a layer.

        Proof.  Of a window's positions, sorted by their times, let j be ready at t or later.  Then
        j · `rows` rows are, among them all channels of a position, and the output follows a step
        later (:meth:`LayerSteps.least`); the largest over some j counts.  Where several nodes form
        the operand, the latest of them gives a single late row, if the window reads all channels.
        """
        steps, reads = self.steps[node.number], self.reads[node.number]
        times = np.append(self.row_times(node), 0)[reads.positions]
        times.sort(axis=1)
        earlier = np.unique(np.linspace(0, reads.spacing - 1, MOST_THRESHOLDS).astype(np.int64))
        late = [
            steps.least(count * reads.rows, reads.rows, reads.spacing)
            for count in (reads.spacing - earlier).tolist()
        ]
        ready = (times[:, earlier] + np.array(late)).max(axis=1)
        if reads.source is None and layer_of(node).groups == 1:
            latest = self.dataflow.over_channels(node.operands[0], self.ready, np.maximum)
            latest = np.append(latest, 0)[reads.positions].max(axis=1)
            ready = np.maximum(ready, latest + steps.least(1, 1, 1))
        return ready

    # Tails

    def _find_tails(self) -> None:
        """Least remaining times, from the outputs back.

        What reads a late element is late by a step, and all its readers must end.  A layer without
        groups reads all channels, so one late element makes all channels of its outputs late.
        """
        for node in reversed(self.dataflow.nodes):
            full, some = self.full_tails[node.number], self.tails[node.number]
            np.maximum(full, some, out=full)
            if node.kind is NodeKind.LAYER:
                self._layer_tails(node)
            elif node.kind is not NodeKind.INPUT:
                self._digital_tails(node)

    def _layer_tails(self, node: Node) -> None:
        steps, reads = self.steps[node.number], self.reads[node.number]
        full = self.full_tails[node.number]
        following = full if layer_of(node).groups == 1 else self.tails[node.number]
        one_row = following + steps.least(1, 1, 1)
        if reads.source is None:
            operand = node.operands[0]
            self._pass_back(operand, latest(reads.positions, one_row, operand.positions))
            return
        positions = self.dataflow.nodes[reads.source].positions
        all_channels = full + steps.least(reads.rows, reads.rows, reads.spacing)
        for tails, values in ((self.tails, one_row), (self.full_tails, all_channels)):
            found = latest(reads.positions, values, positions)
            np.maximum(tails[reads.source], found, out=tails[reads.source])

    def _digital_tails(self, node: Node) -> None:
        """An output leaves in a cycle or more (R9); a task lasts as long as its units need (R6)."""
        cycles = self.digital.get(node.number)
        if cycles is None:
            cycles, some = np.ones(node.positions, np.int64), np.zeros(node.positions, np.int64)
            full = some
        else:
            some, full = self.tails[node.number], self.full_tails[node.number]
        for operand, reach in zip(node.operands, node.reaches, strict=True):
            channels = reach.channels.indices()
            if len(np.unique(channels[channels >= 0])) < operand.shape[0]:
                continue
            positions = reach.positions()
            self._pass_back(operand, latest(positions, cycles + some, operand.positions))
            source = operand.sources[0]
            same = self.dataflow.nodes[source].positions == operand.positions
            same = same and operand.order is None and len(operand.sources) == 1
            if same and (channels >= 0).any(axis=1).all():
                tails = self.full_tails[source]
                found = latest(positions, cycles + full, operand.positions)
                np.maximum(tails, found, out=tails)

    def _pass_back(self, operand: Operand, values: Times) -> None:
        """What follows a late element at each position of an operand also follows its source's.

        If some channel of a source's position is late, which one is unknown: the least counts; if
        all are, the largest.
        """
        nodes = [self.dataflow.nodes[source] for source in operand.sources]
        if operand.order is None and all(n.positions == operand.positions for n in nodes):
            for node in nodes:
                tails = self.tails[node.number]
                np.maximum(tails, values, out=tails)
            return
        elements = np.tile(values, operand.shape[0])
        if operand.order is not None:
            viewed, elements = elements, np.full(sum(node.elements for node in nodes), NEVER)
            np.maximum.at(elements, operand.order, viewed)
        first = 0
        for node in nodes:
            own = elements[first : first + node.elements].reshape(node.shape[0], -1)
            first += node.elements
            tails, full = self.tails[node.number], self.full_tails[node.number]
            np.maximum(tails, own.min(axis=0), out=tails)
            np.maximum(full, own.max(axis=0), out=full)

    def needed(self, node: Node) -> NDArray[np.bool_]:
        """The positions of which an output needs all channels."""
        return self.tails[node.number] >= 0

    def operation_tail(self, node: Node) -> Times:
        """What follows an OU operation of each window of a layer: shape [positions].

        The pipeline (R4), a cycle of an adder if a crossbar cannot hold all rows (R5), a cycle of
        an activation unit (R6), and what follows the piece.
        """
        merged = int(layer_of(node).rows > self.steps[node.number].most_rows)
        return self.tails[node.number] + self.steps[node.number].after + merged

    @cached_property
    def input_cycles(self) -> int:
        """Cycles in which all inputs of the network have entered (R9)."""
        inputs = (node for node in self.dataflow.inputs if node.store is None)
        return max(int(self.ready[node.number].max()) for node in inputs)


def latest(positions: Times, values: Times, count: int) -> Times:
    """The largest value of the windows that read each of `count` positions; NEVER if none does.

    `positions` [windows, positions read], negative ones are padding; `values` [windows].
    """
    found = np.full(count + 1, NEVER)
    for column in positions.T:
        np.maximum.at(found, column, values)
    return found[:count]


def digital_cycles(node: Node, accelerator: Accelerator) -> Times:
    """The least cycles of a digital operator's units for each position (R6): shape [positions].

    Each slice holds a channel at least, and reads all elements of it.
    """
    digital = accelerator.components.digital
    return digital.cycles(least_reads(node), pooling=node.kind is NodeKind.POOL)


def least_reads(node: Node) -> Times:
    """The fewest values of one channel that are read at each position; each slice reads some."""
    least = np.zeros(node.positions, np.int64)
    for reach in node.reaches:
        channels = (reach.channels.indices() >= 0).sum(axis=1)
        least += (reach.positions() >= 0).sum(axis=1) * channels[channels > 0].min()
    return least
