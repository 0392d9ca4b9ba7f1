"""The `swap-pes` pass: data travels fewer hops (level `pxb` to level `pxb`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from edge_chip.traffic import traffic_of
from spatem_ir.dialects.hw import IndicesAttr, accelerator_of
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.pxb import HomeOp, PxbPlaceOp, PxbStageOp
from spatem_ir.support.errors import SpatemError


@dataclass(frozen=True)
class SwapPesPass(ModulePass):
    """Exchanges the contents of PEs so that data travels fewer hops.

    The pass exchanges the contents (tiles and homes) of two PEs, always of the two that save most
    bytes times hops, until none save any: steepest descent on the mapping problem of Hu and
    Marculescu, "Energy-aware mapping for tile-based NoC architectures under performance
    constraints", ASP-DAC 2003.  The chip's port stays at PE 0, whatever moves there.  What several
    PEs read is counted as a packet for each, also where multicast makes it one.

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
                hops = accelerator_of(stage).components.interconnect.hops
                move_contents(stage, destinations(traffic_of(stage), hops, self.swaps))


def destinations(
    traffic: NDArray[np.float64], hops: NDArray[np.int64], swaps: int
) -> NDArray[np.int64]:
    """The PE to which the contents of each PE move in at most `swaps` exchanges: shape [PEs].

    `traffic` are the bytes between them and, last, the port: shape [PEs + 1, PEs + 1]; `hops` are
    the links between PEs: shape [PEs, PEs].
    """
    between = traffic + traffic.T
    new = np.append(np.arange(len(traffic) - 1), 0)
    for _ in range(swaps):
        distance = hops[np.ix_(new, new)]
        cost = between @ distance  # [a, b]: bytes times hops of contents a in the place of b
        stay = np.diag(cost)
        change = cost + cost.T - stay[:, None] - stay + 2 * between * distance
        between_pes = change[:-1, :-1]
        a, b = np.unravel_index(np.argmin(between_pes), between_pes.shape)
        if change[a, b] >= 0:
            break
        new[[a, b]] = new[[b, a]]
    return new[:-1]


def move_contents(stage: PxbStageOp, new: NDArray[np.int64]) -> None:
    """Move what each PE n contains, its tiles and homes, to PE ``new[n]``."""
    size = accelerator_of(stage).crossbars_per_pe
    for place in stage.of_type(PxbPlaceOp):
        crossbars = place.crossbars.data.to_array()
        moved = new[crossbars // size] * size + crossbars % size
        place.crossbars = IndicesAttr.of(moved.tolist())
    for home in stage.of_type(HomeOp):
        home.pes = IndicesAttr.of(new[home.pes.data.to_array()].tolist())
