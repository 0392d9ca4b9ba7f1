"""The `ou` dialect: what every crossbar does, in order, and how results come together.

Level `ou` adds the last decisions: the order in which every crossbar visits its tiles and windows,
and what waits for what.  A *visit* is one tile, one window and the tile's input bits.
"""

from xdsl.ir import Dialect

from spatem_ir.dialects.ou.attributes import MergePlacesAttr
from spatem_ir.dialects.ou.cores import CoreOp
from spatem_ir.dialects.ou.due import DueOp
from spatem_ir.dialects.ou.merging import MergeOp
from spatem_ir.dialects.ou.orders import OrderOp, VisitsAttr
from spatem_ir.dialects.ou.schedule import ScheduleOp
from spatem_ir.dialects.ou.stage import OuStageOp
from spatem_ir.dialects.ou.streams import ActivateOp, InterleaveOp, MvmOp, StreamOp
from spatem_ir.dialects.ou.waits import WaitOp

OU = Dialect(
    "ou",
    [
        OuStageOp,
        ScheduleOp,
        OrderOp,
        DueOp,
        StreamOp,
        InterleaveOp,
        MvmOp,
        ActivateOp,
        CoreOp,
        MergeOp,
        WaitOp,
    ],
    [MergePlacesAttr, VisitsAttr],
)

__all__ = [
    "OU",
    "ActivateOp",
    "CoreOp",
    "DueOp",
    "InterleaveOp",
    "MergeOp",
    "MergePlacesAttr",
    "MvmOp",
    "OrderOp",
    "OuStageOp",
    "ScheduleOp",
    "StreamOp",
    "VisitsAttr",
    "WaitOp",
]
