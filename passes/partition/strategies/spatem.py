"""SPATEM's partitioning (ASP-DAC 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.passes.partition.algorithm_1 import algorithm_1
from spatem_ir.passes.partition.strategy import DealingStrategy, Problem

if TYPE_CHECKING:
    from spatem_ir.passes.partition.partitions import TracedPartitions


@dataclass(frozen=True)
class Spatem(DealingStrategy):
    """SPATEM's Algorithm 1: relaxed bounded knapsack over latency reduction.

    [P] Algorithm 1 (:mod:`spatem_ir.passes.partition.algorithm_1`), and that `pack` tries its
    strategies in ascending estimated latency.  [R] The estimate
    (:mod:`spatem_ir.geometry.estimate.latency`); `pack` tries as many of them as `partition`
    leaves.
    """

    name = "spatem"

    def partitions(self, problem: Problem) -> TracedPartitions:
        return algorithm_1(problem.layers, problem.accelerator, Deal(self.deal))
