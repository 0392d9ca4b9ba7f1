"""Chains through a network: how early work can be done, and how much must follow it.

[R] Heads and tails follow data dependencies only, with the least time of each step, so they hold
for every deployment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.bounds.heads import Heads, NetworkSteps
from spatem_ir.geometry.bounds.maps import Times
from spatem_ir.geometry.bounds.reads import layer_of
from spatem_ir.geometry.bounds.tails import Tails
from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind

if TYPE_CHECKING:
    from spatem_ir.hardware.accelerator import Accelerator


@dataclass(frozen=True)
class Chains:
    """Some nodes of a network between heads and tails, digital cycles.

    The tails are those to the end of the inference, or to whatever the nodes lead to.  Of the
    results of layers all channels count, or only the `first` one to be ready, whichever it is.
    `returns` are the least cycles from each PE to where the end is, if that is known.
    """

    steps: NetworkSteps
    heads: Heads
    tails: Tails
    nodes: Sequence[Node]
    first: bool = False
    returns: Times | None = None

    @classmethod
    def through(cls, dataflow: Dataflow, accelerator: Accelerator) -> Chains:
        """All chains from the inputs of a network to its outputs."""
        steps = NetworkSteps(dataflow, accelerator)
        heads, tails = Heads.of_chains(steps), Tails.to_outputs(steps)
        returns = accelerator.components.interconnect.least_returns
        return cls(steps, heads, tails, dataflow.nodes, returns=returns)

    @property
    def dataflow(self) -> Dataflow:
        """The whole network."""
        return self.steps.dataflow

    @property
    def accelerator(self) -> Accelerator:
        """The machine."""
        return self.steps.accelerator

    @cached_property
    def layers(self) -> list[Node]:
        """Those of the nodes that crossbars compute."""
        return [node for node in self.nodes if node.kind is NodeKind.LAYER]

    def channels(self, node: Node) -> int:
        """How many channels of a layer's results count."""
        return 1 if self.first else node.shape[0]

    def needed(self, node: Node) -> NDArray[np.bool_]:
        """The positions of which the end needs all channels."""
        return self.tails.some[node.number] >= 0

    def window_heads(self, node: Node) -> Times:
        """The earliest time at which a row of each window of a layer is ready: [positions]."""
        windows = self.steps.reads[node.number].windows
        return windows.of_windows(self.heads.row_times(node), np.minimum, 0)

    def operation_tail(self, node: Node) -> Times:
        """What follows an OU operation of each window of a layer: shape [positions].

        The pipeline (R4), a cycle of an adder if a crossbar cannot hold all rows (R5), a cycle of
        an activation unit (R6), and what follows the piece.
        """
        steps = self.steps.layers[node.number]
        merged = int(layer_of(node).rows > steps.most_rows)
        return self.tails.some[node.number] + steps.after + merged


def path_bound(steps: NetworkSteps, heads: Heads) -> int:
    """The longest chain from the input through the layers to the output.

    The steps of the chain are those of :class:`Heads`.  The port is taken until all inputs have
    entered; the last output piece takes at least one cycle of it, all of them their bytes (R9).
    """
    port = steps.accelerator.components.port
    latency = 0
    for node in steps.dataflow.outputs:
        times = heads.inputs_ready(node)
        size = node.positions * -(-node.shape[0] * node.bits // 8)
        leaving = max(int(times.min()), heads.input_cycles)
        latency = max(latency, int(times.max()) + 1, leaving + port.cycles(size))
    return latency
