"""The minimum mapping, the coarsest partition that there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.geometry.estimate.candidates import layer_candidates
from spatem_ir.geometry.estimate.latency import layer_latencies
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.passes.partition.partitions import Partition
from spatem_ir.passes.partition.strategy import DealingStrategy, Problem

if TYPE_CHECKING:
    from spatem_ir.geometry.estimate.candidates import LayerCandidates
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator


@dataclass(frozen=True)
class Minimum(DealingStrategy):
    """The fewest tiles: matrices cut by the crossbar's size only, none joined, one copy, all bits.

    [P] The mapping against which SPATEM counts its latency reduction.  [R] Where that has no place,
    for what is left of crossbars is too narrow, `pack` falls back on tiles of half the width, half
    the height, a quarter of the width, and so on.
    """

    name = "minimum"

    def partitions(self, problem: Problem) -> list[Partition]:
        layers, accelerator = problem.layers, problem.accelerator
        fewest = partition_minimum(layers, accelerator, Deal(self.deal))
        return [*fewest, *finer_partitions(layers, accelerator, Deal(self.deal))]


def partition_minimum(layers: list[Layer], accelerator: Accelerator, deal: Deal) -> list[Partition]:
    """The one partition with the fewest tiles."""
    candidates = [layer_candidates(layer, accelerator) for layer in layers]
    cycles = sum(int(layer_latencies(c, accelerator).flat[0]) for c in candidates)
    return [Partition(cycles, tuple(c.grid((0, 0, 0, 0), deal) for c in candidates))]


def finer_partitions(
    layers: list[Layer], accelerator: Accelerator, deal: Deal
) -> Iterator[Partition]:
    """Partitions of ever smaller tiles, down to the smallest: one copy, all bits."""
    candidates = [layer_candidates(layer, accelerator) for layer in layers]
    latencies = [layer_latencies(candidate, accelerator) for candidate in candidates]
    width, height = accelerator.crossbar.bitlines, accelerator.crossbar.wordlines
    before = [(0, 0, 0, 0)] * len(layers)
    while width or height:
        width, height = (width // 2, height) if width >= height else (width, height // 2)
        choices = [cut_within(candidate, height, width, accelerator) for candidate in candidates]
        if choices != before:
            cycles = sum(
                int(known[choice]) for known, choice in zip(latencies, choices, strict=True)
            )
            grids = (each.grid(n, deal) for each, n in zip(candidates, choices, strict=True))
            yield Partition(cycles, tuple(grids))
        before = choices


def cut_within(
    candidates: LayerCandidates, height: int, width: int, accelerator: Accelerator
) -> tuple[int, int, int, int]:
    """The coarsest cut into tiles of at most so many wordlines and bitlines, or the finest."""
    cells = accelerator.cells_per_weight(candidates.layer.weight_bits)
    rows = [cut.extent for cut in candidates.rows]
    columns = [cut.extent * cells for cut in candidates.columns]
    row = next((n for n, extent in enumerate(rows) if extent <= height), len(rows) - 1)
    column = next((n for n, extent in enumerate(columns) if extent <= width), len(columns) - 1)
    return row, column, 0, 0
