"""The multiple-choice knapsack: the optimum of the additive model, never worse than Algorithm 1."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.test_partition import TINY, estimate, layers, least_cycles

from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.passes.partition.algorithm_1 import algorithm_1
from spatem_ir.passes.partition.strategies.exact_additive import (
    layer_front,
    partition_exact_additive,
)
from spatem_ir.passes.partition.strategies.minimum import partition_minimum


def test_a_front_leaves_out_what_is_no_faster() -> None:
    parts = np.array([[4, 1, 2], [2, 8, 4]])
    latency = np.array([[5, 9, 9], [7, 5, 4]])
    front = layer_front(parts, latency)
    assert front.tiles.tolist() == [1, 2, 4]
    assert front.cycles.tolist() == [9, 7, 4]
    assert front.choice.tolist() == [1, 3, 5]


@examples(60)
@given(st.lists(layers(), min_size=1, max_size=2))
def test_the_best_is_that_of_exhaustive_search(several: list[Layer]) -> None:
    best = partition_exact_additive(several, TINY, Deal.CYCLIC)[0]
    assert best.cycles == least_cycles(several, len(several) * TINY.crossbars)


@examples(60)
@given(st.lists(layers(), min_size=1, max_size=3))
def test_never_slower_than_algorithm_1_at_any_size(several: list[Layer]) -> None:
    exact = partition_exact_additive(several, TINY, Deal.CYCLIC)
    for strategy in algorithm_1(several, TINY, Deal.CYCLIC):
        tiles = strategy.tiles(several)
        assert min(s.cycles for s in exact if s.tiles(several) <= tiles) <= strategy.cycles


@examples(60)
@given(st.lists(layers(), min_size=1, max_size=3), st.sampled_from(Deal))
def test_strategies_are_a_pareto_set_down_to_the_minimum(several: list[Layer], deal: Deal) -> None:
    exact = partition_exact_additive(several, TINY, deal)
    for faster, slower in pairwise(exact):
        assert faster.cycles < slower.cycles
        assert faster.tiles(several) > slower.tiles(several)
    for strategy in exact:
        grids = zip(several, strategy.grids, strict=True)
        assert strategy.cycles == sum(estimate(layer, grid) for layer, grid in grids)
        assert strategy.tiles(several) <= len(several) * TINY.crossbars
    fewest = partition_minimum(several, TINY, deal)[0].tiles(several)
    assert exact[-1].tiles(several) == fewest


def test_more_tiles_than_layers_times_crossbars() -> None:
    """Forty channel groups, one layer, 16 crossbars: only the minimum mapping is possible."""
    layer = Layer("depthwise", (40, 3, 3), 40, Window((3, 3)), groups=40, weight_bits=2)
    strategies = partition_exact_additive([layer], TINY, Deal.CYCLIC)
    assert [strategy.tiles([layer]) for strategy in strategies] == [40]
