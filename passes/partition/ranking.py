"""Algorithm 1 under several prices of communication, ranked by the network's latency [R].

[P] Algorithm 1 adds up latencies of layers, and `pack` tries its strategies in ascending estimated
latency.  [R] The additive model knows no layers that overlap and no traffic between layers.
Therefore Algorithm 1 runs several times: with row parts of different least heights (low parts take
less time, but their partial sums more adders and packets), with and without parts of the input
bits, and with different prices of partial sums.  The strategies found are put in ascending latency
of :func:`spatem_ir.geometry.latency_network.network_latency`; those of which tiles find no place
come last, and where a PE would hold more than its buffer, producers have to wait (R10), and the
latency is taken to grow by as much.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.errors import SpatemError
from spatem_ir.geometry.candidates import LayerCandidates, layer_candidates
from spatem_ir.geometry.latency import LayerCosts, layer_costs
from spatem_ir.geometry.latency_network import NetworkModel
from spatem_ir.passes.partition.spatem import algorithm_1, partition_spatem
from spatem_ir.passes.partition.strategy import Strategy, TracedStrategies

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.geometry.dataflow import Dataflow
    from spatem_ir.geometry.grid import Deal
    from spatem_ir.geometry.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

CUTS = ((1, True), (2, True), (4, True), (16, False))
"""Row parts are no lower than the wordlines of a crossbar divided by the first; whether all input
bits go to one part."""

WIDTHS = (1, 4)
"""Column parts are no wider than the bitlines of a crossbar divided by these: narrow tiles of many
layers find a place side by side."""

PRICES = (0, 4)
"""Cycles charged for what a link carries in a cycle on each PE of the chip at once."""

SIZES = (1, 2, 8)
"""Of each run the best strategies with at most the best one's tiles over these are ranked."""

MANY_LAYERS = 12
"""With more layers only the first width and price are tried, for the sake of time."""

COLUMNS = 2**11
"""Columns of the DP in each run."""

NEARLY_EQUAL = 0.15
"""Latencies that differ no more than by this share are within the estimate's error; of strategies
that are nearly as fast as the fastest, the one that moves fewest bytes wins."""


def ranked_strategies(
    module: ModuleOp,
) -> Callable[[list[Layer], Accelerator, Deal], Sequence[Strategy]]:
    """The strategy `spatem` for the layers of a module that are not partitioned yet.

    Strategies of a network that has no place on the machine are those of Algorithm 1 alone; the
    pass that deploys it says why.
    """

    def partition(layers: list[Layer], accelerator: Accelerator, deal: Deal) -> Sequence[Strategy]:
        minimum = {
            layer.name: layer_candidates(layer, accelerator).grid((0, 0, 0, 0), deal)
            for layer in layers
        }
        try:
            dataflow = dataflow_of(module, minimum)
        except SpatemError:
            return partition_spatem(layers, accelerator, deal)
        return partition_ranked(layers, dataflow, accelerator, deal)

    return partition


def partition_ranked(
    layers: list[Layer], dataflow: Dataflow, accelerator: Accelerator, deal: Deal
) -> list[Strategy]:
    """Strategies in ascending estimated latency of the network; later ones have fewer tiles."""
    candidates = [layer_candidates(layer, accelerator) for layer in layers]
    costs = [layer_costs(candidate, accelerator) for candidate in candidates]
    model = NetworkModel(dataflow, accelerator)
    pool: dict[tuple[object, ...], Strategy] = {}
    tried = slice(1) if len(layers) > MANY_LAYERS else slice(None)
    for (height, whole_bits), width, price in product(CUTS, WIDTHS[tried], PRICES[tried]):
        limited = [
            limit_cuts(candidate, cost, accelerator, height, width, whole_bits)
            for candidate, cost in zip(candidates, costs, strict=True)
        ]
        priced = [priced_latencies(cost, accelerator, price) for _, cost in limited]
        cuts = [candidate for candidate, _ in limited]
        found = algorithm_1(cuts, priced, accelerator, deal, COLUMNS)
        for strategy in some_that_fit(found, layers, accelerator):
            pool.setdefault(strategy.grids, strategy)
    names = [layer.name for layer in layers]
    ranked = []
    for strategy in pool.values():
        estimate = model.estimate(dict(zip(names, strategy.grids, strict=True)))
        overfull = max(1, estimate.held_bytes / accelerator.pe.buffer_bytes)
        order = (not estimate.is_packed, estimate.cycles * overfull, estimate.moved_bytes)
        ranked.append((order, strategy.tiles(layers), replace(strategy, cycles=estimate.cycles)))
    ranked.sort(key=lambda entry: entry[:2])
    unpacked, least, _ = ranked[0][0]
    near = [e for e in ranked if e[0][:2] <= (unpacked, least * (1 + NEARLY_EQUAL))]
    first = min(near, key=lambda entry: entry[0][2])
    kept = [first]
    for entry in ranked:
        if entry[0][:2] >= kept[-1][0][:2] and entry[1] < kept[-1][1]:
            kept.append(entry)
    return [strategy for _, _, strategy in kept]


def limit_cuts(
    candidates: LayerCandidates,
    costs: LayerCosts,
    accelerator: Accelerator,
    height: int,
    width: int,
    whole_bits: bool,
) -> tuple[LayerCandidates, LayerCosts]:
    """The cuts with row parts of at least a crossbar's wordlines / `height`, and their costs.

    Column parts are of at most its bitlines / `width`, or as narrow as possible.
    """
    least = accelerator.crossbar.wordlines // height
    ou = accelerator.ou.wordlines
    rows = sum(-(-cut.extent // ou) * ou >= least for cut in candidates.rows)
    rows = max(rows, 1)
    cells = accelerator.cells_per_weight(candidates.layer.weight_bits)
    most = accelerator.crossbar.bitlines // width
    wide = sum(cut.extent * cells > most for cut in candidates.columns)
    wide = min(wide, len(candidates.columns) - 1)
    bits = 1 if whole_bits else len(candidates.bits)
    limited = LayerCandidates(
        candidates.layer,
        candidates.rows[:rows],
        candidates.columns[wide:],
        candidates.windows,
        candidates.bits[:bits],
    )
    return limited, LayerCosts(
        costs.latency[:rows, wide:, :, :bits], costs.partial_sum_bytes[:rows, wide:, :, :bits]
    )


def priced_latencies(costs: LayerCosts, accelerator: Accelerator, price: int) -> NDArray[np.int64]:
    """Latencies of a layer to which a price of its partial sums is added."""
    per_cycle = accelerator.noc.link_bytes_per_cycle * accelerator.pes
    return costs.latency + (price * costs.partial_sum_bytes / per_cycle).astype(np.int64)


def some_that_fit(
    strategies: TracedStrategies, layers: list[Layer], accelerator: Accelerator
) -> Sequence[Strategy]:
    """The best strategies whose cells fit the chip, of several sizes."""
    cells_per_weight = [accelerator.cells_per_weight(layer.weight_bits) for layer in layers]
    cells = np.array(strategies.all_cells(cells_per_weight))
    tiles = np.array(strategies.all_tiles())
    fits = np.flatnonzero(cells <= accelerator.crossbars * accelerator.cells_per_crossbar)
    if not len(fits):
        return [strategies[len(strategies) - 1]]
    picked = set()
    for size in SIZES:
        small = fits[tiles[fits] * size <= tiles[fits[0]]]
        picked.add(int(small[0]) if len(small) else int(fits[-1]))
    picked.add(len(strategies) - 1)
    return [strategies[number] for number in sorted(picked)]
