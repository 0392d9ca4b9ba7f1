"""SPATEM's strategies in the order in which `pack` tries them [R].

[P] Algorithm 1 adds up latencies of layers, and `pack` tries its strategies in ascending estimated
latency.  [R] The additive model knows neither layers that overlap nor traffic between layers.
Therefore:

1. Algorithm 1 runs under several limits on its cuts, which gives strategies of different kinds and
   sizes (:mod:`spatem_ir.passes.partition.limited`).
2. They are put in ascending latency of the whole network, before packing
   (:mod:`spatem_ir.geometry.estimate.latency_network`); those of which tiles find no place come
   last.
3. The first few (of a network of many layers, as many as may be faster than those before) are
   packed, so that latency and communication can be estimated with tiles where they will be.  Of
   those that are nearly as fast as the fastest, the one that communicates least is first, unless
   its buffers are too small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import module_of
from spatem_ir.dialects.mvm import layer_ops
from spatem_ir.geometry.estimate.candidates import layer_candidates
from spatem_ir.geometry.estimate.latency_network import NetworkModel
from spatem_ir.passes.packings import SharedPacking
from spatem_ir.passes.partition.algorithm_1 import partition_spatem
from spatem_ir.passes.partition.limited import MANY_LAYERS, limited_strategies
from spatem_ir.passes.partition.trial import Trial
from spatem_ir.passes.poolings import poolings_of
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.geometry.shapes.grid import Deal
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.passes.partition.partitions import Partition

FASTEST_TRIALS = 3
"""So many strategies that seem fastest before packing are tried out: the estimate's error without
places is larger than the differences between them."""

FRUGAL_TRIALS = 1
"""So many more that move fewest bytes, of those that may be fast enough."""

PLANNING_ERROR = 0.25
"""A strategy may be faster by this share than it seems before packing."""

WORTH_LOOKING = 0.15
"""Of a network of many layers strategies are tried until none seems faster by this share than those
that were."""


Trials = Callable[["Iterable[Planned]"], Iterator[Trial]]
"""Packs strategies; those of which tiles find no place are left out."""


class Planned(NamedTuple):
    """A strategy as it looks before packing, in the order of ranking."""

    unpacked: bool
    cycles: int
    moved_bytes: int
    tiles: int
    strategy: Partition


def ranked_strategies(
    ops: Sequence[WeightLayerOp], slack: float
) -> Callable[[list[Layer], Accelerator, Deal], Sequence[Partition]]:
    """The strategy `spatem` for the layers of a module that are not partitioned yet.

    A strategy whose latency is at most 1 + `slack` times the least is fast enough.  Strategies of a
    network that has no place on the machine are those of Algorithm 1 alone; the pass that deploys
    it says why.
    """
    module = module_of(ops[0])

    def partition(layers: list[Layer], accelerator: Accelerator, deal: Deal) -> Sequence[Partition]:
        try:
            dataflow = minimum_dataflow(module, layers, accelerator, deal)
        except SpatemError:
            return partition_spatem(layers, accelerator, deal)
        poolings = poolings_of([*ops, *layer_ops(module)])
        strategies = limited_strategies(layers, accelerator, deal, poolings)
        model = NetworkModel(dataflow, accelerator)
        ranked = planned(strategies, layers, model)
        packing = SharedPacking(accelerator, poolings=poolings)
        names = [layer.name for layer in layers]

        def tried(entries: Iterable[Planned]) -> Iterator[Trial]:
            for entry in entries:
                chosen = dict(zip(names, entry.strategy.grids, strict=True))
                with_grids = dataflow_of(module, chosen)
                places = packing.placements(
                    [node.layer for node in with_grids.layers if node.layer is not None],
                    [node.grid for node in with_grids.layers if node.grid is not None],
                )
                if places is not None:
                    all_names = [node.name for node in with_grids.layers]
                    placements = dict(zip(all_names, places, strict=True))
                    yield Trial(entry.strategy, model, with_grids, placements)

        best_of = best_of_many_layers if len(layers) > MANY_LAYERS else best_of_few_layers
        best = best_of(ranked, tried, slack)
        strategies = [entry.strategy for entry in ranked]
        return ever_smaller(strategies if best is None else [best.noted, *strategies], layers)

    return partition


def minimum_dataflow(
    module: ModuleOp, layers: list[Layer], accelerator: Accelerator, deal: Deal
) -> Dataflow:
    """The module's network with the minimum mapping of its layers.

    Raises:
        SpatemError: an operator of the network has no place on the machine.
    """
    minimum = {
        layer.name: layer_candidates(layer, accelerator).grid((0, 0, 0, 0), deal)
        for layer in layers
    }
    return dataflow_of(module, minimum)


def planned(
    strategies: Sequence[Partition], layers: list[Layer], model: NetworkModel
) -> list[Planned]:
    """Strategies in ascending estimated latency of the network, which is noted in them."""
    names = [layer.name for layer in layers]
    found = []
    for strategy in strategies:
        estimate = model.estimate(dict(zip(names, strategy.grids, strict=True)))
        cycles = estimate.cycles_in_buffers(model.accelerator.components.memory.buffer_bytes)
        noted = replace(strategy, cycles=cycles)
        tiles = strategy.tiles(layers)
        found.append(Planned(not estimate.is_packed, cycles, estimate.moved_bytes, tiles, noted))
    return sorted(found, key=lambda entry: entry[:4])


def best_of_few_layers(ranked: Sequence[Planned], tried: Trials, slack: float) -> Trial | None:
    """The best of a few trials; if none of those runs in its buffers, the next that does."""
    worth, others = worth_a_trial(ranked, FASTEST_TRIALS, slack)
    best = preferred(list(tried(worth)), slack)
    return best or next((trial for trial in tried(others) if trial.runs_in_buffers), None)


def best_of_many_layers(ranked: Sequence[Planned], tried: Trials, slack: float) -> Trial | None:
    """The best of trials until no other strategy seems faster than they are.

    Gathering finds places where tiles in sequence have none, so that does not count before.
    """
    trials: list[Trial] = []
    for entry in sorted(ranked, key=lambda entry: entry.cycles):
        enough = [trial for trial in trials if trial.cycles <= entry.cycles * (1 + WORTH_LOOKING)]
        if preferred(enough, slack) is not None:
            break
        trials += tried([entry])
    return preferred(trials, slack)


def worth_a_trial(
    ranked: Sequence[Planned], fastest: int, slack: float
) -> tuple[list[Planned], list[Planned]]:
    """So many strategies that seem `fastest`, and those that move fewest bytes of the fast enough.

    Returns them, and all others.
    """
    others = ranked[fastest:]
    most = ranked[0].cycles * (1 + slack) * (1 + PLANNING_ERROR)
    enough = [entry for entry in others if not entry.unpacked and entry.cycles <= most]
    frugal = sorted(enough, key=lambda entry: entry.moved_bytes)[:FRUGAL_TRIALS]
    return [*ranked[:fastest], *frugal], [entry for entry in others if entry not in frugal]


def preferred(trials: Sequence[Trial], slack: float) -> Trial | None:
    """Of the trials that are fast enough and run in their buffers, that which communicates least.

    A trial is fast enough with at most 1 + `slack` times the least latency of those that remain
    when others turn out not to run in their buffers.  None if none does.
    """
    remaining = list(trials)
    while remaining:
        most = min(trial.cycles for trial in remaining) * (1 + slack)
        fast = [trial for trial in remaining if trial.cycles <= most]
        best = min(fast, key=lambda trial: (trial.communication_bytes, trial.cycles))
        if best.runs_in_buffers:
            return best
        remaining.remove(best)
    return None


def ever_smaller(strategies: Sequence[Partition], layers: list[Layer]) -> list[Partition]:
    """The first strategy, and of the others each that has fewer tiles than all before it."""
    kept = [strategies[0]]
    for strategy in strategies:
        if strategy.tiles(layers) < kept[-1].tiles(layers):
            kept.append(strategy)
    return kept
