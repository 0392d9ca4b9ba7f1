"""What the nodes of a network read, position by position, and the least that this takes.

[R] Chains through a network, and the work between, are made of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatem_ir.geometry.bounds.maps import Booleans, MapWindows, Times
from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind, Operand
from spatem_ir.geometry.network.decided import can_work_by_rows

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator


@dataclass(frozen=True)
class WindowReads:
    """What the windows of a layer read, as positions that stand for matrix rows.

    The `windows` are over the map of the node `source`, or over the layer's operand if there is no
    such node; each position stands for `rows` rows, one per channel, as many rows apart as a window
    reads positions.
    """

    source: int | None
    windows: MapWindows
    rows: int

    @property
    def spacing(self) -> int:
        """Rows between two channels of a position."""
        return self.windows.kernel


def reads_of(dataflow: Dataflow, node: Node) -> WindowReads:
    """What a weight layer reads; a flattened feature map is read position by position."""
    layer = layer_of(node)
    operand = node.operands[0]
    windows = MapWindows.of_layer(layer.window, *layer.input_shape[1:])
    if len(operand.sources) == 1 and operand.order is None:
        source = dataflow.nodes[operand.sources[0]]
        if source.positions == operand.positions:
            return WindowReads(source.number, windows, layer.rows // windows.kernel)
        if windows.windows == windows.kernel == 1 and layer.groups == 1:
            return WindowReads(source.number, MapWindows.of_all(source.positions), source.shape[0])
    return WindowReads(None, windows, layer.rows // windows.kernel)


class OperandReads(NamedTuple):
    """What a digital operator reads of an operand.

    `channels` says which of the operand's channels it reads, `for_all` whether all of its own
    channels read some.
    """

    operand: Operand
    windows: MapWindows
    channels: Booleans
    for_all: bool


def operand_reads(node: Node) -> list[OperandReads]:
    """What a digital operator or output reads of each operand."""
    reads = []
    for operand, reach in zip(node.operands, node.reaches, strict=True):
        channels = reach.channels.indices()
        read = np.zeros(operand.shape[0], np.bool_)
        read[channels[channels >= 0]] = True
        for_all = bool((channels >= 0).any(axis=1).all())
        reads.append(OperandReads(operand, MapWindows.of_reach(reach), read, for_all))
    return reads


def layer_of(node: Node) -> Layer:
    """The geometry of a weight layer's node."""
    assert node.layer is not None
    return node.layer


def digital_cycles(node: Node, accelerator: Accelerator) -> Times:
    """The least cycles after the last input of each position of a digital operator: [positions].

    R6: each slice holds a channel at least, and reads all elements of it.  A pooling over a whole
    map may work by rows: then a row at least, and after it the sums of all rows, follow its last
    input.
    """
    digital, is_pooling = accelerator.components.digital, node.kind is NodeKind.POOL
    cycles = digital.cycles(least_reads(node), pooling=is_pooling)
    if can_work_by_rows(node):
        _, height, width = node.operands[0].shape
        by_rows = sum(digital.cycles(count, pooling=True) for count in (width, height))
        cycles = np.minimum(cycles, by_rows)
    return cycles


def least_reads(node: Node) -> Times:
    """The fewest values of one channel that are read at each position; each slice reads some."""
    least = np.zeros(node.positions, np.int64)
    for reach in node.reaches:
        channels = (reach.channels.indices() >= 0).sum(axis=1)
        least += MapWindows.of_reach(reach).positions_read * channels[channels > 0].min()
    return least


def values_read(node: Node) -> Times:
    """The values that a digital operator reads at each position: [positions].

    All its slices together read each channel once at least.
    """
    values = np.zeros(node.positions, np.int64)
    for reach in node.reaches:
        channels = reach.channels.indices()
        read = len(np.unique(channels[channels >= 0]))
        values += MapWindows.of_reach(reach).positions_read * read
    return values
