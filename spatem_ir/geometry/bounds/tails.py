"""Tails: how much must follow when a position of a feature map is ready, whatever the deployment.

[R] They follow data dependencies only, with the least time of each step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.bounds.maps import NEVER, Booleans, Times
from spatem_ir.geometry.bounds.reads import layer_of
from spatem_ir.geometry.network.dataflow import Node, NodeKind, Operand

if TYPE_CHECKING:
    from spatem_ir.geometry.bounds.heads import NetworkSteps


class Tails:
    """The least times that pass from when positions are ready until some end, digital cycles.

    `some` has, by node, what follows when some channel of a position is ready, `full` what follows
    when all of its channels are; :data:`NEVER` where the end does not depend on it.  Where readers
    take some of the channels, `elements` has what follows for each channel of each position.
    """

    def __init__(self, steps: NetworkSteps):
        self.steps = steps
        self.dataflow = steps.dataflow
        self.some: dict[int, Times] = {}
        self.full: dict[int, Times] = {}
        self.elements: dict[int, Times] = {}

    @classmethod
    def to_outputs(cls, steps: NetworkSteps) -> Tails:
        """The tails of all nodes to the end of the inference, all outputs having left."""
        tails = cls(steps)
        for node in steps.dataflow.nodes:
            tails.add(node)
        for node in reversed(steps.dataflow.nodes):
            tails.pass_back(node)
        return tails

    def add(self, node: Node, tail: int = NEVER) -> None:
        """Know a node, all of whose positions have a tail at least."""
        self.some[node.number] = np.full(node.positions, tail)
        self.full[node.number] = np.full(node.positions, tail)

    def is_never(self, node: Node) -> bool:
        """Whether the end depends on no position of a node."""
        return bool((self.full[node.number] < 0).all())

    def pass_back(self, node: Node) -> None:
        """Give the nodes that a node reads, of those that are known, what follows from its tails.

        What reads a late element is late by a step, and all its readers must end.  A layer without
        groups reads all channels, so one late element makes all channels of its outputs late.
        """
        some, full = self.some[node.number], self.full[node.number]
        if node.number in self.elements:
            own = np.maximum(self.elements.pop(node.number), some)
            own.min(axis=0, out=some)
            np.maximum(full, own.max(axis=0), out=full)
        np.maximum(full, some, out=full)
        if node.kind is NodeKind.LAYER:
            self._from_layer(node)
        elif node.kind is not NodeKind.INPUT:
            self._from_digital(node)

    def _from_layer(self, node: Node) -> None:
        steps, reads = self.steps.layers[node.number], self.steps.reads[node.number]
        full = self.full[node.number]
        following = full if layer_of(node).groups == 1 else self.some[node.number]
        one_row = following + steps.least(1, 1, 1)
        if reads.source is None:
            operand = node.operands[0]
            every = np.ones(operand.shape[0], np.bool_)
            self._to_operand(operand, reads.windows.latest(one_row), every)
        elif reads.source in self.some:
            all_channels = full + steps.least(reads.rows, reads.rows, reads.spacing)
            for tails, values in ((self.some, one_row), (self.full, all_channels)):
                own = tails[reads.source]
                np.maximum(own, reads.windows.latest(values), out=own)

    def _from_digital(self, node: Node) -> None:
        """An output leaves in a cycle or more (R9); a task lasts as long as its units need (R6)."""
        cycles = self.steps.digital.get(node.number)
        if cycles is None:
            cycles, some = np.ones(node.positions, np.int64), np.zeros(node.positions, np.int64)
            full = some
        else:
            some, full = self.some[node.number], self.full[node.number]
        for reads in self.steps.operands[node.number]:
            operand, windows = reads.operand, reads.windows
            if all(source not in self.some for source in operand.sources):
                continue
            self._to_operand(operand, windows.latest(cycles + some), reads.channels)
            source = operand.sources[0]
            same = self.dataflow.nodes[source].positions == operand.positions
            same = same and operand.order is None and len(operand.sources) == 1
            if same and reads.channels.all() and reads.for_all:
                own = self.full[source]
                np.maximum(own, windows.latest(cycles + full), out=own)

    def _to_operand(self, operand: Operand, values: Times, channels: Booleans) -> None:
        """What follows a late element at each position of an operand also follows its source's.

        `channels` are those of the operand that are read: [channels].
        """
        nodes = [self.dataflow.nodes[source] for source in operand.sources]
        same = operand.order is None and all(n.positions == operand.positions for n in nodes)
        if same and channels.all():
            for own in (self.some[node.number] for node in nodes if node.number in self.some):
                np.maximum(own, values, out=own)
            return
        elements = np.where(channels[:, None], values, NEVER).reshape(-1)
        if operand.order is not None:
            viewed, elements = elements, np.full(sum(node.elements for node in nodes), NEVER)
            np.maximum.at(elements, operand.order, viewed)
        first = 0
        for node in nodes:
            own = elements[first : first + node.elements].reshape(node.shape[0], -1)
            first += node.elements
            if node.number in self.elements:
                np.maximum(self.elements[node.number], own, out=self.elements[node.number])
            elif node.number in self.some:
                self.elements[node.number] = own
