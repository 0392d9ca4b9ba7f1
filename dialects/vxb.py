"""The `vxb` dialect: which tile sits in which virtual crossbar, at which row and column.

Level `vxb` adds one decision to the deployment: the packing of tiles into virtual crossbars,
numbered from 0; where these are on the chip is not yet known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.ir import Dialect, Operation
from xdsl.irdl import irdl_op_definition, opt_prop_def, traits_def
from xdsl.traits import HasParent, NoTerminator

from spatem_ir.dialects.places import PlaceOp, StageOp

if TYPE_CHECKING:
    from spatem_ir.hardware.accelerator import Accelerator


@irdl_op_definition
class VxbStageOp(StageOp):
    """The contents of all virtual crossbars during one stage: `vxb.stage 0 { … }`.

    If they were packed with the chip in mind, `vxb.stage 0 in_place { … }`, virtual crossbar n is
    meant to become physical crossbar n.
    """

    name = "vxb.stage"

    in_place = opt_prop_def(UnitAttr)

    assembly_format = "$number (`in_place` $in_place^)? $body attr-dict"

    def __init__(self, number: int, ops: Iterable[Operation], *, in_place: bool = False):
        super().__init__(number, ops)
        if in_place:
            self.in_place = UnitAttr()

    traits = traits_def(HasParent(ModuleOp), NoTerminator())

    def crossbar_limit(self, accelerator: Accelerator) -> int | None:
        return accelerator.crossbars


@irdl_op_definition
class VxbPlaceOp(PlaceOp):
    """Places tiles in virtual crossbars."""

    name = "vxb.place"

    traits = traits_def(HasParent(VxbStageOp))


VXB = Dialect("vxb", [VxbStageOp, VxbPlaceOp], [])
