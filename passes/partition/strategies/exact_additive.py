"""The optimum of SPATEM's additive model: a multiple-choice knapsack, solved exactly.

A layer's grids that need no fewer tiles than a faster one are left out (its Pareto set), and so are
sums over the first layers that need no fewer tiles than a faster sum (Nemhauser and Ullmann,
"Discrete dynamic programming and capital allocation", Management Science 15(9), 1969): neither can
be part of a better whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.estimate.candidates import LayerCandidates, layer_candidates
from spatem_ir.geometry.estimate.latency import layer_latencies
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.passes.partition.partitions import TracedPartitions
from spatem_ir.passes.partition.strategy import DealingStrategy, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

NEVER = np.iinfo(np.int64).max
"""The latency of a requirement that no combination has."""


@dataclass(frozen=True)
class ExactAdditive(DealingStrategy):
    """The optimum of Algorithm 1's additive model, by an exact knapsack.

    [R] Algorithm 1 of SPATEM raises one degree after the other and keeps one state per crossbar
    requirement, so it may miss combinations of degrees that pay only together.  Here each layer
    chooses one of all its grids at once.  Latencies add up over layers and tiles over the relaxed
    requirement, L · C, just as there; no partition of that model with at most so many tiles is
    faster.
    """

    name = "exact-additive"

    def partitions(self, problem: Problem) -> TracedPartitions:
        return partition_exact_additive(problem.layers, problem.accelerator, Deal(self.deal))


@dataclass(frozen=True)
class Front:
    """Combinations of which each is faster than all that need fewer tiles.

    In ascending number of `tiles` and descending `cycles`.  `choice` is the grid of the last layer
    (its number in the layer's own front, or in the raveled candidates), `origin` the combination of
    the layers before; four arrays of shape [combinations].
    """

    tiles: NDArray[np.int64]
    cycles: NDArray[np.int64]
    choice: NDArray[np.int64]
    origin: NDArray[np.int64]


def partition_exact_additive(
    layers: list[Layer], accelerator: Accelerator, deal: Deal
) -> TracedPartitions:
    """The fastest partition of at most L · C tiles and all others of its Pareto set, fastest first.

    A minimum mapping of more than L · C tiles is the only partition then.
    """
    candidates = [layer_candidates(layer, accelerator) for layer in layers]
    grids = [
        layer_front(candidate.parts, layer_latencies(candidate, accelerator))
        for candidate in candidates
    ]
    least = sum(int(front.tiles[0]) for front in grids)
    most = max(len(layers) * accelerator.crossbars, least)
    zero = np.zeros(1, np.int64)
    fronts = [Front(np.array([least]), zero, zero, zero)]
    for grid in grids:
        fronts.append(combined(fronts[-1], grid, most))
    return _traced(candidates, grids, fronts[1:], deal)


def layer_front(parts: NDArray[np.int64], latency: NDArray[np.int64]) -> Front:
    """The Pareto set of a layer's candidates: `choice` are their raveled numbers."""
    tiles, cycles = parts.reshape(-1), latency.reshape(-1)
    order = np.lexsort((cycles, tiles))
    fastest_before = np.append(NEVER, np.minimum.accumulate(cycles[order])[:-1])
    kept = order[cycles[order] < fastest_before]
    return Front(tiles[kept], cycles[kept], kept, np.zeros_like(kept))


def combined(before: Front, layer: Front, most: int) -> Front:
    """The Pareto set of `before` with every choice of a layer, of at most `most` tiles.

    The layer's smallest choice is in the tiles of `before` already.
    """
    least = int(before.tiles[0])
    cycles = np.full(most - least + 1, NEVER)
    choice, origin = np.zeros((2, len(cycles)), np.int64)
    extra = layer.tiles - layer.tiles[0]
    for number in range(int(np.searchsorted(extra, most - least, side="right"))):
        count = np.searchsorted(before.tiles, most - extra[number], side="right")
        place = before.tiles[:count] + extra[number] - least
        total = before.cycles[:count] + layer.cycles[number]
        faster = np.flatnonzero(total < cycles[place])
        cycles[place[faster]] = total[faster]
        choice[place[faster]] = number
        origin[place[faster]] = faster
    kept = np.flatnonzero(cycles < np.append(NEVER, np.minimum.accumulate(cycles)[:-1]))
    return Front(kept + least, cycles[kept], choice[kept], origin[kept])


def _traced(
    candidates: list[LayerCandidates], grids: list[Front], fronts: list[Front], deal: Deal
) -> TracedPartitions:
    """Trace every combination of the last front back through the layers, fastest first."""
    state = np.arange(len(fronts[-1].tiles))[::-1]
    cycles, choices = fronts[-1].cycles[state], []
    for candidate, grid, front in zip(candidates[::-1], grids[::-1], fronts[::-1], strict=True):
        raveled = grid.choice[front.choice[state]]
        choices.append(np.stack(np.unravel_index(raveled, candidate.parts.shape), axis=1))
        state = front.origin[state]
    return TracedPartitions(tuple(candidates), cycles, np.array(choices[::-1]), deal)
