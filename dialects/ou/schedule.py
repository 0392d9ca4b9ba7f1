"""An order that was found before there is a stage that runs in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ModuleOp, StringAttr, UnitAttr
from xdsl.ir import Block, Operation, Region
from xdsl.irdl import IRDLOperation, irdl_op_definition, opt_prop_def, region_def, traits_def
from xdsl.traits import NoTerminator

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.dataflow import verified_dataflow_of
from spatem_ir.dialects.hw import module_of
from spatem_ir.dialects.mvm import AROUND_NOTES, is_of_stage
from spatem_ir.dialects.ou.due import DueOp
from spatem_ir.dialects.ou.orders import OrderOp
from spatem_ir.dialects.ou.streams import StreamOp
from spatem_ir.dialects.ou.waits import WaitOp
from spatem_ir.dialects.traits import HasParentNamed
from spatem_ir.geometry.network.decided import sums_name

if TYPE_CHECKING:
    from spatem_ir.dialects.pxb import PxbStageOp
    from spatem_ir.geometry.network.dataflow import Dataflow


@irdl_op_definition
class ScheduleOp(IRDLOperation):
    """When windows are due and what waits for what, for `order`: `ou.schedule { … }`.

    A strategy that knows in which order its deployment is to run says so, by window (`ou.due`), by
    crossbar (`ou.order`), or both, or for all crossbars visit by visit (`ou.stream`), and what
    waits for what (`ou.wait`); `order` moves what it says into the `ou.stage`, which is `timed` if
    the schedule is.  One that was found `for` certain places names their digest
    (:func:`digest_of`), and does not count for others, nor do streams where other crossbars hold
    the tiles.  Waits may name row sums of poolings before `assign` has decided that there are any.
    """

    name = "ou.schedule"

    timed = opt_prop_def(UnitAttr)
    places = opt_prop_def(StringAttr)
    body = region_def("single_block")

    traits = traits_def(HasParentNamed(*AROUND_NOTES), NoTerminator())

    assembly_format = "(`timed` $timed^)? (`for` $places^)? $body attr-dict"

    def __init__(self, ops: Sequence[Operation], *, timed: bool = False, places: str | None = None):
        super().__init__(
            properties={
                "timed": UnitAttr() if timed else None,
                "places": None if places is None else StringAttr(places),
            },
            regions=[Region(Block(ops))],
        )

    @property
    def dues(self) -> list[DueOp]:
        """When the windows of each layer are due."""
        return [op for op in self.body.block.ops if isinstance(op, DueOp)]

    @property
    def streams(self) -> list[StreamOp]:
        """The programs of crossbars that are written out."""
        return [op for op in self.body.block.ops if isinstance(op, StreamOp)]

    @property
    def orders(self) -> list[OrderOp]:
        """In which order crossbars visit their tiles."""
        return [op for op in self.body.block.ops if isinstance(op, OrderOp)]

    @property
    def waits(self) -> list[WaitOp]:
        """What waits for what."""
        return [op for op in self.body.block.ops if isinstance(op, WaitOp)]

    def verify_(self) -> None:
        from spatem_ir.dialects.ou.verifier import verify_dues, verify_waits

        if is_of_stage(self):
            return
        dataflow = verified_dataflow_of(self, poolings_of_sums(self.waits))
        verify_dues(self.dues, dataflow)
        verify_waits(self.waits, dataflow)
        if sum(isinstance(op, ScheduleOp) for op in module_of(self).ops) > 1:
            fail(self, "stands twice in a module; one says when all windows are due")


def poolings_of_sums(waits: Iterable[WaitOp]) -> set[str]:
    """The poolings whose row sums wait or are waited for: `assign` is to let them work by rows."""
    names = {name.string_value() for op in waits for name in (op.node, op.other)}
    suffix = sums_name("")
    return {name.removesuffix(suffix) for name in names if name.endswith(suffix)}


def schedule_of(module: ModuleOp) -> ScheduleOp | None:
    """The schedule that a module holds for `order`; None if it has none."""
    return next((op for op in module.ops if isinstance(op, ScheduleOp)), None)


def digest_of(stage: PxbStageOp, dataflow: Dataflow) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of where tiles and results of a stage are."""
    digest = sha256()
    for name, placed in stage.placements().items():
        digest.update(name.encode())
        digest.update(placed.tiles.tobytes() + placed.crossbars.tobytes())
    for table in stage.homes(dataflow).values():
        digest.update(table.tobytes())
    return digest.hexdigest()[:16]
