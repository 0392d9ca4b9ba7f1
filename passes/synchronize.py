"""The `synchronize` pass: who owns which output vector when, where partial sums are shared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.places import stage_of
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.turns import TurnsOp
from spatem_ir.passes.stagewise import StagewisePass
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.geometry.network.turns import Turns
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer

SCHEMES = ("linear", "cyclic", "sequential")


@dataclass(frozen=True)
class SynchronizePass(StagewisePass):
    """Says in which order the tiles that add to a result own it (rule R13), by `pxb.turns`.

    On machines whose crossbars add to partial sums in a shared memory; on others, where partial
    sums meet at home, it changes nothing.  `order` does this by itself, with the scheme `linear`,
    where nobody has.

    Options:
        scheme: `linear` (all parts come to the windows in the same order), `cyclic` (part v of P
            begins at a share v / P of the windows and goes round, so that who comes first and who
            last changes) or `sequential` (whole visits come one after the other).  Pelke et al.,
            VLSI-SoC 2023.

    Raises:
        SpatemError: some layer has turns already.
    """

    name = "synchronize"

    scheme: str = "linear"

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise SpatemError(
                f"synchronize: unknown scheme '{self.scheme}'; one of {', '.join(SCHEMES)}"
            )

    def apply_to_stage(self, ctx: Context, op: ModuleOp) -> None:
        stage = stage_of(op, PxbStageOp, self.name, "assign")
        if not accelerator_of(op).components.accumulation.takes_turns:
            return
        dataflow = dataflow_of(op)
        if stage.of_type(TurnsOp):
            raise SpatemError("synchronize: the module holds pxb.turns already")
        for node in dataflow.layers:
            if node.layer is not None and node.grid is not None:
                turns = self.turns_of(node.layer, node.grid)
                stage.body.block.add_op(TurnsOp(node.name, turns))

    def turns_of(self, layer: Layer, grid: Grid) -> Turns:
        """The turns of a layer."""
        from spatem_ir.geometry.network.turns import cyclic, linear, sequential

        if self.scheme == "cyclic":
            return cyclic(layer, grid)
        return linear(grid) if self.scheme == "linear" else sequential(grid)
