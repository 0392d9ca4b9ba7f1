"""Worst-fit packing: geometrically possible, to the emptiest crossbar, never below the bound."""

from __future__ import annotations

from itertools import product

import numpy as np
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.geometry.packing.packing import (
    CrossbarPool,
    PlaceRun,
    Rectangle,
    crossbars_needed,
    take_corner,
)
from spatem_ir.geometry.shapes.placement import first_overlap

WORDLINES, BITLINES = 8, 6

Shape = tuple[int, int, int]
"""Height, width and number of equal tiles."""

Place = tuple[int, int, int]
"""Crossbar, row and column of a tile."""

SHAPES = st.lists(
    st.tuples(st.integers(1, WORDLINES), st.integers(1, BITLINES), st.integers(1, 6)),
    min_size=1,
    max_size=6,
)


def places_of(runs: list[PlaceRun]) -> list[Place]:
    """The place of every tile, in order."""
    return [
        (run.crossbar + number, run.row, run.column) for run in runs for number in range(run.length)
    ]


def packed(shapes: list[Shape], crossbars: int) -> list[tuple[Shape, Place]] | None:
    """Every tile with its place, loads counted in cells; None if one does not fit."""
    pool = CrossbarPool(crossbars, WORDLINES, BITLINES)
    tiles: list[tuple[Shape, Place]] = []
    for shape in shapes:
        height, width, count = shape
        runs = pool.place_all(height, width, height * width, count)
        if runs is None:
            return None
        places = places_of(runs)
        assert len(places) == count
        tiles += [(shape, place) for place in places]
    return tiles


@examples(60)
@given(SHAPES, st.integers(1, 40))
def test_tiles_lie_inside_crossbars_and_do_not_overlap(shapes: list[Shape], crossbars: int) -> None:
    tiles = packed(shapes, crossbars)
    if tiles is None:
        return
    heights, widths, _ = np.array([shape for shape, _ in tiles]).T
    numbers, rows, columns = np.array([place for _, place in tiles]).T
    assert numbers.min() >= 0
    assert numbers.max() < crossbars
    assert min(rows.min(), columns.min()) >= 0
    assert (rows + heights).max() <= WORDLINES
    assert (columns + widths).max() <= BITLINES
    assert first_overlap(numbers, rows, columns, heights, widths) is None


@examples(60)
@given(SHAPES, st.integers(1, 12))
def test_each_tile_goes_to_the_emptiest_crossbar_that_can_hold_it(
    shapes: list[Shape], crossbars: int
) -> None:
    """One tile after the other, every crossbar tried in ascending (load, number)."""
    tiles = packed(shapes, crossbars)
    free = [[Rectangle(0, 0, WORDLINES, BITLINES)] for _ in range(crossbars)]
    loads = [0] * crossbars
    expected: list[Place] = []
    for height, width, count in shapes:
        for _ in range(count):
            for number in sorted(range(crossbars), key=lambda n: (loads[n], n)):
                corner = take_corner(free[number], height, width)
                if corner is not None:
                    expected.append((number, *corner))
                    loads[number] += height * width
                    break
            else:
                assert tiles is None
                return
    assert tiles is not None
    assert [place for _, place in tiles] == expected


@examples(60)
@given(SHAPES)
def test_a_crossbar_for_each_tile_is_always_enough(shapes: list[Shape]) -> None:
    count = sum(number for _, _, number in shapes)
    tiles = packed(shapes, count)
    assert tiles is not None
    assert [place for _, place in tiles] == [(number, 0, 0) for number in range(count)]


@examples(60)
@given(SHAPES)
def test_crossbars_needed_is_a_lower_bound(shapes: list[Shape]) -> None:
    needed = crossbars_needed(shapes, WORDLINES, BITLINES)
    assert needed >= 1
    assert packed(shapes, needed - 1) is None


def test_crossbars_needed_by_cells_and_by_tiles_that_cannot_share() -> None:
    assert crossbars_needed([(4, 3, 5)], WORDLINES, BITLINES) == 2
    assert crossbars_needed([(5, 4, 3), (1, 1, 1)], WORDLINES, BITLINES) == 3
    assert crossbars_needed([(4, 6, 3)], WORDLINES, BITLINES) == 2
    assert crossbars_needed([], WORDLINES, BITLINES) == 0


def test_loads_are_what_the_caller_says() -> None:
    pool = CrossbarPool(3, WORDLINES, BITLINES)
    assert pool.place_all(1, 1, 50, 1) == [PlaceRun(0, 1, 0, 0)]
    assert pool.place_all(8, 3, 20, 2) == [PlaceRun(1, 2, 0, 0)]
    assert pool.place_all(7, 3, 20, 3) == [PlaceRun(1, 2, 0, 3), PlaceRun(0, 1, 1, 0)]
    assert pool.place_all(7, 3, 20, 2) is None


@examples(60)
@given(SHAPES, st.integers(1, 6), st.integers(1, WORDLINES), st.integers(1, BITLINES))
def test_room_is_for_as_many_tiles_as_find_a_place(
    shapes: list[Shape], crossbars: int, height: int, width: int
) -> None:
    """However full the crossbars are; other tiles never make room."""
    pool = CrossbarPool(crossbars, WORDLINES, BITLINES)
    room = pool.room(height, width)
    for other_height, other_width, count in shapes:
        pool.place_all(other_height, other_width, 1, count)
        assert pool.room(height, width) <= room
        room = pool.room(height, width)
    assert pool.copy().place_all(height, width, 1, room + 1) is None
    assert pool.place_all(height, width, 1, room) is not None
    assert pool.room(height, width) == 0


def test_an_unsuitable_crossbar_is_tried_again_for_another_shape() -> None:
    pool = CrossbarPool(2, WORDLINES, BITLINES)
    assert pool.place_all(8, 4, 1, 1) == [PlaceRun(0, 1, 0, 0)]
    assert pool.place_all(8, 6, 9, 1) == [PlaceRun(1, 1, 0, 0)]
    assert pool.place_all(8, 2, 1, 1) == [PlaceRun(0, 1, 0, 4)]


@examples(60)
@given(
    st.tuples(*[st.integers(0, 5)] * 2, *[st.integers(1, 9)] * 2).map(lambda r: Rectangle(*r)),
    st.integers(1, 9),
    st.integers(1, 9),
)
def test_guillotine_cuts_keep_every_other_cell_free(
    whole: Rectangle, height: int, width: int
) -> None:
    free = [whole]
    corner = take_corner(free, height, width)
    if height > whole.height or width > whole.width:
        assert corner is None
        assert free == [whole]
        return
    assert corner == (whole.row, whole.column)
    rectangles = [Rectangle(whole.row, whole.column, height, width), *free]
    cells = [cell for rectangle in rectangles for cell in cells_of(rectangle)]
    assert len(cells) == len(set(cells))
    assert set(cells) == set(cells_of(whole))


def test_the_tile_goes_where_the_shortest_side_is_left() -> None:
    free = [Rectangle(0, 0, 8, 6), Rectangle(0, 8, 4, 3), Rectangle(0, 12, 3, 9)]
    assert take_corner(free, 3, 3) == (0, 8)
    assert free == [Rectangle(0, 0, 8, 6), Rectangle(0, 12, 3, 9), Rectangle(3, 8, 1, 3)]


def cells_of(rectangle: Rectangle) -> list[tuple[int, int]]:
    row, column, height, width = rectangle
    return list(product(range(row, row + height), range(column, column + width)))
