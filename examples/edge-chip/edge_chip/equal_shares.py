"""The partition strategy `equal-shares`: a chip divided among layers as if all were alike."""

from __future__ import annotations

from dataclasses import dataclass

from spatem_ir.geometry.estimate.candidates import LayerCandidates, layer_candidates
from spatem_ir.geometry.estimate.latency import layer_latencies
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.passes.partition.partitions import Partition
from spatem_ir.passes.partition.strategy import DealingStrategy, Problem, option
from spatem_ir.support.errors import SpatemError


@dataclass(frozen=True)
class EqualShares(DealingStrategy):
    """The same number of crossbars for every layer, filled with copies.

    What a partition costs that knows nothing of the layers' work.  Matrices are cut by the
    crossbar's size only; a layer that needs more than its share for one copy gets one copy.
    """

    name = "equal-shares"

    used: float | int = option(1.0, "share of the chip's crossbars that layers divide among them")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.used <= 1:
            raise SpatemError(f"equal-shares: used is {self.used}; it must be above 0, at most 1")

    def partitions(self, problem: Problem) -> list[Partition]:
        """Partitions for the whole share, half of it, a quarter … down to one copy of each."""
        machine = problem.accelerator
        candidates = [layer_candidates(layer, machine) for layer in problem.layers]
        share = int(self.used * machine.crossbars) // len(candidates)
        found: list[Partition] = []
        while True:
            choices = [(0, 0, copies_within(share, each), 0) for each in candidates]
            pairs = list(zip(candidates, choices, strict=True))
            cycles = sum(int(layer_latencies(each, machine)[cut]) for each, cut in pairs)
            grids = tuple(each.grid(cut, Deal(self.deal)) for each, cut in pairs)
            found.append(Partition(cycles, grids))
            if not share:
                return found
            share //= 2


def copies_within(crossbars: int, candidates: LayerCandidates) -> int:
    """The number of the layer's most useful copies with at most so many tiles, at least 0."""
    tiles = candidates.parts[0, 0, :, 0]
    return max(int((tiles <= crossbars).sum()) - 1, 0)
