"""Floor plans: laps of layers never overlap, and fill crossbars evenly."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.geometry.packing.floor_plan import LayerTiles, floor_plan
from spatem_ir.geometry.shapes.placement import first_overlap

LAYERS = st.lists(
    st.builds(
        LayerTiles, st.integers(1, 40), st.integers(1, 16), st.integers(1, 16), st.integers(1, 6)
    ),
    min_size=1,
    max_size=8,
)


@examples(200)
@given(LAYERS, st.integers(1, 6), st.integers(1, 6))
def test_tiles_lie_in_crossbars_and_do_not_overlap(
    layers: list[LayerTiles], pes: int, per_pe: int
) -> None:
    """Tiles of a block that fills a PE some times are in one PE."""
    count = pes * per_pe
    plan = floor_plan(layers, count, 16, 16, per_pe)
    if plan is None:
        return
    columns = []
    for number, layer in enumerate(layers):
        placed = plan.placement(number, np.arange(layer.number))
        assert (placed.rows + layer.height <= 16).all()
        assert (placed.columns + layer.width <= 16).all()
        if per_pe % layer.block == 0:
            blocks = np.arange(layer.number) // layer.block
            pairs = set(zip(blocks.tolist(), (placed.crossbars // per_pe).tolist(), strict=True))
            assert len(pairs) == blocks[-1] + 1
        held = Counter(placed.crossbars.tolist())
        assert set(held) <= set(range(count))
        assert max(held.values()) - min(held.values()) <= 1
        sizes = np.full(layer.number, layer.height), np.full(layer.number, layer.width)
        columns.append((placed.crossbars, placed.rows, placed.columns, *sizes))
    assert first_overlap(*(np.concatenate(column) for column in zip(*columns, strict=True))) is None


def test_one_crossbar_holds_what_fills_it() -> None:
    quarters = [LayerTiles(3, 8, 8)] * 4
    plan = floor_plan(quarters, 3, 16, 16)
    assert plan is not None
    corners = {tuple(corner) for layer in plan.corners for corner in layer.tolist()}
    assert corners == {(0, 0), (0, 8), (8, 0), (8, 8)}
    assert floor_plan([*quarters, LayerTiles(1, 1, 1)], 3, 16, 16) is None


def test_layers_with_few_tiles_follow_each_other_and_may_stand_at_the_same_corner() -> None:
    plan = floor_plan([LayerTiles(2, 16, 16), LayerTiles(3, 16, 16)], 5, 16, 16)
    assert plan is not None
    assert plan.firsts == (0, 2)
    assert plan.placement(1, np.arange(3)).crossbars.tolist() == [2, 3, 4]
    assert plan.placement(1, np.arange(3)).rows.tolist() == [0, 0, 0]


def test_further_laps_have_corners_of_their_own() -> None:
    plan = floor_plan([LayerTiles(5, 8, 16)], 3, 16, 16)
    assert plan is not None
    placed = plan.placement(0, np.arange(5))
    assert placed.crossbars.tolist() == [0, 1, 2, 0, 1]
    assert placed.rows.tolist() == [0, 0, 0, 8, 8]


@pytest.mark.parametrize("shape", [(17, 1), (1, 17)])
def test_a_tile_larger_than_a_crossbar_has_no_place(shape: tuple[int, int]) -> None:
    assert floor_plan([LayerTiles(1, *shape)], 4, 16, 16) is None


def test_crossbars_of_too_many_cells_have_no_plan() -> None:
    layers = [LayerTiles(1, 8, 8)]
    assert floor_plan(layers, 4, 2**12, 2**12) is not None
    assert floor_plan(layers, 4, 2**12, 2**13) is None
