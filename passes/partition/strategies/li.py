"""Copies for the shortest time of an image, by the model of Li, Han and Chen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.allocation.dynamic_program import allocated
from spatem_ir.geometry.allocation.model import PipelineModel
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.passes.partition.pipelines import (
    crossbars_of_a_unit,
    layer_pipeline,
    machine_buses,
)
from spatem_ir.passes.partition.strategy import DealingStrategy, Problem, option
from spatem_ir.passes.partition.whole_crossbars import WholeCrossbars, copied, whole_crossbars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.passes.partition.partitions import Partition


@dataclass(frozen=True)
class Li(DealingStrategy):
    """Li, Han and Chen's model of a pipeline: copies of whole crossbars for the shortest image.

    [P] An image takes Op operations, by when each layer can start and what it has left to do, of
    T_step each, by what crossbars and buses take; dynamic programming over layers and crossbars
    (TODAES 29(1):21).  [R] T_C is the visit of a whole crossbar, BW_intra the port of a PE,
    BW_inter a link.  Crossbars may be left over, copies are useful numbers, each with fewer windows
    than the last, and what is read is limited to the map.
    """

    name = "li"
    packing = "exclusive"

    buses: bool = option(True, "whether the bandwidth of ports and links counts")

    def partitions(self, problem: Problem) -> list[Partition]:
        mapped = whole_crossbars(problem.layers, problem.accelerator)
        model = PipelineModel(
            layer_pipeline(problem, mapped),
            clamp=True,
            buses=machine_buses(problem) if self.buses else None,
        )
        allocate = partial(best_useful, model, mapped)
        return copied(mapped, allocate, problem.accelerator, Deal(self.deal))


def best_useful(
    model: PipelineModel, mapped: Sequence[WholeCrossbars], crossbars: int
) -> list[int]:
    """The best allocation found in so many crossbars, as numbers of useful copies."""
    choices = [layer.copies for layer in mapped]
    unit = crossbars_of_a_unit(len(mapped), crossbars)
    found = [
        allocated(model, crossbars, spare=spare, choices=choices, unit=unit)
        for spare in (True, False)
    ]
    return useful_choices(mapped, min(found, key=model.time))


def useful_choices(mapped: Sequence[WholeCrossbars], copies: Sequence[int]) -> list[int]:
    """The most useful copies that each layer has, as numbers of useful copies."""
    return [
        int(np.searchsorted(layer.copies, own, side="right")) - 1
        for layer, own in zip(mapped, copies, strict=True)
    ]
