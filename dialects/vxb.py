"""The `vxb` dialect: which tile sits in which virtual crossbar, at which row and column.

Level `vxb` adds one decision to the deployment: the packing of tiles into virtual crossbars,
numbered from 0; where these are on the chip is not yet known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Dialect
from xdsl.irdl import irdl_op_definition, traits_def
from xdsl.traits import HasParent, NoTerminator

from spatem_ir.dialects.places import PlaceOp, StageOp

if TYPE_CHECKING:
    from spatem_ir.hardware.accelerator import Accelerator


@irdl_op_definition
class VxbStageOp(StageOp):
    """The contents of all virtual crossbars during one stage."""

    name = "vxb.stage"

    traits = traits_def(HasParent(ModuleOp), NoTerminator())

    def crossbar_limit(self, accelerator: Accelerator) -> int | None:
        return accelerator.crossbars


@irdl_op_definition
class VxbPlaceOp(PlaceOp):
    """Places tiles in virtual crossbars."""

    name = "vxb.place"

    traits = traits_def(HasParent(VxbStageOp))


VXB = Dialect("vxb", [VxbStageOp, VxbPlaceOp], [])
