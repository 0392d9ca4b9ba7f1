"""Heads: the earliest times at which positions of feature maps are ready, whatever the deployment.

[R] They follow data dependencies only, with the least time of each step.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.bounds.covers import least_covers
from spatem_ir.geometry.bounds.maps import Times
from spatem_ir.geometry.bounds.reads import (
    OperandReads,
    WindowReads,
    digital_cycles,
    layer_of,
    operand_reads,
    reads_of,
)
from spatem_ir.geometry.bounds.steps import LayerSteps, most_copies
from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind

if TYPE_CHECKING:
    from spatem_ir.hardware.accelerator import Accelerator

MOST_THRESHOLDS = 16
"""How many numbers of late positions of a window are tried."""


class NetworkSteps:
    """The least steps of all nodes of a network on an accelerator, by number of node.

    `layers` has those of layers, `reads` what these read, `covers` how many OU operations of each
    window and column part have a row at least that is no padding; `digital` has the cycles of
    digital operators at each position, `operands` what these and outputs read.
    """

    def __init__(self, dataflow: Dataflow, accelerator: Accelerator):
        self.dataflow = dataflow
        self.accelerator = accelerator
        layers = [layer_of(node) for node in dataflow.layers]
        copies = most_copies(layers, accelerator)
        self.layers: dict[int, LayerSteps] = {
            node.number: LayerSteps(layer, accelerator, most)
            for node, layer, most in zip(dataflow.layers, layers, copies, strict=True)
        }
        self.reads: dict[int, WindowReads] = {
            node.number: reads_of(dataflow, node) for node in dataflow.layers
        }
        self.covers: dict[int, Times] = {
            number: least_covers(reads.windows, reads.rows, accelerator.ou.wordlines)
            for number, reads in self.reads.items()
        }
        self.digital: dict[int, Times] = {
            node.number: digital_cycles(node, accelerator)
            for node in dataflow.nodes
            if node.kind in (NodeKind.POOL, NodeKind.ACTIVATE)
        }
        self.operands: dict[int, list[OperandReads]] = {
            node.number: operand_reads(node) for node in dataflow.nodes if node.reaches
        }


class Heads:
    """Heads of a network, digital cycles.

    `ready` has, by node, the earliest time at which each position is ready, in whichever channel.
    Nodes are found one by one, in topological order, so that what is known of one node counts for
    those after it.
    """

    def __init__(self, steps: NetworkSteps):
        self.steps = steps
        self.dataflow = steps.dataflow
        self.ready: dict[int, Times] = {}
        self._entered = 0

    @classmethod
    def of_chains(cls, steps: NetworkSteps) -> Heads:
        """The heads that follow from chains alone."""
        heads = cls(steps)
        for node in steps.dataflow.nodes:
            heads.find(node)
        return heads

    def find(self, node: Node) -> None:
        """Find the head of the next node, unless it is an output.

        Inputs enter in raster order, one after the other unless they have queues of their own
        (R14), and what comes back not before it has left (R9).  A digital operator's task starts
        when all its inputs are there and occupies its units (R6).  Layers:
        :meth:`_layer_ready`.
        """
        port = self.steps.accelerator.components.port
        if node.kind is NodeKind.INPUT:
            size = node.piece_bytes(0)
            bytes_in = (np.arange(node.positions) + 1) * size
            if node.store is None:
                bytes_in += self._entered if node.in_turn else 0
                self._entered += node.positions * size
                self.ready[node.number] = port.cycles(bytes_in)
            else:
                left = self.inputs_ready(self.dataflow.nodes[node.store]) + 1
                came = left + port.cycles(size)
                self.ready[node.number] = np.maximum(port.cycles(bytes_in), came)
        elif node.kind is NodeKind.LAYER:
            self.ready[node.number] = self._layer_ready(node)
        elif node.kind is not NodeKind.OUTPUT:
            self.ready[node.number] = self.inputs_ready(node) + self.steps.digital[node.number]

    def inputs_ready(self, node: Node) -> Times:
        """When each position of a digital operator or output has its inputs at the earliest.

        Which channels a slice reads, a deployment may choose, and so the earliest counts.  Padding
        is there at time 0.
        """
        earliest = np.zeros(node.positions, np.int64)
        for reads in self.steps.operands[node.number]:
            times = self.dataflow.over_channels(reads.operand, self.ready, np.minimum)
            earliest = np.maximum(earliest, reads.windows.of_windows(times, np.maximum, 0))
        return earliest

    def rows_ready(self, node: Node) -> Times:
        """When each row of the operand of a pooling that works by rows is there: [rows]."""
        (operand,) = node.operands
        times = self.dataflow.over_channels(operand, self.ready, np.minimum)
        return times.reshape(operand.shape[1:]).max(axis=1)

    def row_times(self, node: Node) -> Times:
        """When what a layer reads (see :class:`WindowReads`) is ready in all channels."""
        source = self.steps.reads[node.number].source
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
        steps, reads = self.steps.layers[node.number], self.steps.reads[node.number]
        times = np.append(self.row_times(node), 0)[reads.windows.positions]
        times.sort(axis=1)
        earlier = np.unique(np.linspace(0, reads.spacing - 1, MOST_THRESHOLDS).astype(np.int64))
        late = [
            steps.least(count * reads.rows, reads.rows, reads.spacing)
            for count in (reads.spacing - earlier).tolist()
        ]
        ready = (times[:, earlier] + np.array(late)).max(axis=1)
        if reads.source is None and layer_of(node).groups == 1:
            latest = self.dataflow.over_channels(node.operands[0], self.ready, np.maximum)
            latest = reads.windows.of_windows(latest, np.maximum, 0)
            ready = np.maximum(ready, latest + steps.least(1, 1, 1))
        return ready

    @cached_property
    def input_cycles(self) -> int:
        """Cycles in which all inputs of the network have entered (R9)."""
        return int(self.steps.accelerator.components.port.cycles(self._entered))
