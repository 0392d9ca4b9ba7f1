"""Strategies of several runs of Algorithm 1 under limits on its cuts [R].

Besides one run with all cuts there are some that know only some of them
(:mod:`spatem_ir.passes.partition.cut_limits`); each gives a few strategies of different sizes.
Which of them is best is decided by looking at the network as a whole
(:mod:`spatem_ir.passes.partition.ranking`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.candidates import layer_candidates, pooled_candidates
from spatem_ir.geometry.grid import Deal
from spatem_ir.geometry.latency import layer_latencies
from spatem_ir.passes.partition.cut_limits import (
    highest_parts,
    limit_cuts,
    limits_of_few_layers,
    limits_of_many_layers,
)
from spatem_ir.passes.partition.spatem import algorithm_1

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatem_ir.geometry.layer import Layer
    from spatem_ir.geometry.window import Window
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.passes.partition.strategy import Strategy, TracedStrategies

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

COLUMNS = 2**11
"""Columns of the DP in each run, which stand for as many tiles as layers could share crossbars, but
not more than :data:`MANY_LAYERS`: so many find no places, and columns would be too wide."""


def limited_strategies(
    layers: list[Layer], accelerator: Accelerator, deal: Deal, poolings: Mapping[str, Window]
) -> list[Strategy]:
    """Different strategies of all limits and sizes whose cells fit the chip, and the smallest.

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
    many = len(layers) > MANY_LAYERS
    highest = highest_parts(accelerator)
    if many:
        runs = dict.fromkeys(limits_of_many_layers(), SIZES_OF_MANY) | {highest: ()}
    else:
        runs = dict.fromkeys([None, *limits_of_few_layers(accelerator)], SIZES)
    found: dict[tuple[object, ...], Strategy] = {}
    smallest: dict[tuple[object, ...], Strategy] = {}
    for limit, sizes in runs.items():
        cuts = [limit_cuts(cuts, accelerator, limit) for cuts in pooled] if limit else free
        latencies = [layer_latencies(cut, accelerator) for cut in cuts]
        strategies = algorithm_1(cuts, latencies, accelerator, deal, COLUMNS, MANY_LAYERS)
        fitting = some_that_fit(strategies, layers, accelerator, sizes)
        few = [strategies[len(strategies) - 1]]
        if limit == highest and many:
            most = [int(share * accelerator.crossbars) for share in TILES_PER_CROSSBAR]
            few = [*with_tiles(strategies, most), *few]
        elif limit == highest:
            few = [*with_tiles(strategies, few_tiles(strategies)), *few]
        found |= {strategy.grids: strategy for strategy in fitting}
        smallest |= {strategy.grids: strategy for strategy in few}
    return list((found | smallest).values())


def few_tiles(strategies: TracedStrategies) -> list[int]:
    """Numbers of tiles near that of the smallest, by :data:`FEW_TILES`."""
    tiles = strategies.all_tiles()
    return [tiles[-1] + (tiles[0] - tiles[-1]) // divisor for divisor in FEW_TILES]


def with_tiles(strategies: TracedStrategies, limits: Sequence[int]) -> list[Strategy]:
    """The fastest strategies with at most so many tiles, where there are any."""
    tiles = np.array(strategies.all_tiles())
    picked = [int(np.argmax(tiles <= limit)) for limit in limits if tiles[-1] <= limit]
    return [strategies[number] for number in dict.fromkeys(picked)]


def some_that_fit(
    strategies: TracedStrategies,
    layers: list[Layer],
    accelerator: Accelerator,
    sizes: Sequence[tuple[float, int]],
) -> list[Strategy]:
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
