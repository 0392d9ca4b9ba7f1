"""The minimum mapping, the coarsest partition that there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.geometry.estimate.candidates import layer_candidates
from spatem_ir.geometry.estimate.latency import layer_latencies
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.passes.partition.partitions import Partition
from spatem_ir.passes.partition.strategy import DealingStrategy, Problem

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator


@dataclass(frozen=True)
class Minimum(DealingStrategy):
    """The fewest tiles: matrices cut by the crossbar's size only, none joined, one copy, all bits.

    [P] The mapping against which SPATEM counts its latency reduction.
    """

    name = "minimum"

    def partitions(self, problem: Problem) -> list[Partition]:
        return partition_minimum(problem.layers, problem.accelerator, Deal(self.deal))


def partition_minimum(layers: list[Layer], accelerator: Accelerator, deal: Deal) -> list[Partition]:
    """The one partition with the fewest tiles."""
    candidates = [layer_candidates(layer, accelerator) for layer in layers]
    cycles = sum(int(layer_latencies(c, accelerator).flat[0]) for c in candidates)
    return [Partition(cycles, tuple(c.grid((0, 0, 0, 0), deal) for c in candidates))]
