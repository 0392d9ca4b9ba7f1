"""Lower bounds on the latency of a network on an accelerator, whatever the deployment.

[R] Each bound is proven by the rule it names; the optimality gap is latency over the largest bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.grid import ou_operations

if TYPE_CHECKING:
    from spatem_ir.geometry.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

Times = NDArray[np.int64]


@dataclass(frozen=True)
class LowerBounds:
    """Proven lower bounds on the latency of one image, in digital cycles."""

    work: int
    path: int

    @property
    def largest(self) -> int:
        """The best bound."""
        return max(self.work, self.path)


def lower_bounds(dataflow: Dataflow, accelerator: Accelerator) -> LowerBounds:
    """The lower bounds of a network on an accelerator."""
    return LowerBounds(work_bound(dataflow, accelerator), path_bound(dataflow, accelerator))


def least_operations(layer: Layer, accelerator: Accelerator) -> int:
    """The fewest OU operations of a layer: cutting a matrix never saves any (rule R1)."""
    one_window = ou_operations(
        accelerator, layer.rows, layer.columns, layer.weight_bits, layer.input_bits
    )
    return layer.matrices * layer.windows * one_window


def work_bound(dataflow: Dataflow, accelerator: Accelerator) -> int:
    """All OU operations, spread evenly over all crossbars (R1: one at a time in each)."""
    operations = sum(
        least_operations(node.layer, accelerator) for node in dataflow.layers if node.layer
    )
    return -(-operations * accelerator.ou.cycles // accelerator.crossbars)


def path_bound(dataflow: Dataflow, accelerator: Accelerator) -> int:
    """The longest chain from the input through the layers to the output.

    Inputs enter in raster order (R9).  A window needs all its activations (R3), a fetch of at
    least one cycle (R3), at least one OU operation (R1), the pipeline (R4) and one cycle of an
    activation unit (R6); what a digital operator reads of a channel passes its units (R6).  The
    last output piece takes at least one cycle of the port, all of them their bytes (R9).
    """
    io = accelerator.io.bytes_per_cycle
    layer_cycles = 1 + accelerator.ou.cycles + accelerator.ou.pipeline_cycles + 1
    ready: dict[int, Times] = {}
    latency = entered = 0
    for node in dataflow.nodes:
        if node.kind is NodeKind.INPUT:
            size = node.piece_bytes(0)
            byte = entered + (np.arange(node.positions) + 1) * size
            entered += node.positions * size
            ready[node.number] = -(-byte // io)
            continue
        times = _window_times(dataflow, node, ready)
        match node.kind:
            case NodeKind.LAYER:
                ready[node.number] = times + layer_cycles
            case NodeKind.POOL:
                reads = _least_reads(node)
                ready[node.number] = times + -(-reads // accelerator.pe.poolings_per_cycle)
            case NodeKind.ACTIVATE:
                reads = _least_reads(node)
                ready[node.number] = times + -(-reads // accelerator.pe.activations_per_cycle)
            case _:
                all_bytes = -(-node.output_bytes // io)
                latency = max(latency, int(times.max()) + 1, int(times.min()) + all_bytes)
    return latency


def _window_times(dataflow: Dataflow, node: Node, ready: dict[int, Times]) -> Times:
    """When each output position has its inputs at the earliest.

    A layer without groups reads all channels; which of them another node reads, a deployment may
    choose, and so the earliest counts.  Padding is there at time 0.
    """
    if node.layer is not None:
        extreme = np.maximum if node.layer.groups == 1 else np.minimum
        times = np.append(dataflow.over_channels(node.operands[0], ready, extreme), 0)
        windows = node.layer.window.positions(*node.layer.input_shape[1:])
        return times[windows].max(axis=1)
    earliest = np.zeros(node.positions, np.int64)
    for operand, reach in zip(node.operands, node.reaches, strict=True):
        times = np.append(dataflow.over_channels(operand, ready, np.minimum), 0)
        earliest = np.maximum(earliest, times[reach.positions()].max(axis=1))
    return earliest


def _least_reads(node: Node) -> NDArray[np.int64]:
    """The fewest values of one channel that are read at each position; each slice reads some."""
    least = np.zeros(node.positions, np.int64)
    for reach in node.reaches:
        channels = (reach.channels.indices() >= 0).sum(axis=1)
        least += (reach.positions() >= 0).sum(axis=1) * channels[channels > 0].min()
    return least
