"""What operators read, against a loop over result elements."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.geometry.shapes.reach import Reach, Shape
from spatem_ir.geometry.shapes.window import PADDING, Axis, Window

shapes = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))


def read(reach: Reach, result: Shape, channel: int, position: int) -> set[int]:
    """The elements that one element of the result reads, padding left out."""
    elements = reach.elements(slice(channel, channel + 1))
    assert elements.shape[:2] == (result[1] * result[2], 1)
    inside = [element for element in elements[position, 0].tolist() if element != PADDING]
    assert len(set(inside)) == len(inside)
    return set(inside)


def elements(shape: Shape) -> Iterator[tuple[int, ...]]:
    """Channel, row and column of every element in row-major order."""
    return product(*map(range, shape))


def number(shape: Shape, channel: int, row: int, column: int) -> int:
    return (channel * shape[1] + row) * shape[2] + column


@given(shapes, st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_elements_are_repeated_along_extents_of_one(
    shape: Shape, repeated: tuple[bool, bool, bool]
) -> None:
    c, h, w = (1 if once else extent for extent, once in zip(shape, repeated, strict=True))
    operand = (c, h, w)
    reach = Reach.of_elements(operand, shape)
    for channel, row, column in elements(shape):
        index = (min(channel, c - 1), min(row, h - 1), min(column, w - 1))
        expected = {number(operand, *index)}
        assert read(reach, shape, channel, row * shape[2] + column) == expected


@given(shapes, st.integers(1, 7))
def test_windows_over_channels(shape: Shape, size: int) -> None:
    reach = Reach.of_channels(shape, size)
    for channel, row, column in elements(shape):
        around = range(channel - (size - 1) // 2, channel + size // 2 + 1)
        inside = [other for other in around if 0 <= other < shape[0]]
        expected = {number(shape, other, row, column) for other in inside}
        assert read(reach, shape, channel, row * shape[2] + column) == expected


@given(shapes, st.integers(0, 2))
def test_lines_hold_all_along_a_dimension(shape: Shape, dimension: int) -> None:
    reach = Reach.of_line(shape, dimension)
    for index in elements(shape):
        expected = {
            number(shape, *other)
            for other in elements(shape)
            if all(
                a == b for d, (a, b) in enumerate(zip(index, other, strict=True)) if d != dimension
            )
        }
        assert read(reach, shape, index[0], index[1] * shape[2] + index[2]) == expected


pads = st.tuples(st.integers(0, 2), st.integers(0, 2))


@given(shapes, st.tuples(pads, pads, pads))
def test_padding_reads_nothing_outside(shape: Shape, added: tuple[tuple[int, int], ...]) -> None:
    reach = Reach.of_padding(shape, added)
    c, h, w = (b + extent + a for extent, (b, a) in zip(shape, added, strict=True))
    for index in elements((c, h, w)):
        inner = [at - before for at, (before, _) in zip(index, added, strict=True)]
        inside = all(0 <= at < extent for at, extent in zip(inner, shape, strict=True))
        expected = {number(shape, *inner)} if inside else set()
        assert read(reach, (c, h, w), index[0], index[1] * w + index[2]) == expected


def test_a_pooling_reads_its_windows_channel_by_channel() -> None:
    reach = Reach.of_window((2, 2, 3), Window((2, 2), (1, 2), (1, 0, 0, 1)))
    assert reach.positions().tolist() == [
        [PADDING, PADDING, 0, 1],
        [PADDING, PADDING, 2, PADDING],
        [0, 1, 3, 4],
        [2, PADDING, 5, PADDING],
    ]
    assert reach.elements(slice(1, 2))[2].tolist() == [[6, 7, 9, 10]]


@pytest.mark.parametrize(
    ("axis", "indices"),
    [
        (Axis(3, 3), [[0], [1], [2]]),
        (Axis(5, 2, kernel=2, stride=2, first=-1, dilation=2), [[PADDING, 1], [1, 3]]),
        (Axis(2, 2, kernel=2, stride=0), [[0, 1], [0, 1]]),
        (Axis(1, 3, stride=0), [[0], [0], [0]]),
        (Axis(2, 4, first=-1), [[PADDING], [0], [1], [PADDING]]),
    ],
)
def test_indices_along_a_dimension(axis: Axis, indices: list[list[int]]) -> None:
    assert axis.indices().tolist() == indices
