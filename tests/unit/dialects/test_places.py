"""Places as ops and as arrays."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.dialects.places import MOST_RUNS, place_runs
from spatem_ir.dialects.pxb import PxbPlaceOp
from spatem_ir.dialects.vxb import VxbPlaceOp
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.geometry.shapes.placement import Placement


def sequence(*indices: int) -> IndexSequence:
    return IndexSequence.of(indices)


def test_a_sequence_of_one_holds_for_all_tiles() -> None:
    placed = VxbPlaceOp(
        "conv", sequence(3, 5, 4), sequence(7), sequence(0, 4, 8), sequence(2)
    ).placement
    assert placed.tiles.tolist() == [3, 5, 4]
    assert placed.crossbars.tolist() == [7, 7, 7]
    assert placed.rows.tolist() == [0, 4, 8]
    assert placed.columns.tolist() == [2, 2, 2]


PLACES = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 9), st.integers(0, 2), st.integers(0, 2)),
    min_size=1,
    max_size=60,
)
"""Tile, crossbar, row, column."""


@given(PLACES)
def test_runs_place_what_was_to_be_placed(places: list[tuple[int, int, int, int]]) -> None:
    placed = Placement(*np.array(places, np.int64).T)
    ops = place_runs(PxbPlaceOp, "conv", placed)
    joined = Placement.joined([op.placement for op in ops])
    assert joined.tiles.tolist() == placed.tiles.tolist()
    assert joined.crossbars.tolist() == placed.crossbars.tolist()
    assert joined.rows.tolist() == placed.rows.tolist()
    assert joined.columns.tolist() == placed.columns.tolist()
    assert len(ops) <= MOST_RUNS
    for op in ops:
        op.verify_()
        assert isinstance(op, PxbPlaceOp)
        assert op.layer.string_value() == "conv"


def test_one_op_for_each_corner() -> None:
    tiles = np.arange(6)
    placed = Placement(tiles, tiles, np.array([0, 0, 0, 4, 4, 4]), np.zeros(6, np.int64))
    assert [str(op.tiles.data) for op in place_runs(VxbPlaceOp, "conv", placed)] == [
        "0 to 3",
        "3 to 6",
    ]


def test_a_table_where_corners_change_often() -> None:
    tiles = np.arange(MOST_RUNS + 1)
    placed = Placement(tiles, tiles, tiles % 2, tiles)
    (op,) = place_runs(VxbPlaceOp, "conv", placed)
    assert op.rows.data == IndexSequence.of((tiles % 2).tolist())
