"""Strategies of several runs of Algorithm 1 under limits on its cuts [R].

Besides one run with all cuts there are some that know only some of them
(:mod:`spatem_ir.passes.partition.cut_limits`); each gives a few strategies of different sizes.
Which of them is best is decided by looking at the network as a whole
(:mod:`spatem_ir.passes.partition.ranking`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatem_ir.geometry.estimate.candidates import layer_candidates, pooled_candidates
from spatem_ir.geometry.estimate.latency import layer_latencies
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.passes.partition.algorithm_1 import algorithm_1
from spatem_ir.passes.partition.cut_limits import (
    FINEST_OF_MANY,
    highest_parts,
    limit_cuts,
    limits_of_few_layers,
    limits_of_many_layers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from spatem_ir.geometry.estimate.candidates import LayerCandidates
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.geometry.shapes.window import Window
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.passes.partition.partitions import Partition, TracedPartitions

SIZES = ((1.0, 1), (0.85, 1), (0.85, 2), (0.85, 3), (0.85, 16))
"""Of each run, the fastest strategies with at most these shares of the chip's cells, and with at
most the tiles of the fastest of those divided by these.  Where tiles take nearly all cells, they
seldom find places; fewer tiles hold less in buffers and send their results to fewer PEs."""

FEW_TILES = (32, 128, 512)
"""Of the run with the highest row parts and all column parts, the fastest strategies with at most
the tiles of its fastest divided by these, beyond those of its smallest: they fit where tiles share
no crossbars, and their layers do not wait for each other."""

MANY_LAYERS = 12
"""With more layers each takes a small part of the chip, and estimates take longer: fewer limits and
sizes are tried."""

SIZES_OF_MANY = ((0.85, 2), (0.55, 1))
"""Tiles of many layers find places beside each other only if they leave some cells free."""

TILES_PER_CROSSBAR = (1, 1.5)
"""What :data:`FEW_TILES` is to few layers: the most tiles, for each crossbar on average."""

FEW_ROW_PARTS = 2
"""In the run for few tiles, layers of which a crossbar's wordlines hold the operands in so many
parts may have narrow column parts.  Those of others would each fetch many parts anew."""

COLUMNS = 2**11
"""Columns of the DP in each run, which stand for as many tiles as layers could share crossbars, but
not more than :data:`MANY_LAYERS`: so many find no places, and columns would be too wide."""


class LimitedRun(NamedTuple):
    """The cuts that a run of Algorithm 1 knows, and what sizes of strategies it is for.

    `few_tiles` are numbers of tiles, from those of the run's fastest and of its smallest strategy.
    """

    cuts: list[LayerCandidates]
    sizes: Sequence[tuple[float, int]]
    few_tiles: Callable[[int, int], list[int]] | None = None


def limited_strategies(
    layers: list[Layer], accelerator: Accelerator, deal: Deal, poolings: Mapping[str, Window]
) -> list[Partition]:
    """Different strategies of all runs and sizes whose cells fit the chip, and the smallest.

    `poolings` are the windows of poolings that alone read a layer's results, by layer; copies suit
    them if windows are dealt cyclically.
    """
    free = [layer_candidates(layer, accelerator) for layer in layers]
    pooled = [
        pooled_candidates(candidate, poolings[candidate.layer.name])
        if candidate.layer.name in poolings and deal is Deal.CYCLIC
        else candidate
        for candidate in free
    ]
    if len(layers) > MANY_LAYERS:
        runs = runs_of_many_layers(pooled, accelerator)
    else:
        runs = [LimitedRun(free, SIZES), *runs_of_few_layers(pooled, accelerator)]
    found: dict[tuple[object, ...], Partition] = {}
    smallest: dict[tuple[object, ...], Partition] = {}
    for run in runs:
        latencies = [layer_latencies(cut, accelerator) for cut in run.cuts]
        strategies = algorithm_1(run.cuts, latencies, accelerator, deal, COLUMNS, MANY_LAYERS)
        few = []
        if run.few_tiles is not None:
            tiles = strategies.all_tiles()
            few = with_tiles(strategies, run.few_tiles(tiles[0], tiles[-1]))
        fitting = some_that_fit(strategies, layers, accelerator, run.sizes)
        found |= {strategy.grids: strategy for strategy in fitting}
        last = strategies[len(strategies) - 1]
        smallest |= {strategy.grids: strategy for strategy in (*few, last)}
    return list((found | smallest).values())


def runs_of_few_layers(cuts: list[LayerCandidates], accelerator: Accelerator) -> list[LimitedRun]:
    """A run for every limit; the first one also for few tiles."""
    first, *others = (
        [limit_cuts(cut, accelerator, limit) for cut in cuts]
        for limit in limits_of_few_layers(accelerator)
    )
    return [
        LimitedRun(first, SIZES, few_tiles),
        *(LimitedRun(limited, SIZES) for limited in others),
    ]


def runs_of_many_layers(cuts: list[LayerCandidates], accelerator: Accelerator) -> list[LimitedRun]:
    """A run for every limit, and one for few tiles, with narrow parts of some layers."""
    highest = highest_parts(accelerator)
    wide = highest._replace(finest=max(FINEST_OF_MANY))
    for_few = [
        limit_cuts(cut, accelerator, wide if cut.rows[0].degree > FEW_ROW_PARTS else highest)
        for cut in cuts
    ]
    several = (
        [limit_cuts(cut, accelerator, limit) for cut in cuts] for limit in limits_of_many_layers()
    )

    def about_a_crossbar_each(_fastest: int, _smallest: int) -> list[int]:
        return [int(share * accelerator.crossbars) for share in TILES_PER_CROSSBAR]

    return [
        *(LimitedRun(limited, SIZES_OF_MANY) for limited in several),
        LimitedRun(for_few, (), about_a_crossbar_each),
    ]


def few_tiles(fastest: int, smallest: int) -> list[int]:
    """Numbers of tiles near that of the smallest strategy, by :data:`FEW_TILES`."""
    return [smallest + (fastest - smallest) // divisor for divisor in FEW_TILES]


def with_tiles(strategies: TracedPartitions, limits: Sequence[int]) -> list[Partition]:
    """The fastest strategies with at most so many tiles, where there are any."""
    tiles = np.array(strategies.all_tiles())
    picked = [int(np.argmax(tiles <= limit)) for limit in limits if tiles[-1] <= limit]
    return [strategies[number] for number in dict.fromkeys(picked)]


def some_that_fit(
    strategies: TracedPartitions,
    layers: list[Layer],
    accelerator: Accelerator,
    sizes: Sequence[tuple[float, int]],
) -> list[Partition]:
    """The fastest strategies of each of the `sizes`."""
    cells_per_weight = [accelerator.cells_per_weight(layer.weight_bits) for layer in layers]
    cells = np.array(strategies.all_cells(cells_per_weight))
    tiles = np.array(strategies.all_tiles())
    capacity = accelerator.crossbars * accelerator.cells_per_crossbar
    picked: dict[int, None] = {}
    for share, divisor in sizes:
        fits = np.flatnonzero(cells <= share * capacity)
        small = fits[tiles[fits] * divisor <= tiles[fits[:1]]]
        picked |= dict.fromkeys(small[:1].tolist())
    return [strategies[number] for number in picked]
