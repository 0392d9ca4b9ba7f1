"""The `pack` pass: tiles into virtual crossbars (level `mvm` to level `vxb`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.mvm import PACKINGS, AlternativeOp, GridAttr, PackingOp, layer_ops
from spatem_ir.dialects.ou.schedule import schedule_of
from spatem_ir.dialects.places import place_runs
from spatem_ir.dialects.spreads import SpreadOp, spreads_of
from spatem_ir.dialects.vxb import VxbPlaceOp, VxbStageOp
from spatem_ir.passes.packings import (
    ExclusivePacking,
    FloorPlanPacking,
    Packing,
    SharedPacking,
    SpreadPacking,
)
from spatem_ir.passes.poolings import poolings_of
from spatem_ir.passes.stagewise import StagewisePass
from spatem_ir.support.errors import DoesNotFitError, SpatemError

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.geometry.shapes.window import Window
    from spatem_ir.hardware.accelerator import Accelerator

BALANCES = ("cells", "time")
METHODS = ("auto", *PACKINGS)


@dataclass(frozen=True)
class PackPass(StagewisePass):
    """Packs the tiles of all layers into virtual crossbars.

    The paper's method: the strategies of `partition` are tried in ascending estimated latency; the
    first whose tiles fit wins.  Tiles go, layer by layer and largest shape first, to the emptiest
    virtual crossbar that can hold them; a virtual crossbar may hold tiles of several layers.

    Options:
        method: `spatem` (crossbars shared by all layers), `exclusive` (a crossbar belongs to one
            copy of one layer; its matrices share it only if they must), `floor-plan` (the tiles of
            each layer one after the other round the chip, at the same corner of all crossbars) or
            `auto`: what `mvm.packing` says, or `mvm.spread` of each layer, which `partition` leaves
            behind, and otherwise `spatem`.
        balance: what "emptiest" counts, `cells` or busy `time`.
        gather: tiles whose partial sums merge, or whose results are pooled together, go to as many
            neighbouring crossbars as a PE has if they fit there [R], so that sums and results need
            not leave a PE; for `spatem`, with the others tiles of a copy are neighbours anyway.
        spare: how many PEs, those next to the chip's port, a `floor-plan` leaves empty.
    """

    name = "pack"

    method: str = "auto"
    balance: str = "cells"
    gather: bool = True
    spare: int = 0

    def __post_init__(self) -> None:
        for option, value, known in (
            ("method", self.method, METHODS),
            ("balance", self.balance, BALANCES),
        ):
            if value not in known:
                raise SpatemError(f"pack: unknown {option} '{value}'; one of {', '.join(known)}")
        if self.method not in ("auto", "spatem") and not self.gather:
            raise SpatemError(f"pack: gather has no effect with method={self.method}; leave it out")
        if self.spare and self.method != "floor-plan":
            raise SpatemError("pack: spare has an effect with method=floor-plan only; leave it out")

    def apply_to_stage(self, ctx: Context, op: ModuleOp) -> None:
        layers = layer_ops(op)
        if not layers:
            raise SpatemError("pack: the module holds no mvm.layer; run partition first")
        if level_of(op) is not Level.MVM:
            raise SpatemError(f"pack: the module is at level {level_of(op)} already")
        accelerator = accelerator_of(op)
        geometries = [layer.layer for layer in layers]
        notes = [note for note in op.ops if isinstance(note, PackingOp)]
        alternatives = [other for other in op.ops if isinstance(other, AlternativeOp)]
        spreads = [spread for spread in op.ops if isinstance(spread, SpreadOp)]
        packing = self.packing(notes, accelerator, poolings_of(layers))
        if spreads and self.method == "auto":
            pes = {name: own.to_array() for name, own in spreads_of(op).items()}
            packing = SpreadPacking(accelerator, pes)
        strategies = [[layer.grid.data for layer in layers]]
        strategies += [[grid.data for grid in other.grids] for other in alternatives]
        for grids in strategies:
            placements = packing.placements(geometries, grids)
            if placements is not None:
                break
        else:
            needed = min(packing.least_crossbars(geometries, grids) for grids in strategies)
            raise DoesNotFitError(
                f"the network does not fit: its tiles need at least {needed} crossbars, "
                f"'{accelerator.name}' has {accelerator.crossbars}, and packing found no place "
                "for all of them"
            )
        for layer, grid in zip(layers, grids, strict=True):
            layer.grid = GridAttr(grid)
        schedule = schedule_of(op)
        is_other = grids is not strategies[0]
        for consumed in [
            *notes,
            *spreads,
            *alternatives,
            *([schedule] if schedule and is_other else []),
        ]:
            consumed.detach()
            consumed.erase()
        names = [layer.name for layer in geometries]
        in_place = isinstance(packing, FloorPlanPacking | SpreadPacking)
        op.body.block.add_op(packed_stage(names, placements, in_place=in_place))

    def packing(
        self, notes: list[PackingOp], accelerator: Accelerator, poolings: Mapping[str, Window]
    ) -> Packing:
        """The way of packing that the options and the module's note, if it has one, ask for."""
        method, spare, regions = self.method, self.spare, None
        if method == "auto":
            method = notes[0].method.data if notes else "spatem"
            spare = notes[0].spare_pes if notes else 0
            regions = notes[0].parts if notes else None
        if method == "exclusive":
            return ExclusivePacking(accelerator)
        if method == "floor-plan":
            return FloorPlanPacking(accelerator, spare, regions)
        return SharedPacking(accelerator, self.balance == "time", self.gather, poolings)


def packed_stage(
    names: list[str], placements: list[Placement], *, in_place: bool = False
) -> VxbStageOp:
    """The stage that holds the given places, in the order in which they were packed."""
    ops = [
        op
        for name, placed in zip(names, placements, strict=True)
        for op in place_runs(VxbPlaceOp, name, placed)
    ]
    return VxbStageOp(0, ops, in_place=in_place)
