"""Gathering: bundles are halved until they fit, and layers without a place come first."""

from __future__ import annotations

import numpy as np
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.geometry.packing.gathering import Bundle, gathered, gathered_layer
from spatem_ir.geometry.packing.neighbourhoods import Neighbourhoods
from spatem_ir.geometry.shapes.placement import Placement
from spatem_ir.geometry.shapes.tile_shapes import TileShapes


def chip(crossbars: int, size: int) -> Neighbourhoods:
    """Empty crossbars of 4 x 4 cells."""
    return Neighbourhoods(crossbars, size, wordlines=4, bitlines=4)


def bundles(height: int, width: int, *sizes: int) -> list[Bundle]:
    """A layer's bundles of so many tiles of one shape."""
    shapes = TileShapes((height,), (width,), np.zeros(sum(sizes), np.int64))
    tiles = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    return [Bundle(together, shapes, (height * width,)) for together in tiles]


def test_a_bundle_keeps_the_order_of_tiles_of_a_shape() -> None:
    shapes = TileShapes((4, 2), (4, 4), np.array([1, 0, 0, 1, 1]))
    bundle = Bundle(np.array([4, 2, 1, 0]), shapes, (16, 8))
    found = [(shape, tiles.tolist()) for shape, tiles in bundle.by_shape]
    assert found == [((4, 4, 16, 2), [2, 1]), ((2, 4, 8, 2), [4, 0])]
    assert [half.tiles.tolist() for half in bundle.halves] == [[4, 2], [1, 0]]


def test_a_bundle_is_halved_until_it_fits() -> None:
    placed = gathered_layer(chip(crossbars=4, size=2), bundles(4, 4, 3))
    assert placed is not None
    assert placed.tiles.tolist() == [0, 1, 2]
    assert placed.crossbars.tolist() == [0, 1, 2]
    assert gathered_layer(chip(crossbars=2, size=2), bundles(4, 4, 3)) is None


def gathered_in_order(
    filled: Neighbourhoods, layers: list[list[Bundle]], order: list[int]
) -> dict[int, Placement]:
    """The places of layers in the given order, up to the first that finds none."""
    placements: dict[int, Placement] = {}
    for number in order:
        placement = gathered_layer(filled, layers[number])
        if placement is None:
            break
        placements[number] = placement
    return placements


@examples(60)
@given(
    st.lists(
        st.builds(
            bundles, st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(2, 6),
    st.integers(1, 3),
)
def test_layers_that_find_no_place_come_first(
    layers: list[list[Bundle]], crossbars: int, size: int
) -> None:
    """The same places as with an empty chip for every order that is tried."""
    found = gathered(chip(crossbars, size), layers)
    first: list[int] = []
    while True:
        order = [*first, *(number for number in range(len(layers)) if number not in first)]
        expected = gathered_in_order(chip(crossbars, size), layers, order)
        if len(expected) == len(layers):
            break
        homeless = order[len(expected)]
        if homeless in first:
            assert found is None
            return
        first.append(homeless)
    assert found is not None
    for number, placed in enumerate(found):
        assert placed.tiles.tolist() == expected[number].tiles.tolist()
        assert placed.crossbars.tolist() == expected[number].crossbars.tolist()
        assert placed.rows.tolist() == expected[number].rows.tolist()
        assert placed.columns.tolist() == expected[number].columns.tolist()
