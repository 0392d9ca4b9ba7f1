"""What SPATEM's paper evaluates and states."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Targets:
    """The averages over five networks that the paper states against ISAAC and HitM."""

    latency_reduction: float = 0.2924
    communication_reduction: float = 0.3128
    cells_ratio: float = 3.19


PAPER = Targets()

PAPER_STRATEGY = "spatem"
PAPER_BASELINES = ("isaac", "hitm")
"""The comparisons for which the paper states averages."""

PAPER_NETWORKS = ("lenet", "deepid", "deepface", "caffenet", "overfeat")
"""The networks of the evaluation, in ascending size."""
