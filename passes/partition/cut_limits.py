"""Algorithm 1 under limits on how finely layers are cut [R].

The additive model of Algorithm 1 does not see that low row parts fill the machine with partial sums
and operand fetches that other layers wait for, nor that narrow tiles find a place beside those of
other layers.  Besides one run with all cuts there are therefore some that know only some of them;
each gives a few strategies of different sizes.  Which of them is best is decided by looking at the
network as a whole (:mod:`spatem_ir.passes.partition.ranking`).
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatem_ir.geometry.candidates import LayerCandidates, layer_candidates, pooled_candidates
from spatem_ir.geometry.grid import Deal
from spatem_ir.geometry.latency import layer_latencies
from spatem_ir.passes.partition.spatem import algorithm_1

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatem_ir.geometry.layer import Layer
    from spatem_ir.geometry.window import Window
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.passes.partition.strategy import Strategy, TracedStrategies


class CutLimit(NamedTuple):
    """How finely a run of Algorithm 1 may cut.

    Row parts have at least a crossbar's wordlines / `height` cells, column parts at most its
    bitlines / `width`, or are as narrow as possible, and at least its bitlines / `finest`, or are
    as wide as possible; `whole_bits` keeps input bits in one part, and no more row parts than a PE
    has crossbars, so that partial sums need not leave it.
    """

    height: int
    width: int
    finest: int
    whole_bits: bool


HEIGHTS = ((1, True), (2, True), (4, True), (16, False))
"""Row parts as high as a crossbar, its half, its quarter, or (a crossbar of 128 wordlines) an OU;
only the last adds so many partial sums that parts of the input bits are worth trying, too."""

WIDTHS = (1, 4)
"""Tiles as wide as crossbars, or so narrow that tiles of several layers stand side by side."""

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

HEIGHTS_OF_MANY = HEIGHTS[1:3]
"""Of many layers: full crossbars serve few windows at once, and OUs send many partial sums."""

FINEST_OF_MANY = (2, 4)
"""Column parts of many layers have at least a crossbar's bitlines / so many cells: results of
narrow ones are many small packets, which all layers send through the same network."""

SIZES_OF_MANY = ((0.85, 2), (0.55, 1))
"""Tiles of many layers find places beside each other only if they leave some cells free."""

TILES_PER_CROSSBAR = (1, 1.5)
"""The same of many layers, in tiles for each crossbar on average."""

COLUMNS = 2**11
"""Columns of the DP in each run: 8 crossbars for each on a chip of 16,128 and for each layer, of
many layers for each of :data:`MANY_LAYERS`.  So many tiles as others would need find no places."""


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
    highest = CutLimit(1, 1, accelerator.crossbar.bitlines, whole_bits=True)
    many = len(layers) > MANY_LAYERS
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
        for strategy in some_that_fit(strategies, layers, accelerator, sizes):
            found[strategy.grids] = strategy
        last = strategies[len(strategies) - 1]
        few = []
        if limit == highest:
            few = with_tiles(strategies, few_tiles(strategies, accelerator.crossbars, many))
        smallest |= {strategy.grids: strategy for strategy in (*few, last)}
    return list((found | smallest).values())


def limits_of_few_layers(accelerator: Accelerator) -> list[CutLimit]:
    """All heights and widths; column parts may be as narrow as a cell."""
    finest = accelerator.crossbar.bitlines
    return [CutLimit(h, width, finest, whole) for (h, whole), width in product(HEIGHTS, WIDTHS)]


def limits_of_many_layers() -> list[CutLimit]:
    """Moderate heights, and column parts that are wide enough to be worth their packets."""
    return [CutLimit(h, 1, n, whole) for (h, whole), n in product(HEIGHTS_OF_MANY, FINEST_OF_MANY)]


def limit_cuts(
    candidates: LayerCandidates, accelerator: Accelerator, limit: CutLimit
) -> LayerCandidates:
    """The cuts of a layer within a limit, at least the coarsest row and finest column parts."""
    least = accelerator.crossbar.wordlines // limit.height
    ou = accelerator.ou.wordlines
    most_rows = accelerator.crossbars_per_pe if limit.whole_bits else candidates.layer.rows
    rows = sum(
        -(-cut.extent // ou) * ou >= least and cut.degree <= most_rows for cut in candidates.rows
    )
    cells = accelerator.cells_per_weight(candidates.layer.weight_bits)
    bitlines = accelerator.crossbar.bitlines
    wide = sum(cut.extent * cells > bitlines // limit.width for cut in candidates.columns)
    enough = sum(cut.extent * cells >= bitlines // limit.finest for cut in candidates.columns)
    coarsest = min(wide, len(candidates.columns) - 1)
    return LayerCandidates(
        candidates.layer,
        candidates.rows[: max(rows, 1)],
        candidates.columns[coarsest : max(enough, coarsest + 1)],
        candidates.windows,
        candidates.bits[:1] if limit.whole_bits else candidates.bits,
    )


def few_tiles(strategies: TracedStrategies, crossbars: int, many: bool) -> list[int]:
    """Numbers of tiles near that of the smallest, by :data:`FEW_TILES`, or near `crossbars`."""
    if many:
        return [int(share * crossbars) for share in TILES_PER_CROSSBAR]
    tiles = strategies.all_tiles()
    beyond = tiles[0] - tiles[-1]
    return [tiles[-1] + beyond // divisor for divisor in FEW_TILES]


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
