"""The levels of the IR, from the network down to the program of every crossbar."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from spatem_ir.dialects.mvm import layer_ops
from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.vxb import VxbStageOp

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp


class Level(StrEnum):
    """A level of the IR, by the dialect that adds the last decision."""

    CNN = "cnn"
    """What is computed; nothing is decided."""
    MVM = "mvm"
    """Every weight layer is cut into tiles."""
    VXB = "vxb"
    """Every tile sits in a virtual crossbar."""
    PXB = "pxb"
    """Every tile sits in a physical crossbar, every result has a home."""
    OU = "ou"
    """Every crossbar has its program."""


STAGE_LEVELS = {OuStageOp: Level.OU, PxbStageOp: Level.PXB, VxbStageOp: Level.VXB}
"""The level to which each kind of stage belongs, lowest level first."""


def level_of(module: ModuleOp) -> Level:
    """The lowest level of which the module holds an op."""
    for stage_type, level in STAGE_LEVELS.items():
        if any(isinstance(op, stage_type) for op in module.ops):
            return level
    return Level.MVM if layer_ops(module) else Level.CNN
