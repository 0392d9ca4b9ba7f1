"""Windows over feature maps, kernel position by kernel position."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from spatem_ir.geometry.shapes.window import Window
from spatem_ir.numerics.codes import Array


def kernel_planes(images: Array, window: Window, padding: float) -> Iterator[Array]:
    """The activation at each kernel position of every window, in raster order.

    Yields arrays of shape [images, channels, rows, columns].
    """
    top, left, bottom, right = window.pads
    pads = ((0, 0), (0, 0), (top, bottom), (left, right))
    padded = np.pad(images, pads, constant_values=padding) if any(window.pads) else images
    rows, columns = window.fitting(*images.shape[2:])
    (down, across), (row_step, column_step) = window.strides, window.dilations
    for i, j in product(*map(range, window.kernel)):
        y, x = i * row_step, j * column_step
        last_y, last_x = y + (rows - 1) * down, x + (columns - 1) * across
        plane = padded[:, :, y : last_y + 1 : down, x : last_x + 1 : across]
        for axis, chosen in enumerate(window.chosen, 2):
            plane = plane if chosen is None else plane.take(chosen.to_array(), axis)
        yield plane
