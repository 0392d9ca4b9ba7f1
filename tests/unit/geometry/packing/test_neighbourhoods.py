"""Packing by neighbourhoods: which tiles are bundled, where bundles go, what fits."""

from __future__ import annotations

import numpy as np
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.geometry.strategies import partitions

from spatem_ir.geometry.packing.neighbourhoods import Neighbourhoods, TileGroup, bundles
from spatem_ir.geometry.packing.packing import CrossbarPool
from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window

DENSE = Layer("dense", (12, 1, 1), 6, Window((1, 1)), weight_bits=2)
CONV = Layer("conv", (1, 4, 4), 2, Window((1, 1)), weight_bits=2)


def cut(layer: Layer, grid: Grid, size: int, pooling: Window | None = None) -> list[list[int]]:
    """The bundles of a layer's tiles where they have a crossbar each."""
    crossbars = grid.tiles(layer)
    return [bundle.tolist() for bundle in bundles(layer, grid, pooling, crossbars, size)]


def copies(found: list[list[int]], grid: Grid) -> list[list[int]]:
    """The copies of the tiles of each bundle."""
    return [grid.coordinates(np.array(bundle)).copy.tolist() for bundle in found]


def test_a_bundle_is_as_many_blocks_as_fit() -> None:
    assert cut(DENSE, Grid(2, 3, 1, 1, 6, 2), size=5) == [[0, 1, 2, 3], [4, 5]]
    assert cut(DENSE, Grid(1, 6, 1, 1, 12, 1), size=4) == [[0, 1, 2, 3], [4, 5]]


def test_a_block_larger_than_a_neighbourhood_is_cut_evenly() -> None:
    found = cut(DENSE, Grid(6, 2, 1, 1, 2, 3), size=4)
    assert found == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]


@examples(60)
@given(partitions(), st.integers(1, 12), st.integers(1, 3), st.integers(1, 3))
def test_bundles_hold_every_tile_once(
    case: tuple[Layer, Grid], size: int, kernel: int, stride: int
) -> None:
    layer, grid = case
    pooling = Window((kernel, kernel), (stride, stride))
    for found in (cut(layer, grid, size), cut(layer, grid, size, pooling)):
        assert sorted(tile for bundle in found for tile in bundle) == [*range(grid.tiles(layer))]
    assert max(map(len, cut(layer, grid, size))) <= size


def test_the_copies_of_one_pooling_window_come_together() -> None:
    grid = Grid(1, 2, 16, 1, 1, 1)
    found = cut(CONV, grid, 4, Window((2, 2), (2, 2)))
    windows = [[0, 1, 4, 5], [8, 9, 12, 13], [2, 3, 6, 7], [10, 11, 14, 15]]
    assert copies(found, grid) == windows * 2
    columns = [set(grid.coordinates(np.array(bundle)).column.tolist()) for bundle in found]
    assert columns == [{0}] * 4 + [{1}] * 4


def test_a_pooling_window_stays_together_where_it_exceeds_a_neighbourhood() -> None:
    grid = Grid(1, 1, 16, 1, 1, 2)
    assert copies(cut(CONV, grid, 2, Window((2, 2), (2, 2))), grid) == [
        [0, 1, 4, 5],
        [8, 9, 12, 13],
        [2, 3, 6, 7],
        [10, 11, 14, 15],
    ]


def test_bundles_grow_where_tiles_share_crossbars() -> None:
    grid = Grid(1, 1, 16, 1, 1, 2)
    found = bundles(CONV, grid, Window((2, 2), (2, 2)), crossbars=8, size=4)
    assert [len(bundle) for bundle in found] == [8, 8]


def test_overlapping_windows_make_larger_bundles() -> None:
    layer = Layer("conv", (1, 6, 6), 1, Window((1, 1)), weight_bits=2)
    grid = Grid(1, 1, 6, 1, 1, 1)
    # copies are columns: a window of three reads the first column of the next bundle
    assert copies(cut(layer, grid, 2, Window((3, 3), (2, 2))), grid) == [[0, 1, 2], [3, 4, 5]]
    assert copies(cut(layer, grid, 2, Window((2, 2), (2, 2))), grid) == [[0, 1], [2, 3], [4, 5]]


def test_a_block_beyond_the_chip_is_not_gathered_for_pooling() -> None:
    grid = Grid(1, 1, 16, 8, 1, 2)
    pooling = Window((2, 2), (2, 2))
    assert cut(CONV, grid, 4, pooling) == cut(CONV, grid, 4)


def test_a_bundle_goes_where_the_crossbars_that_take_it_are_emptiest() -> None:
    chip = Neighbourhoods(crossbars=6, size=3, wordlines=4, bitlines=4)
    assert chip.place([TileGroup(2, 4, 8, 2)]) == [[(0, 2, 0, 0)]]
    # one crossbar of the first neighbourhood is empty, two are wanted
    assert chip.place([TileGroup(2, 4, 8, 2)]) == [[(3, 2, 0, 0)]]
    assert chip.place([TileGroup(4, 4, 16, 1)]) == [[(2, 1, 0, 0)]]
    # both neighbourhoods hold two tiles of half a crossbar; only the second a whole one
    assert chip.place([TileGroup(4, 4, 16, 1), TileGroup(2, 4, 8, 2)]) == [
        [(5, 1, 0, 0)],
        [(3, 2, 2, 0)],
    ]
    assert chip.place([TileGroup(4, 4, 16, 1)]) is None
    assert chip.place([TileGroup(2, 4, 8, 2)]) == [[(0, 2, 2, 0)]]


@examples(60)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
            min_size=1,
            max_size=3,
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(1, 7),
    st.integers(1, 3),
)
def test_every_neighbourhood_is_tried_from_the_emptiest_on(
    bundles_of_shapes: list[list[tuple[int, int, int]]], crossbars: int, size: int
) -> None:
    """The same places as without any memory of what had no room."""
    chip = Neighbourhoods(crossbars, size, wordlines=4, bitlines=4)
    firsts = range(0, crossbars, size)
    pools = [CrossbarPool(min(size, crossbars - first), 4, 4, first) for first in firsts]
    for bundle in bundles_of_shapes:
        shapes = [
            TileGroup(height, width, height * width, tiles) for height, width, tiles in bundle
        ]
        deciding = min(sum(shape.tiles for shape in shapes), size) - 1
        expected = None
        for pool in sorted(pools, key=lambda pool: pool.loads(size)[deciding]):
            filled = pool.copy()
            runs = [filled.place_all(h, w, load, tiles) for h, w, load, tiles in shapes]
            if None not in runs:
                pools[pools.index(pool)] = filled
                expected = runs
                break
        assert chip.place(shapes) == expected
