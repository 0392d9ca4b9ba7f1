"""Packing by neighbourhoods: which tiles are bundled, where bundles go, what fits."""

from __future__ import annotations

import numpy as np
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.geometry.strategies import partitions

from spatem_ir.geometry.grid import Grid
from spatem_ir.geometry.layer import Layer
from spatem_ir.geometry.neighbourhoods import Neighbourhoods, Shape, bundles, tiles_by_pooling
from spatem_ir.geometry.window import Window


def cut(count: int, block: int, size: int, together: int = 1) -> list[list[int]]:
    """The bundles of tiles 0, 1, 2 …"""
    return [bundle.tolist() for bundle in bundles(np.arange(count), block, size, together)]


def test_a_bundle_is_as_many_blocks_as_fit() -> None:
    assert cut(10, block=2, size=5) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert cut(6, block=1, size=5, together=2) == [[0, 1, 2, 3], [4, 5]]
    assert cut(6, block=1, size=5, together=9) == [[0, 1, 2, 3, 4], [5]]


def test_a_block_larger_than_a_neighbourhood_is_cut_evenly() -> None:
    assert cut(14, block=7, size=5) == [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9, 10], [11, 12, 13]]


@examples(60)
@given(partitions(), st.integers(1, 12), st.integers(1, 4))
def test_bundles_are_all_tiles_in_order(case: tuple[Layer, Grid], size: int, together: int) -> None:
    layer, grid = case
    tiles = np.arange(grid.tiles(layer))
    found = bundles(tiles, grid.hwm * grid.ib, size, together)
    assert np.concatenate(found).tolist() == tiles.tolist()
    assert max(map(len, found)) <= size


def test_copies_of_one_pooling_window_come_together() -> None:
    layer = Layer("conv", (1, 4, 4), 2, Window((1, 1)), weight_bits=2)
    grid = Grid(1, 2, 16, 1, 1, 1)
    tiles = tiles_by_pooling(layer, grid, Window((2, 2), (2, 2)))
    copies = (tiles.reshape(-1, 2)[:, 0] // 2).reshape(4, 4)
    assert copies.tolist() == [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]
    assert tiles_by_pooling(layer, grid, None).tolist() == list(range(32))


@examples(40)
@given(partitions(), st.integers(1, 3), st.integers(1, 3))
def test_pooling_moves_whole_copies(case: tuple[Layer, Grid], kernel: int, stride: int) -> None:
    layer, grid = case
    rows, columns = layer.output_size
    if min(rows, columns) < kernel:
        return
    tiles = tiles_by_pooling(layer, grid, Window((kernel, kernel), (stride, stride)))
    by_copy = tiles.reshape(-1, grid.tiles_per_copy)
    assert sorted(by_copy[:, 0].tolist()) == list(range(0, grid.tiles(layer), grid.tiles_per_copy))
    assert (by_copy - by_copy[:, :1] == np.arange(grid.tiles_per_copy)).all()


def test_a_bundle_goes_where_the_crossbars_that_take_it_are_emptiest() -> None:
    chip = Neighbourhoods(crossbars=6, size=3, wordlines=4, bitlines=4)
    assert chip.place([Shape(2, 4, 8, 2)]) == [[(0, 2, 0, 0)]]
    # one crossbar of the first neighbourhood is empty, two are wanted
    assert chip.place([Shape(2, 4, 8, 2)]) == [[(3, 2, 0, 0)]]
    assert chip.place([Shape(4, 4, 16, 1)]) == [[(2, 1, 0, 0)]]
    # both neighbourhoods hold two tiles of half a crossbar; only the second a whole one
    assert chip.place([Shape(4, 4, 16, 1), Shape(2, 4, 8, 2)]) == [[(5, 1, 0, 0)], [(3, 2, 2, 0)]]
    assert chip.place([Shape(4, 4, 16, 1)]) is None
    assert chip.place([Shape(2, 4, 8, 2)]) == [[(0, 2, 2, 0)]]
