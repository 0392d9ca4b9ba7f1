"""Placements: extents of tiles, and overlap against cell by cell counting."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from unit.geometry.strategies import partitions

from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.placement import Placement, first_overlap
from spatem_ir.hardware.loader import load_accelerator

RECTANGLES = st.lists(
    st.tuples(
        st.integers(0, 2),
        *[st.integers(0, 6)] * 2,
        *[st.integers(1, 4)] * 2,
    ),
    max_size=10,
)
"""Crossbar, row, column, height, width."""


def cells(rectangle: tuple[int, ...]) -> set[tuple[int, int, int]]:
    crossbar, row, column, height, width = rectangle
    return {
        (crossbar, y, x) for y in range(row, row + height) for x in range(column, column + width)
    }


@given(RECTANGLES)
def test_first_overlap(rectangles: list[tuple[int, ...]]) -> None:
    columns = np.array(rectangles, np.int64).reshape(-1, 5).T
    found = first_overlap(*columns)
    overlapping = [
        (a, b)
        for a, b in combinations(range(len(rectangles)), 2)
        if cells(rectangles[a]) & cells(rectangles[b])
    ]
    if found is None:
        assert not overlapping
    else:
        assert tuple(sorted(found)) in overlapping


@given(partitions())
def test_extents(case: tuple[Layer, Grid]) -> None:
    layer, grid = case
    tiny = load_accelerator("tiny")
    tiles = np.arange(grid.tiles(layer))
    zeros = np.zeros_like(tiles)
    heights, widths = Placement(tiles, zeros, zeros, zeros).extents(layer, grid, tiny)
    for tile, height, width in zip(tiles.tolist(), heights, widths, strict=True):
        at = grid.coordinates(tile)
        first_row, last_row = grid.row_range(layer, at.row)
        first_column, last_column = grid.column_range(layer, at.column)
        assert height == grid.blocks(layer, at.matrix) * (last_row - first_row)
        assert width == (last_column - first_column) * tiny.cells_per_weight(layer.weight_bits)


def test_joined_and_sorted_by_tile() -> None:
    first = Placement(*np.array([[4, 0], [10, 11], [1, 2], [5, 6]]))
    second = Placement(*np.array([[2], [12], [3], [7]]))
    joined = Placement.joined([first, second])
    assert joined.tiles.tolist() == [4, 0, 2]
    ordered = joined.by_tile()
    assert ordered.tiles.tolist() == [0, 2, 4]
    assert ordered.crossbars.tolist() == [11, 12, 10]
    assert ordered.rows.tolist() == [2, 3, 1]
    assert ordered.columns.tolist() == [6, 7, 5]
