"""A static program that runs as free dispatch ran.

Crossbars that choose among all visits whose operands are there (rule R11) find an order that no
estimate of ready times finds.  Written out, it is an ordinary program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatem_ir.dialects.ou import OrderOp
from spatem_ir.geometry.shapes.index_sequence import IndexSequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
    from spatem_ir.runtime.machine.schedule import VisitSchedule


def frozen_orders(programs: Sequence[CrossbarProgram], run: VisitSchedule) -> list[OrderOp]:
    """The order in which crossbars visited their tiles in a free run of one image.

    `programs` are those that due times gave them: their bursts are the tiles, as `ou.order` counts
    them.
    """
    return [
        OrderOp(IndexSequence.of(program.crossbars), program.bursts)
        for program in run.frozen(programs)
    ]
