"""Layers as matrices: operands against loops, and the sizes of known layers."""

from __future__ import annotations

from hypothesis import given
from unit.geometry.strategies import layers

from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import PADDING, Window


def read(layer: Layer, position: int, channel: int, i: int, j: int) -> int:
    """The input element under kernel offset (i, j) of the window of an output position."""
    _, height, width = layer.input_shape
    row, column = divmod(position, layer.output_size[1])
    y = row * layer.window.strides[0] - layer.window.pads[0] + i * layer.window.dilations[0]
    x = column * layer.window.strides[1] - layer.window.pads[1] + j * layer.window.dilations[1]
    if not (0 <= y < height and 0 <= x < width):
        return PADDING
    return (channel * height + y) * width + x


@given(layers())
def test_operand_elements(layer: Layer) -> None:
    kernel_rows, kernel_columns = layer.window.kernel
    channels = layer.input_shape[0] // layer.groups
    for matrix in range(layer.matrices):
        group = matrix if layer.region is None else 0
        expected = [
            [
                read(layer, position, group * channels + channel, i, j)
                for channel in range(channels)
                for i in range(kernel_rows)
                for j in range(kernel_columns)
            ]
            for position in layer.window_positions(matrix).tolist()
        ]
        operand = layer.operand_elements(matrix)
        assert operand.tolist() == expected
        assert operand.shape == (layer.windows, layer.rows)


@given(layers())
def test_matrices_cover_the_output_once(layer: Layer) -> None:
    outputs = [
        (layer.channel_base(matrix) + column, position)
        for matrix in range(layer.matrices)
        for column in range(layer.columns)
        for position in layer.window_positions(matrix).tolist()
    ]
    everything = [(n, p) for n in range(layer.out_channels) for p in range(layer.positions)]
    assert sorted(outputs) == everything
    by_matrix = [layer.window_positions(matrix).tolist() for matrix in range(layer.matrices)]
    assert layer.positions_by_matrix().tolist() == by_matrix


def test_regions_are_blocks_of_neighbouring_positions() -> None:
    layer = Layer("local", (1, 4, 6), 1, Window((1, 1)), region=(2, 3))
    assert layer.matrices == 4
    assert layer.window_positions(0).tolist() == [0, 1, 2, 6, 7, 8]
    assert layer.window_positions(3).tolist() == [15, 16, 17, 21, 22, 23]


def test_second_layer_of_grouped_caffenet() -> None:
    layer = Layer("conv2", (96, 27, 27), 256, Window((5, 5), pads=(2, 2, 2, 2)), groups=2)
    assert (layer.matrices, layer.rows, layer.columns, layer.windows) == (2, 1200, 128, 729)
    assert layer.weights == 256 * 48 * 5 * 5
    assert layer.channel_base(1) == 128


def test_dense_layer_is_one_window() -> None:
    layer = Layer("fc", (400, 1, 1), 120, Window((1, 1)))
    assert (layer.matrices, layer.rows, layer.columns, layer.windows) == (1, 400, 120, 1)
    assert layer.operand_elements(0).tolist() == [list(range(400))]


def test_locally_connected_layer_has_weights_of_its_own_at_every_position() -> None:
    layer = Layer("L4", (16, 63, 63), 16, Window((9, 9)), region=(1, 1))
    assert (layer.matrices, layer.windows) == (55 * 55, 1)
    assert layer.weights == 55 * 55 * 16 * 16 * 81
