"""Crossbars that belong to one copy of one layer: how matrices share them, and who shares first."""

from __future__ import annotations

from itertools import product

import numpy as np
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.geometry.packing.exclusive import CopyTiles, sharings
from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.placement import first_overlap
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.loader import load_accelerator

TINY = load_accelerator("tiny")


def depthwise(matrices: int, rows: int = 5, windows: int = 4, copies: int = 1) -> CopyTiles:
    """Matrices of `rows` x 2 weights of one cell: floor(16 / rows) * 8 of them fit a crossbar."""
    layer = Layer(
        "layer",
        (matrices * rows, 1, windows),
        matrices * 2,
        Window((1, 1)),
        matrices,
        weight_bits=2,
    )
    return CopyTiles(layer, Grid(1, 1, copies, 1, rows, 2), TINY)


def test_matrices_share_crossbars_in_equal_fields() -> None:
    tiles = depthwise(30)
    assert tiles.largest_sharing == (16 // 5) * (16 // 2)
    assert [tiles.crossbars(sharing) for sharing in (1, 2, 7, 24, 99)] == [30, 15, 5, 2, 2]
    # a visit: 2 operation units of rows, 1 of columns, 8 bits; 4 windows
    visit = -(-5 // TINY.ou.wordlines) * -(-2 // TINY.ou.bitlines) * 8
    assert [tiles.busy_operations(sharing) for sharing in (1, 7, 24)] == [
        turns * visit * 4 for turns in (1, 6, 15)
    ]


def test_matrices_are_dealt_cyclically_and_tiles_of_one_matrix_apart() -> None:
    layer = Layer("local", (1, 3, 3), 8, Window((1, 1)), region=(1, 1), weight_bits=2)
    tiles = CopyTiles(layer, Grid(1, 2, 1, 1, 1, 4), TINY)
    placed = tiles.place(sharing=3, first=10)
    # nine matrices of two tiles: matrix m in set m mod 3, crossbars in the order of first tiles
    assert placed.crossbars.tolist() == [10, 11, 12, 13, 14, 15] * 3
    assert placed.columns.tolist() == [0] * 6 + [4] * 6 + [8] * 6
    assert not placed.rows.any()


@st.composite
def layers_of_matrices(draw: st.DrawFn) -> CopyTiles:
    rows, columns = draw(st.integers(1, 40)), draw(st.integers(1, 20))
    matrices, windows = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    layer = Layer(
        "layer",
        (matrices * rows, 1, windows),
        matrices * columns,
        Window((1, 1)),
        matrices,
        weight_bits=2,
    )
    tile_rows, tile_columns = draw(st.integers(1, 16)), draw(st.integers(1, 16))
    grid = Grid(
        -(-rows // tile_rows),
        -(-columns // tile_columns),
        draw(st.integers(1, windows)),
        1,
        min(tile_rows, rows),
        min(tile_columns, columns),
    )
    return CopyTiles(layer, grid, TINY)


@examples(60)
@given(layers_of_matrices(), st.integers(1, 20))
def test_crossbars_have_one_owner_and_tiles_do_not_overlap(tiles: CopyTiles, sharing: int) -> None:
    placed = tiles.place(sharing, first=0)
    heights, widths = placed.extents(tiles.layer, tiles.grid, TINY)
    assert set(placed.crossbars.tolist()) == set(range(tiles.crossbars(sharing)))
    assert (placed.rows + heights <= 16).all()
    assert (placed.columns + widths <= 16).all()
    places = placed.crossbars, placed.rows, placed.columns
    assert first_overlap(*places, heights, widths) is None
    at = tiles.grid.coordinates(placed.tiles)
    for crossbar in range(tiles.crossbars(sharing)):
        here = placed.crossbars == crossbar
        assert len(set(at.copy[here].tolist())) == 1
        assert len(set(at.matrix[here].tolist())) == here.sum() <= sharing


@examples(60)
@given(st.lists(layers_of_matrices(), min_size=1, max_size=3), st.integers(1, 60))
def test_no_other_sharing_has_a_less_busy_crossbar(
    several: list[CopyTiles], crossbars: int
) -> None:
    chosen = sharings(several, crossbars)
    possible = [
        max(map(CopyTiles.busy_operations, several, choice))
        for choice in product(*(range(1, tiles.largest_sharing + 1) for tiles in several))
        if sum(map(CopyTiles.crossbars, several, choice)) <= crossbars
    ]
    if chosen is None:
        assert not possible
        return
    assert sum(map(CopyTiles.crossbars, several, chosen)) <= crossbars
    assert max(map(CopyTiles.busy_operations, several, chosen)) == min(possible)


def test_crossbars_left_over_go_to_the_busiest_layer_first() -> None:
    busy, idle = depthwise(8, windows=9), depthwise(8, windows=1)
    assert sharings([busy, idle], 1) is None
    assert sharings([busy, idle], 2) == [8, 8]
    assert sharings([busy, idle], 5) == [2, 8]
    assert sharings([busy, idle], 16) == [1, 1]
    assert np.unique(busy.place(1, 0).crossbars).size == 8
