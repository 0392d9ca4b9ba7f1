"""The bytes that a placed network moves: packets of the network-on-chip, and the chip's port.

Partial sums are counted exactly (R5).  A piece of a feature map is one packet, whatever number of
PEs it goes to (R7); there is none if only its home PE reads it.  A layer with tiles in several PEs
is taken to read every piece elsewhere too.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.geometry.network.piece_reads import piece_reads
from spatem_ir.hardware.port import PORT_PE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from spatem_ir.geometry.network.dataflow import Dataflow, Node
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator


def communication_bytes(
    dataflow: Dataflow,
    placements: Mapping[str, Placement],
    homes: Mapping[str, NDArray[np.int64]],
    accelerator: Accelerator,
) -> int:
    """Bytes injected into the network-on-chip, and through the port, for one image.

    `placements` (in physical crossbars) and `homes` (shape [slices, positions]; those of the input
    are not needed) are by name.
    """
    total = port_bytes(dataflow)
    total += activation_bytes(dataflow, placements, homes, accelerator.crossbars_per_pe)
    for node in dataflow.layers:
        placed = placements[node.name]
        total += partial_sum_bytes(node, placed, homes[node.name], accelerator)
    return total


def port_bytes(dataflow: Dataflow) -> int:
    """Bytes of the inputs and outputs (R9), which every strategy moves."""
    leaving = [dataflow.nodes[source] for node in dataflow.outputs for source in node.sources]
    return sum(node.output_bytes for node in [*dataflow.inputs, *leaving])


def activation_bytes(
    dataflow: Dataflow,
    placements: Mapping[str, Placement],
    homes: Mapping[str, NDArray[np.int64]],
    crossbars_per_pe: int,
) -> int:
    """Bytes of the pieces that some PE other than their home reads (R7)."""
    home = np.concatenate([piece_homes(node, homes).reshape(-1) for node in dataflow.nodes])
    away = np.zeros(home.shape, bool)
    pieces_of = [slice(*bounds) for bounds in pairwise(dataflow.first_pieces)]
    for reader in dataflow.nodes:
        if reader.kind in (NodeKind.POOL, NodeKind.ACTIVATE):
            reads = piece_reads(dataflow, reader)
            there = homes[reader.name].reshape(-1)[reads.readers]
            away[reads.pieces[home[reads.pieces] != there]] = True
            continue
        pes = np.array([PORT_PE])
        if reader.kind is NodeKind.LAYER:
            pes = placements[reader.name].crossbars // crossbars_per_pe
        for source in reader.sources:
            pieces = pieces_of[source]
            away[pieces] |= (home[pieces] != pes[0]) | (pes != pes[0]).any()
    total = 0
    for node, pieces in zip(dataflow.nodes, pieces_of, strict=True):
        packets = away[pieces].reshape(len(node.slices), -1).sum(axis=1)
        sizes = [node.piece_bytes(part) for part in range(len(node.slices))]
        total += int(packets @ np.array(sizes))
    return total


def piece_homes(node: Node, homes: Mapping[str, NDArray[np.int64]]) -> NDArray[np.int64]:
    """The home of each piece, shape [slices, positions]; of an input the PE at the port."""
    if node.kind in (NodeKind.INPUT, NodeKind.OUTPUT):
        return np.full((len(node.slices), node.positions), PORT_PE)
    return homes[node.name]


def partial_sum_bytes(
    node: Node, placed: Placement, homes: NDArray[np.int64], accelerator: Accelerator
) -> int:
    """Bytes of partial sums that a layer injects; `homes` has shape [slices, positions].

    By rule R5: of the crossbars with tiles of a piece, those that share the last place before home
    send one packet together, unless they are in the home PE.
    """
    layer, grid = node.layer, node.grid
    assert layer is not None and grid is not None
    at = grid.coordinates(placed.tiles)
    blocks = (at.matrix * grid.iw + at.copy) * grid.wwm + at.column
    sending = accelerator.components.accumulation.crossbars_sending
    per_pe = accelerator.crossbars_per_pe // sending
    senders = placed.crossbars // sending
    span = (int(max(senders.max() // per_pe, homes.max())) + 1) * per_pe
    packets_of = blocks * span + senders
    packets_of = np.unique(packets_of) if sending > 1 else np.sort(packets_of)
    matrices = grid.matrices(layer)
    sent = np.bincount(packets_of // span, minlength=matrices * grid.iw * grid.wwm)
    columns = np.arange(grid.wwm)[:, None]
    copies = grid.copy_of_window(layer, np.arange(layer.windows))[None, :]
    total = 0
    for matrix in range(matrices):
        first = grid.slice_of(layer, matrix, 0)
        there = homes[first : first + grid.wwm, layer.window_positions(matrix)]
        block = (matrix * grid.iw + copies) * grid.wwm + columns
        at_home = block * span + there * per_pe
        first_local = np.searchsorted(packets_of, at_home)
        local = np.searchsorted(packets_of, at_home + per_pe) - first_local
        packets = sent[block] - local
        values = [node.slice_channels(first + column) for column in range(grid.wwm)]
        total += int(packets.sum(axis=1) @ np.array(values))
    return total * accelerator.components.accumulation.sum_bytes
