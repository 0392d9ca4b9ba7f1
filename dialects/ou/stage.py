"""The program of the chip during one stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.ir import Block, Operation, Region
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.traits import HasParent, NoTerminator

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.weight_layers import INTEGER, integer
from spatem_ir.dialects.dataflow import verified_dataflow_of
from spatem_ir.dialects.hw import accelerator_of, module_of
from spatem_ir.dialects.ou.due import DueOp
from spatem_ir.dialects.ou.merging import MergeOp
from spatem_ir.dialects.ou.orders import OrderOp
from spatem_ir.dialects.ou.streams import StreamOp
from spatem_ir.dialects.ou.waits import WaitOp
from spatem_ir.dialects.places import PlaceOp
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.stages import is_staged, verify_only_stage

OpT = TypeVar("OpT", bound=Operation)


@irdl_op_definition
class OuStageOp(IRDLOperation):
    """The program of the chip during one stage: `ou.stage 0 { … }`.

    Tiles sit where the `pxb.stage` of the same number places them.  Each crossbar that holds tiles
    runs the `ou.stream` or `ou.order` that names it, or else visits them in the order in which
    `ou.due` says that they are due.  A program that is `unbounded` may need larger buffers than the
    machine has: for finding out how large they would have to be.  Buffers suffice for one that is
    `timed` as the machine's times are (an execution checks it), not whatever they are.
    """

    name = "ou.stage"

    number = prop_def(INTEGER)
    unbounded = opt_prop_def(UnitAttr)
    timed = opt_prop_def(UnitAttr)
    body = region_def("single_block")

    traits = traits_def(HasParent(ModuleOp), NoTerminator())

    assembly_format = "$number (`unbounded` $unbounded^)? (`timed` $timed^)? $body attr-dict"

    def __init__(
        self,
        number: int,
        ops: Sequence[Operation],
        *,
        unbounded: bool = False,
        timed: bool = False,
    ):
        super().__init__(
            properties={
                "number": integer(number),
                "unbounded": UnitAttr() if unbounded else None,
                "timed": UnitAttr() if timed else None,
            },
            regions=[Region(Block(ops))],
        )

    def of_type(self, op_type: type[OpT]) -> list[OpT]:
        """The stage's ops of one type, in order."""
        return [op for op in self.body.block.ops if isinstance(op, op_type)]

    @property
    def streams(self) -> list[StreamOp]:
        """The programs that are written out, in order."""
        return self.of_type(StreamOp)

    @property
    def orders(self) -> list[OrderOp]:
        """The programs that are written out as an order of tiles."""
        return self.of_type(OrderOp)

    @property
    def waits(self) -> list[WaitOp]:
        """What waits for what, for the sake of the buffers."""
        return self.of_type(WaitOp)

    @property
    def merges(self) -> dict[str, tuple[str, ...]]:
        """Where the partial sums of each layer are merged, by name of the layers placed here.

        That is at all places that the accelerator has, unless an op says less.
        """
        places = accelerator_of(self).components.accumulation.places
        layers = (op.layer.string_value() for op in self.placed().of_type(PlaceOp))
        named = {op.layer.string_value(): op.places.data for op in self.of_type(MergeOp)}
        return {layer: named.get(layer, places) for layer in layers}

    def placed(self) -> PxbStageOp:
        """The `pxb.stage` whose places the stage uses; it stands before it.

        Raises:
            VerifyException: there is none.
        """
        for op in module_of(self).ops:
            if isinstance(op, PxbStageOp) and op.number == self.number:
                return op
            if op is self:
                break
        fail(self, f"there is no pxb.stage {self.number.value.data} before it")

    def verify_(self) -> None:
        from spatem_ir.dialects.ou.verifier import StageVerifier, verify_waits

        if is_staged(module_of(self)):
            return
        verify_only_stage(self)
        dataflow = verified_dataflow_of(self)
        placed = self.placed()
        if accelerator_of(self).components.accumulation.takes_turns and not placed.turns(dataflow):
            fail(self, "its pxb.stage has no pxb.turns; run synchronize before order")
        verifier = StageVerifier(self, dataflow, placed.placements(), placed.turns(dataflow))
        verifier.verify_streams(self.streams)
        verifier.verify_orders(self.orders)
        verifier.verify_dues(self.of_type(DueOp))
        verifier.verify_merges(self.of_type(MergeOp))
        verify_waits(self.waits, dataflow)
        verifier.verify_loads(self.waits)
