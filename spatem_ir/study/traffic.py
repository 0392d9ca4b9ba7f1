"""Which layer's partial sums make the traffic: what each layer sends to homes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.geometry.latency import PARTIAL_SUM_BYTES
from spatem_ir.geometry.placement import Placement

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.geometry.dataflow import Node


def partial_sum_bytes(module: ModuleOp) -> dict[str, int]:
    """Bytes of partial sums that each layer injects into the network for one image, by name.

    By rule R5: every PE that holds tiles of a piece and is not its home sends one packet, for what
    its tiles contribute was merged in the PE.  `module` is at level `pxb` or `ou` with one stage.
    """
    accelerator, dataflow = accelerator_of(module), dataflow_of(module)
    (stage,) = (op for op in module.ops if isinstance(op, PxbStageOp))
    placements, homes = stage.placements(), stage.homes(dataflow)
    return {
        node.name: layer_bytes(
            node, placements[node.name], homes[node.number], accelerator.crossbars_per_pe
        )
        for node in dataflow.layers
    }


def layer_bytes(
    node: Node, placed: Placement, homes: NDArray[np.int64], crossbars_per_pe: int
) -> int:
    """The bytes of one layer; `homes` has shape [slices, positions]."""
    layer, grid = node.layer, node.grid
    assert layer is not None and grid is not None
    at = grid.coordinates(placed.tiles)
    blocks = (at.matrix * grid.iw + at.copy) * grid.wwm + at.column
    pes = placed.crossbars // crossbars_per_pe
    span = int(max(pes.max(), homes.max())) + 1
    places = np.unique(blocks * span + pes)
    senders = np.bincount(places // span, minlength=layer.matrices * grid.iw * grid.wwm)
    columns = np.arange(grid.wwm)[:, None]
    copies = grid.copy_of_window(layer, np.arange(layer.windows))[None, :]
    total = 0
    for matrix in range(layer.matrices):
        first = grid.slice_of(layer, matrix, 0)
        there = homes[first : first + grid.wwm, layer.window_positions(matrix)]
        block = (matrix * grid.iw + copies) * grid.wwm + columns
        at_home = block * span + there
        found = np.minimum(np.searchsorted(places, at_home), len(places) - 1)
        packets = senders[block] - (places[found] == at_home)
        values = [node.slice_channels(first + column) for column in range(grid.wwm)]
        total += int(packets.sum(axis=1) @ np.array(values)) * PARTIAL_SUM_BYTES
    return total
