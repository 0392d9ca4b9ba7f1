"""Which strategies of several runs of Algorithm 1 are looked at."""

from __future__ import annotations

import pytest

from spatem_ir.geometry.estimate.candidates import layer_candidates
from spatem_ir.geometry.estimate.latency import layer_latencies
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.partition.algorithm_1 import algorithm_1
from spatem_ir.passes.partition.cut_limits import FINEST_OF_MANY
from spatem_ir.passes.partition.limited import (
    FEW_TILES,
    MANY_LAYERS,
    TILES_PER_CROSSBAR,
    few_tiles,
    limited_strategies,
    runs_of_many_layers,
    some_that_fit,
    with_tiles,
)
from spatem_ir.passes.partition.partitions import TracedPartitions

ISAAC = load_accelerator("isaac-ou")
CELLS = ISAAC.crossbars * ISAAC.cells_per_crossbar


def network(layers: int) -> list[Layer]:
    """So many convolutions of 1,024 positions and 32 channels, of one cell per weight."""
    window = Window((3, 3), pads=(1, 1, 1, 1))
    return [Layer(f"conv{n}", (32, 32, 32), 32, window, weight_bits=2) for n in range(layers)]


def strategies_of(layers: list[Layer]) -> TracedPartitions:
    """Those of Algorithm 1."""
    candidates = [layer_candidates(layer, ISAAC) for layer in layers]
    latencies = [layer_latencies(candidate, ISAAC) for candidate in candidates]
    return algorithm_1(candidates, latencies, ISAAC, Deal.CYCLIC, 512)


def test_the_fastest_with_at_most_so_many_tiles() -> None:
    found = strategies_of(network(2))
    tiles = found.all_tiles()
    limits = [tiles[0], tiles[len(tiles) // 2] + 1, tiles[-1], tiles[-1] - 1]
    picked = with_tiles(found, limits)
    assert [picked[0], picked[-1]] == [found[0], found[-1]]
    assert len(picked) == 3, "nothing has fewer tiles than the smallest"
    middle = next(n for n, count in enumerate(tiles) if count <= limits[1])
    assert picked[1] == found[middle]


def test_few_tiles_are_near_those_of_the_smallest() -> None:
    found = strategies_of(network(2))
    tiles = found.all_tiles()
    limits = few_tiles(tiles[0], tiles[-1])
    assert limits == sorted(limits, reverse=True)
    for limit, divisor in zip(limits, FEW_TILES, strict=True):
        assert tiles[-1] <= limit <= tiles[-1] + tiles[0] / divisor


@pytest.mark.parametrize("share", [1.0, 0.5, 0.01])
@pytest.mark.parametrize("divisor", [1, 4])
def test_the_fastest_of_a_size(share: float, divisor: int) -> None:
    layers = network(2)
    found = strategies_of(layers)
    (picked,) = some_that_fit(found, layers, ISAAC, [(share, divisor)])
    fits = [s for s in found if s.cells(layers, [1, 1]) <= share * CELLS]
    small = [s for s in fits if s.tiles(layers) * divisor <= fits[0].tiles(layers)]
    assert picked == small[0]


def test_few_tiles_of_many_layers_have_narrow_column_parts_if_their_operands_are_short() -> None:
    """Operands of 288 and 27 rows: three parts of a crossbar's 128 wordlines, and one."""
    short = Layer("short", (3, 32, 32), 32, Window((3, 3)), weight_bits=2)
    candidates = [layer_candidates(layer, ISAAC) for layer in (network(1)[0], short)]
    *_, run = runs_of_many_layers(candidates, ISAAC)
    narrowest = [cut.columns[-1].extent for cut in run.cuts]
    assert narrowest == [ISAAC.crossbar.bitlines // max(FINEST_OF_MANY), ISAAC.ou.bitlines]
    assert all(cut.bits == cut.bits[:1] for cut in run.cuts)


@pytest.mark.parametrize("layers", [2, MANY_LAYERS + 1])
def test_strategies_differ_and_the_smallest_is_among_them(layers: int) -> None:
    several = network(layers)
    found = limited_strategies(several, ISAAC, Deal.CYCLIC, {})
    assert len({strategy.grids for strategy in found}) == len(found) > 4
    tiles = [strategy.tiles(several) for strategy in found]
    minimum = strategies_of(several).all_tiles()[-1]
    assert min(tiles) == minimum
    sharing = min(layers, MANY_LAYERS) * ISAAC.crossbars
    assert max(tiles) <= sharing
    if layers > MANY_LAYERS:
        for share in TILES_PER_CROSSBAR:
            near = [count for count in tiles if count <= share * ISAAC.crossbars]
            assert max(near) > 0.9 * share * ISAAC.crossbars
