"""Operands of weight layers: im2col windows of a batch of images, and their bit parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.shapes.layer import Layer


class Operands:
    """The windows of a layer's input.

    Images come last, so that one window of all images is contiguous: `planes` has shape
    [channels, height · width + 1, images]; the last position is what padding reads, the input's
    zero point.
    """

    def __init__(self, layer: Layer, images: NDArray[np.integer], zero_point: int):
        channels, height, width = layer.input_shape
        self.layer = layer
        self.positions = layer.window.positions(height, width)
        self.planes = np.full((channels, height * width + 1, len(images)), zero_point, images.dtype)
        flat = images.reshape(len(images), channels, -1)
        self.planes[:, :-1] = flat.transpose(1, 2, 0)

    def columns(self, matrix: int, positions: NDArray[np.int64]) -> NDArray[np.integer]:
        """Matrix rows of the windows at the given output positions: [rows, windows, images]."""
        layer = self.layer
        channels = layer.input_shape[0] // layer.groups
        first = matrix * channels if layer.region is None else 0
        taken = self.planes[first : first + channels].take(self.positions[positions].T, axis=1)
        return taken.reshape(layer.rows, len(positions), -1)


def bit_part(
    values: NDArray[np.integer], layer: Layer, first: int, last: int
) -> NDArray[np.integer]:
    """What input bits [first, last) contribute to the values.

    The top bit of a signed activation counts negative (two's complement); shifting right keeps it.
    """
    if last - first == layer.input_bits:
        return values
    part = values >> first
    if not (layer.input_signed and last == layer.input_bits):
        part &= (1 << (last - first)) - 1
    return part << first
