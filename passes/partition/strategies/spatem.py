"""SPATEM's partitioning (ASP-DAC 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.passes.partition.ranking import ranked_strategies
from spatem_ir.passes.partition.strategy import DealingStrategy, Problem, option
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.passes.partition.partitions import Partition


@dataclass(frozen=True)
class Spatem(DealingStrategy):
    """SPATEM's Algorithm 1: relaxed bounded knapsack over latency reduction.

    [P] Algorithm 1 of SPATEM (:mod:`spatem_ir.passes.partition.algorithm_1`).  [R] It runs under
    several limits on its cuts, and what it finds is ranked by estimates of the whole network
    (:mod:`spatem_ir.passes.partition.ranking`).
    """

    name = "spatem"

    slack: float | int = option(
        0.15,
        "of the partitions at most by this share slower than the fastest, the one that "
        "communicates least is taken",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.slack >= 0:
            raise SpatemError(f"slack must be at least 0, not {self.slack}")

    def partitions(self, problem: Problem) -> Sequence[Partition]:
        partition = ranked_strategies(problem.ops, self.slack)
        return partition(problem.layers, problem.accelerator, Deal(self.deal))
