"""Windows: positions against loops over rows, columns and kernel offsets."""

from __future__ import annotations

import pytest
from hypothesis import given
from unit.geometry.strategies import windows

from spatem_ir.geometry.shapes.window import PADDING, Window


@given(windows())
def test_positions(case: tuple[Window, int, int]) -> None:
    window, height, width = case
    (kernel_rows, kernel_columns), (stride_y, stride_x) = window.kernel, window.strides
    (top, left, bottom, right), (dilation_y, dilation_x) = window.pads, window.dilations
    extent_rows, extent_columns = window.extent
    expected = []
    for first_y in range(-top, height + bottom - extent_rows + 1, stride_y):
        for first_x in range(-left, width + right - extent_columns + 1, stride_x):
            reads = []
            for i in range(kernel_rows):
                for j in range(kernel_columns):
                    y, x = first_y + i * dilation_y, first_x + j * dilation_x
                    inside = 0 <= y < height and 0 <= x < width
                    reads.append(y * width + x if inside else PADDING)
            expected.append(reads)
    assert window.positions(height, width).tolist() == expected
    rows, columns = window.output_size(height, width)
    assert rows * columns == len(expected)


@pytest.mark.parametrize(
    ("window", "size"),
    [
        (Window((3, 3)), (5, 9)),
        (Window((3, 3), strides=(2, 3)), (3, 3)),
        (Window((3, 3), pads=(1, 0, 0, 2)), (6, 11)),
        (Window((3, 3), dilations=(3, 2)), (1, 7)),
        (Window((7, 11)), (1, 1)),
        (Window((8, 12)), (0, 0)),
        (Window((9, 12), strides=(1, 2)), (-1, 0)),
    ],
)
def test_output_size(window: Window, size: tuple[int, int]) -> None:
    assert window.output_size(7, 11) == size


def test_extent_of_a_dilated_kernel() -> None:
    assert Window((3, 1), dilations=(2, 5)).extent == (5, 1)


@given(windows())
def test_padding_alone(case: tuple[Window, int, int]) -> None:
    window, height, width = case
    positions = window.positions(height, width)
    assert window.padding_alone(height, width) == bool((positions == PADDING).all(axis=1).any())
