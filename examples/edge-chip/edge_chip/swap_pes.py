"""The `swap-pes` pass: partial sums travel fewer hops (level `pxb` to level `pxb`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import IndicesAttr, accelerator_of, module_of
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.pxb import HomeOp, PxbPlaceOp, PxbStageOp
from spatem_ir.errors import SpatemError
from spatem_ir.geometry.latency import PARTIAL_SUM_BYTES


@dataclass(frozen=True)
class SwapPesPass(ModulePass):
    """Exchanges the contents of PEs so that partial sums travel fewer hops.

    A PE that adds to a result but is not its home sends its sum there.  The pass exchanges the
    contents (tiles and homes) of two PEs, always of the two that save most bytes times hops, until
    none save any: steepest descent on the mapping problem of Hu and Marculescu, "Energy-aware
    mapping for tile-based NoC architectures under performance constraints", ASP-DAC 2003.
    Packets of activations and the way to the chip's port are not counted.

    Options:
        swaps: how many exchanges at most.
    """

    name = "swap-pes"

    swaps: int = 1000

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.swaps < 0:
            raise SpatemError(f"swap-pes: swaps is {self.swaps}; it must be at least 0")
        if (level := level_of(op)) is not Level.PXB:
            raise SpatemError(f"swap-pes: this is level {level}; run it between assign and order")
        for stage in op.ops:
            if isinstance(stage, PxbStageOp):
                move_contents(stage, destinations(stage, self.swaps))


def partial_sum_traffic(stage: PxbStageOp) -> NDArray[np.float64]:
    """Bytes of partial sums of one image from each PE to each home PE: shape [PEs, PEs]."""
    accelerator, dataflow = accelerator_of(stage), dataflow_of(module_of(stage))
    homes = stage.homes(dataflow)
    traffic = np.zeros((accelerator.pes, accelerator.pes))
    for name, placed in stage.placements().items():
        node = dataflow.by_name[name]
        layer, grid = node.layer, node.grid
        assert layer is not None and grid is not None
        at, pes = grid.coordinates(placed.tiles), placed.crossbars // accelerator.crossbars_per_pe
        senders = np.unique(np.stack([at.matrix, at.copy, at.column, pes]), axis=1).T
        for matrix, copy, column, pe in senders.tolist():
            part = grid.slice_of(layer, matrix, column)
            positions = layer.window_positions(matrix)[grid.copy_windows(layer, copy)]
            size = PARTIAL_SUM_BYTES * node.slice_channels(part)
            np.add.at(traffic[pe], homes[node.number][part, positions], size)
    np.fill_diagonal(traffic, 0)
    return traffic


def destinations(stage: PxbStageOp, swaps: int) -> NDArray[np.int64]:
    """The PE to which the contents of each PE move in at most `swaps` exchanges: shape [PEs]."""
    traffic = partial_sum_traffic(stage)
    between = traffic + traffic.T
    new = np.arange(len(between))
    row, column = np.divmod(new, accelerator_of(stage).chip.pe_columns)
    hops = abs(row[:, None] - row) + abs(column[:, None] - column)
    for _ in range(swaps):
        distance = hops[np.ix_(new, new)]
        cost = between @ distance  # [a, b]: bytes times hops of contents a in the place of b
        stay = np.diag(cost)
        change = cost + cost.T - stay[:, None] - stay + 2 * between * distance
        a, b = np.unravel_index(np.argmin(change), change.shape)
        if change[a, b] >= 0:
            break
        new[[a, b]] = new[[b, a]]
    return new


def move_contents(stage: PxbStageOp, new: NDArray[np.int64]) -> None:
    """Move what each PE n contains, its tiles and homes, to PE ``new[n]``."""
    size = accelerator_of(stage).crossbars_per_pe
    for place in stage.of_type(PxbPlaceOp):
        crossbars = place.crossbars.data.to_array()
        moved = new[crossbars // size] * size + crossbars % size
        place.crossbars = IndicesAttr.of(moved.tolist())
    for home in stage.of_type(HomeOp):
        home.pes = IndicesAttr.of(new[home.pes.data.to_array()].tolist())
