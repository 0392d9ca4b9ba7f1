"""Partition strategies: against brute force, the machine's limits, and what pack falls back on."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.geometry.estimate.candidates import LayerCandidates, layer_candidates
from spatem_ir.geometry.estimate.latency import layer_latencies
from spatem_ir.geometry.shapes.grid import Deal, Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.partition import algorithm_1 as dynamic_program
from spatem_ir.passes.partition.algorithm_1 import algorithm_1
from spatem_ir.passes.partition.fall_backs import fall_backs
from spatem_ir.passes.partition.partitions import Partition
from spatem_ir.passes.partition.strategies.minimum import partition_minimum
from spatem_ir.support.errors import SpatemError

TINY = load_accelerator("tiny")

AXES = ("rows", "columns", "windows", "bits")
ONE_CUT = {"rows": 4, "columns": 4, "windows": 1, "bits": 1}
"""Extents of a layer of which no part can be made smaller: one OU, one window, one bit."""
ALIKE = (4, 8, 9, 12, 13, 14, 25)
"""Numbers of layers."""

MOST = {"rows": 20, "columns": 20, "windows": 12, "bits": 8}


def matrix(name: str, rows: int, columns: int, windows: int, bits: int) -> Layer:
    """A 1 x 1 convolution of a row of positions, weights of one cell."""
    shape = (rows, 1, windows)
    return Layer(name, shape, columns, Window((1, 1)), input_bits=bits, weight_bits=2)


@st.composite
def layers(draw: st.DrawFn, most_free_axes: int = 4) -> Layer:
    """A layer that can be cut along at most so many axes."""
    free = draw(st.sets(st.sampled_from(AXES), max_size=most_free_axes))
    extents = {
        axis: draw(st.integers(1, (MOST if axis in free else ONE_CUT)[axis])) for axis in AXES
    }
    return matrix(f"layer{draw(st.integers(0, 9))}", **extents)


def least_cycles(layers: list[Layer], most_tiles: int) -> int:
    """The least estimated latency of all combinations of grids with at most so many tiles."""
    tiles, cycles = np.zeros(1, np.int64), np.zeros(1, np.int64)
    for layer in layers:
        candidates = layer_candidates(layer, TINY)
        tiles = np.add.outer(tiles, candidates.parts.reshape(-1)).reshape(-1)
        latencies = layer_latencies(candidates, TINY).reshape(-1)
        cycles = np.add.outer(cycles, latencies).reshape(-1)
    return int(cycles[tiles <= most_tiles].min())


def estimate(layer: Layer, grid: Grid) -> int:
    """The estimated latency of a grid, which must be one of the layer's candidates."""
    candidates = layer_candidates(layer, TINY)
    choice = tuple(
        [cut.degree for cut in cuts].index(degree)
        for cuts, degree in zip(
            candidates.axes, (grid.hwm, grid.wwm, grid.iw, grid.ib), strict=True
        )
    )
    assert candidates.grid(choice, grid.deal) == grid
    return int(layer_latencies(candidates, TINY)[choice])


@examples(60)
@given(layers(most_free_axes=2))
def test_one_layer_with_two_degrees_to_raise_gets_the_least_latency(layer: Layer) -> None:
    best = algorithm_1([layer], TINY, Deal.CYCLIC)[0]
    assert best.cycles == least_cycles([layer], TINY.crossbars)


@examples(60)
@given(st.lists(layers(), min_size=1, max_size=2))
def test_strategies_are_within_the_limits_of_brute_force(layers: list[Layer]) -> None:
    most_tiles = len(layers) * TINY.crossbars
    strategies = algorithm_1(layers, TINY, Deal.CYCLIC)
    assert strategies[0].cycles >= least_cycles(layers, most_tiles)
    assert all(strategy.tiles(layers) <= most_tiles for strategy in strategies)


@examples(60)
@given(st.lists(layers(), min_size=1, max_size=3), st.sampled_from(Deal))
def test_cycles_are_the_sum_of_the_layers_estimates(layers: list[Layer], deal: Deal) -> None:
    for strategy in [*algorithm_1(layers, TINY, deal), *partition_minimum(layers, TINY, deal)]:
        grids = zip(layers, strategy.grids, strict=True)
        assert strategy.cycles == sum(estimate(layer, grid) for layer, grid in grids)
        assert {grid.deal for grid in strategy.grids} == {deal}


@examples(60)
@given(st.lists(layers(), min_size=1, max_size=3))
def test_slower_strategies_need_fewer_tiles_down_to_the_minimum(layers: list[Layer]) -> None:
    strategies = algorithm_1(layers, TINY, Deal.CYCLIC)
    for faster, slower in pairwise(strategies):
        assert faster.cycles < slower.cycles
        assert faster.tiles(layers) > slower.tiles(layers)
    assert [strategies[-1]] == partition_minimum(layers, TINY, Deal.CYCLIC)


@examples(60)
@given(st.lists(layers(), min_size=1, max_size=3), st.integers(2, 40))
def test_requirements_in_units_of_several_crossbars(several: list[Layer], columns: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamic_program, "MOST_COLUMNS", columns)
        found = algorithm_1(several, TINY, Deal.CYCLIC)
    for strategy in found[:-1]:
        assert strategy.tiles(several) <= len(several) * TINY.crossbars
        grids = zip(several, strategy.grids, strict=True)
        assert strategy.cycles == sum(estimate(layer, grid) for layer, grid in grids)
    assert all(faster.cycles < slower.cycles for faster, slower in pairwise(found))
    assert [found[-1]] == partition_minimum(several, TINY, Deal.CYCLIC)


def test_units_hardly_lengthen_the_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    several = [matrix(f"layer{n}", rows=12, columns=8, windows=12, bits=8) for n in range(6)]
    exact = algorithm_1(several, TINY, Deal.CYCLIC)
    monkeypatch.setattr(dynamic_program, "MOST_COLUMNS", 6 * TINY.crossbars // 2)
    coarse = algorithm_1(several, TINY, Deal.CYCLIC)
    assert len(coarse) < len(exact)
    assert exact[0].cycles <= coarse[0].cycles <= exact[0].cycles * 1.1


def test_any_number_of_identical_layers_is_treated_alike() -> None:
    """With 9 layers and more, requirements are counted in units."""
    machine = load_accelerator("isaac-ou")
    conv = Layer("conv", (64, 8, 8), 64, Window((3, 3), pads=(1, 1, 1, 1)))
    latencies = [algorithm_1([conv] * n, machine, Deal.CYCLIC)[0].cycles / n for n in ALIKE]
    assert max(latencies) <= min(latencies) * 1.01


def test_states_raised_one_value_at_a_time_give_the_same_strategies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    several = [matrix("a", 16, 8, 12, 8), matrix("b", 8, 16, 6, 8)]
    at_once = list(algorithm_1(several, TINY, Deal.CYCLIC))
    monkeypatch.setattr(dynamic_program, "RAISED_AT_ONCE", 1)
    assert list(algorithm_1(several, TINY, Deal.CYCLIC)) == at_once
    assert len(at_once) > 1


def test_more_tiles_than_layers_times_crossbars() -> None:
    """Forty channel groups, one layer, 16 crossbars: only the minimum mapping is possible."""
    layer = Layer("depthwise", (40, 3, 3), 40, Window((3, 3)), groups=40, weight_bits=2)
    strategies = algorithm_1([layer], TINY, Deal.CYCLIC)
    assert list(strategies) == partition_minimum([layer], TINY, Deal.CYCLIC)
    assert strategies[0].tiles([layer]) == 40


def test_a_layer_alone_uses_all_crossbars_where_every_tile_helps() -> None:
    layer = matrix("fc", rows=16, columns=16, windows=1, bits=8)
    best = algorithm_1([layer], TINY, Deal.CYCLIC)[0]
    assert best.tiles([layer]) == TINY.crossbars


CONV = matrix("conv", rows=4, columns=4, windows=512, bits=8)
"""16 cells a copy: 256 copies fill the chip, 16 have a crossbar each."""


def copies(number: int) -> Partition:
    """A strategy with so many copies of the layer, one tile each; fewer are slower."""
    return Partition(1000 - number, (Grid(1, 1, number, 1, 4, 4),))


def picked(strategies: list[Partition], count: int) -> list[int]:
    """The numbers of tiles of the best strategy and what is left to fall back on."""
    return [s.tiles([CONV]) for s in fall_backs(strategies, [CONV], TINY, count)]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, [64]), (1, [64, 16]), (2, [64, 32, 16]), (4, [64, 44, 32, 22, 16])],
)
def test_fall_backs_are_geometric_down_to_a_crossbar_for_each_tile(
    count: int, expected: list[int]
) -> None:
    strategies = [copies(number) for number in range(64, 0, -2)]
    assert picked(strategies, count) == expected


def test_fall_backs_are_not_repeated() -> None:
    strategies = [copies(number) for number in (64, 20, 16, 8)]
    assert picked(strategies, 8) == [64, 20, 16]


def test_nothing_to_fall_back_on_if_the_best_strategy_has_a_crossbar_for_each_tile() -> None:
    assert picked([copies(16), copies(8)], 8) == [16]


def test_the_smallest_is_last_if_none_has_a_crossbar_for_each_tile() -> None:
    assert picked([copies(64), copies(40), copies(32)], 8) == [64, 40, 32]
    assert picked([copies(64), copies(40), copies(32)], 1) == [64, 32]


def test_strategies_with_more_cells_than_the_chip_are_left_out() -> None:
    assert picked([copies(300), copies(257), copies(256), copies(16)], 1) == [256, 16]


def test_no_strategy_has_as_few_cells_as_the_chip() -> None:
    with pytest.raises(SpatemError, match="its weights need at least 17 crossbars, 'tiny' has 16"):
        fall_backs([copies(300), copies(257)], [CONV], TINY, 8)


@examples(60)
@given(st.sets(st.integers(1, 255), min_size=1, max_size=12), st.integers(0, 10))
def test_fall_backs_keep_the_order_and_their_number(numbers: set[int], count: int) -> None:
    tiles = sorted(numbers, reverse=True)
    found = picked([copies(number) for number in tiles], count)
    assert found[0] == tiles[0]
    assert len(found) <= count + 1
    assert found == sorted(set(found), reverse=True)
    if count > 0:
        assert found[-1] == max((n for n in tiles if n <= TINY.crossbars), default=tiles[-1])


def test_the_layers_here_can_be_cut_along_their_free_axes_only() -> None:
    for values in product(*([ONE_CUT[axis], MOST[axis]] for axis in AXES)):
        extents = dict(zip(AXES, values, strict=True))
        candidates: LayerCandidates = layer_candidates(matrix("m", **extents), TINY)
        for axis, cuts in zip(AXES, candidates.axes, strict=True):
            assert (len(cuts) > 1) == (extents[axis] == MOST[axis])
