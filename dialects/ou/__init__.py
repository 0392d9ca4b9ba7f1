"""The `ou` dialect: what every crossbar does, in order, and how results come together."""

from spatem_ir.dialects.ou.attributes import LOOPS, PLACES, LoopOrderAttr, MergePlacesAttr
from spatem_ir.dialects.ou.ops import (
    OU,
    ActivateOp,
    InterleaveOp,
    MergeOp,
    MvmOp,
    OuStageOp,
    SendOp,
    StreamOp,
    WaitOp,
)

__all__ = [
    "LOOPS",
    "OU",
    "PLACES",
    "ActivateOp",
    "InterleaveOp",
    "LoopOrderAttr",
    "MergeOp",
    "MergePlacesAttr",
    "MvmOp",
    "OuStageOp",
    "SendOp",
    "StreamOp",
    "WaitOp",
]
