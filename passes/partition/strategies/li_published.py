"""Copies for the shortest time of an image, as Li, Han and Chen's solver has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.geometry.allocation.dynamic_program import allocated
from spatem_ir.geometry.allocation.model import PipelineModel
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.passes.partition.pipelines import (
    crossbars_of_a_unit,
    layer_pipeline,
    machine_buses,
)
from spatem_ir.passes.partition.strategies.li import useful_choices
from spatem_ir.passes.partition.strategy import DealingStrategy, Problem, option
from spatem_ir.passes.partition.whole_crossbars import copied, whole_crossbars

if TYPE_CHECKING:
    from spatem_ir.passes.partition.partitions import Partition


@dataclass(frozen=True)
class LiPublished(DealingStrategy):
    """Li, Han and Chen's allocation: copies by their model and their solver.

    [P] Dynamic programming over layers and crossbars (TODAES 29(1):21), see `li`.  [R] What it
    takes to get the published allocations: exactly all crossbars are used, ties go to the fewest
    copies, and what is read is not limited to the map.  A number of copies is lowered to the next
    useful one, with which a copy has no more windows.
    """

    name = "li-published"
    packing = "exclusive"

    buses: bool = option(True, "whether the bandwidth of ports and links counts")

    def partitions(self, problem: Problem) -> list[Partition]:
        mapped = whole_crossbars(problem.layers, problem.accelerator)
        buses = machine_buses(problem) if self.buses else None
        model = PipelineModel(layer_pipeline(problem, mapped), buses=buses)

        def allocate(crossbars: int) -> list[int]:
            unit = crossbars_of_a_unit(len(mapped), crossbars)
            return useful_choices(mapped, allocated(model, crossbars, spare=False, unit=unit))

        return copied(mapped, allocate, problem.accelerator, Deal(self.deal))
