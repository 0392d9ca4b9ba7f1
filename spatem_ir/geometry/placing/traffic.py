"""The bytes of partial sums that layers of a placed network send to homes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatem_ir.geometry.network.dataflow import Node
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator


def partial_sum_bytes(
    node: Node, placed: Placement, homes: NDArray[np.int64], accelerator: Accelerator
) -> int:
    """Bytes of partial sums that a layer injects; `homes` has shape [slices, positions].

    By rule R5: of the crossbars with tiles of a piece, those that share the last place before home
    send one packet together, unless they are in the home PE.
    """
    layer, grid = node.partitioned
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
