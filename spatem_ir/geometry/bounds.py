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
    activation unit (R6); a pooled value needs its window to pass the pooling units (R6).  The last
    output piece takes at least one cycle of the port, all of them their bytes (R9).
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
        times, reads = _window_times(dataflow, node, ready)
        match node.kind:
            case NodeKind.LAYER:
                ready[node.number] = times + layer_cycles
            case NodeKind.POOL:
                ready[node.number] = times + -(-reads // accelerator.pe.poolings_per_cycle)
            case NodeKind.ACTIVATE:
                ready[node.number] = times + 1
            case _:
                all_bytes = -(-node.output_bytes // io)
                latency = max(latency, int(times.max()) + 1, int(times.min()) + all_bytes)
    return latency


def _window_times(
    dataflow: Dataflow, node: Node, ready: dict[int, Times]
) -> tuple[Times, NDArray[np.int64]]:
    """When each output position has its inputs at the earliest, and its reads per channel.

    A dense layer reads everything; where it is not known which of several sources a position
    reads, the earliest counts.
    """
    layer = node.layer
    size = layer.input_shape[1:] if layer is not None else node.input_size
    window = layer.window if layer is not None else node.window
    times = [ready[number] for number in node.sources]
    ones = np.ones(node.positions, np.int64)
    if any(len(time) != size[0] * size[1] for time in times):
        reads_all = layer is not None and size == (1, 1)
        extreme = max if reads_all else min
        return ones * extreme(int(extreme(time)) for time in times), ones
    earliest = np.append(np.minimum.reduce(times), 0)
    if window is None:
        return earliest[:-1], ones
    positions = window.positions(*size)
    return earliest[positions].max(axis=1), (positions >= 0).sum(axis=1)
