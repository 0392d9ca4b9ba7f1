"""Uniform replication: the same number of copies of every layer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.passes.partition.strategies.isaac import proportional_copies
from spatem_ir.passes.partition.strategy import DealingStrategy, Problem
from spatem_ir.passes.partition.whole_crossbars import copied, whole_crossbars

if TYPE_CHECKING:
    from spatem_ir.passes.partition.partitions import Partition


@dataclass(frozen=True)
class Identical(DealingStrategy):
    """Uniform replication: the same number of copies of whole crossbars for every layer.

    [R] As many copies of the whole network as the chip holds: the baseline that shows what it
    brings to give layers copies by their work.  A layer with fewer windows than copies, or one that
    so many copies would not make faster than fewer do, gets the most useful number below.
    """

    name = "identical"
    packing = "exclusive"

    def partitions(self, problem: Problem) -> list[Partition]:
        mapped = whole_crossbars(problem.layers, problem.accelerator)
        allocate = partial(proportional_copies, mapped, [1] * len(mapped))
        return copied(mapped, allocate, problem.accelerator, Deal(self.deal))
