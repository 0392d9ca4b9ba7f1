"""The `swap-pes` pass: partial sums travel fewer hops (level `pxb` to level `pxb`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import IndicesAttr, accelerator_of
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.pxb import HomeOp, PxbPlaceOp, PxbStageOp
from spatem_ir.errors import SpatemError
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from spatem_ir.geometry.dataflow import Dataflow
    from spatem_ir.hardware.accelerator import Accelerator


@dataclass(frozen=True)
class SwapPesPass(ModulePass):
    """Exchanges the contents of PEs so that partial sums travel fewer hops.

    A PE that adds to a result but is not its home sends its sum there.  The pass exchanges the
    contents (crossbars and homes) of two PEs, always the two that save most bytes times hops, until
    no exchange saves any: steepest descent on the mapping problem of Hu and Marculescu,
    "Energy-aware mapping for tile-based NoC architectures", ASP-DAC 2003.  What shares a PE stays
    together; packets of activations and the chip's port are not counted.

    Options:
        swaps: how many exchanges there are at most (default: as many as save something).
    """

    name = "swap-pes"

    swaps: int | None = None

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.swaps is not None and self.swaps < 0:
            raise SpatemError(f"swap-pes: swaps is {self.swaps}; it must be at least 0")
        if (level := level_of(op)) is not Level.PXB:
            raise SpatemError(
                f"swap-pes: the module is at level {level}; run it between assign and order"
            )
        accelerator, dataflow = accelerator_of(op), dataflow_of(op)
        for stage in op.ops:
            if isinstance(stage, PxbStageOp):
                traffic = partial_sum_traffic(dataflow, stage, accelerator)
                move_contents(stage, swapped(traffic, hops(accelerator), self.swaps), accelerator)


def partial_sum_traffic(
    dataflow: Dataflow, stage: PxbStageOp, accelerator: Accelerator
) -> NDArray[np.int64]:
    """Bytes of partial sums of one image from each PE to each home PE: shape [PEs, PEs]."""
    import numpy as np
    from spatem_ir.geometry.latency import PARTIAL_SUM_BYTES

    homes = stage.homes(dataflow)
    traffic = np.zeros((accelerator.pes, accelerator.pes), np.int64)
    for name, placed in stage.placements().items():
        node = dataflow.by_name[name]
        layer, grid = node.layer, node.grid
        assert layer is not None and grid is not None
        at = grid.coordinates(placed.tiles)
        pes = placed.crossbars // accelerator.crossbars_per_pe
        senders = np.unique(np.stack([at.matrix, at.copy, at.column, pes], axis=1), axis=0)
        for matrix, copy, column, pe in senders.tolist():
            part = column if layer.region is not None else matrix * grid.wwm + column
            positions = layer.window_positions(matrix)[grid.copy_windows(layer, copy)]
            size = PARTIAL_SUM_BYTES * node.slice_channels(part)
            np.add.at(traffic[pe], homes[node.number][part, positions], size)
    return traffic


def hops(accelerator: Accelerator) -> NDArray[np.int64]:
    """Hops on the mesh between each two PEs: shape [PEs, PEs]."""
    import numpy as np

    row, column = np.divmod(np.arange(accelerator.pes), accelerator.chip.pe_columns)
    return abs(row[:, None] - row) + abs(column[:, None] - column)


def swapped(
    traffic: NDArray[np.int64], hops: NDArray[np.int64], limit: int | None
) -> NDArray[np.int64]:
    """The PE to which the contents of each PE move, after at most `limit` exchanges."""
    import numpy as np

    between = traffic + traffic.T
    np.fill_diagonal(between, 0)
    new = np.arange(len(traffic))
    while limit is None or limit > 0:
        distance = hops[np.ix_(new, new)]
        there = between @ distance  # bytes times hops of contents a, if they were where b's are
        here = np.diag(there)
        change = there + there.T - here[:, None] - here + 2 * between * distance
        a, b = np.unravel_index(np.argmin(change), change.shape)
        if change[a, b] >= 0:
            break
        new[[a, b]] = new[[b, a]]
        limit = None if limit is None else limit - 1
    return new


def move_contents(stage: PxbStageOp, new: NDArray[np.int64], accelerator: Accelerator) -> None:
    """Move the contents of every PE n, its tiles and homes, to PE ``new[n]``."""
    size = accelerator.crossbars_per_pe
    for place in stage.of_type(PxbPlaceOp):
        crossbars = place.crossbars.data.to_array()
        moved = new[crossbars // size] * size + crossbars % size
        place.crossbars = IndicesAttr.of(moved.tolist())
    for home in stage.of_type(HomeOp):
        home.pes = IndicesAttr.of(new[home.pes.data.to_array()].tolist())
