"""Pooling on arrays of shape [images, channels, height, width], of reals or of codes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from itertools import product

import numpy as np

from spatem_ir.dialects.cnn.attributes import Quantization
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.numerics.codes import (
    Codes,
    Reals,
    centred,
    dequantize,
    to_codes,
    to_codes_after_shift,
)
from spatem_ir.runtime.values.digital import Array

LANES = 4
"""Sums that onnxruntime's global average pooling keeps side by side, in one vector register."""


def kernel_planes(images: Array, window: Window, padding: float) -> Iterator[Array]:
    """The activation at each kernel position of every window, in raster order.

    Yields arrays of shape [images, channels, rows, columns].
    """
    top, left, bottom, right = window.pads
    pads = ((0, 0), (0, 0), (top, bottom), (left, right))
    padded = np.pad(images, pads, constant_values=padding) if any(window.pads) else images
    rows, columns = window.output_size(*images.shape[2:])
    (down, across), (row_step, column_step) = window.strides, window.dilations
    for i, j in product(*map(range, window.kernel)):
        y, x = i * row_step, j * column_step
        last_y, last_x = y + (rows - 1) * down, x + (columns - 1) * across
        yield padded[:, :, y : last_y + 1 : down, x : last_x + 1 : across]


def max_pool(images: Array, window: Window) -> Array:
    """The largest element of each window; padding never wins."""
    is_real = np.issubdtype(images.dtype, np.floating)
    lowest = -np.inf if is_real else np.iinfo(images.dtype).min
    return reduce(np.maximum, kernel_planes(images, window, lowest))


def average_pool(images: Reals, window: Window, *, count_include_pad: bool) -> Reals:
    """The mean of each window, of the activations that count.

    Summed as onnxruntime does: kernel column after kernel column, the sums of the columns then from
    left to right; with dilations in raster order.
    """
    planes = list(kernel_planes(images, window, 0))
    if window.dilations == (1, 1):
        width = window.kernel[1]
        planes = [reduce(np.add, planes[column::width]) for column in range(width)]
    return np.divide(reduce(np.add, planes), _counts(images, window, count_include_pad))


def average_pool_codes(
    images: Codes,
    window: Window,
    source: Quantization,
    target: Quantization,
    *,
    count_include_pad: bool,
) -> Codes:
    """The mean of each window of codes, as a code of `target`.

    ``saturate(round_half_even((Σ (x − source zero point) · source scale) / n / target scale +
    target zero point))`` in float32, summed in raster order, where n counts padded activations only
    with `count_include_pad`.  The zero point is added before rounding, as onnxruntime's
    QLinearAveragePool does: ties differ from those of requantisation where it is odd.
    """
    sums = reduce(np.add, kernel_planes(dequantize(images, source), window, 0))
    means = np.divide(sums, _counts(images, window, count_include_pad), dtype=np.float32)
    return to_codes_after_shift(np.divide(means, target.scale, dtype=np.float32), target)


def global_average_pool(images: Reals) -> Reals:
    """The mean of each channel: [images, channels, 1, 1].

    Summed as onnxruntime does: :data:`LANES` sums of every fourth element, added crosswise, then
    the elements that are left over.
    """
    flat = images.reshape(*images.shape[:2], -1)
    whole = flat.shape[2] // LANES * LANES
    lanes = np.zeros((*flat.shape[:2], LANES), np.float32)
    for first in range(0, whole, LANES):
        lanes += flat[:, :, first : first + LANES]
    sums = (lanes[:, :, 0] + lanes[:, :, 2]) + (lanes[:, :, 1] + lanes[:, :, 3])
    for last in range(whole, flat.shape[2]):
        sums += flat[:, :, last]
    return np.divide(sums, np.float32(flat.shape[2]))[:, :, None, None]


def global_average_pool_codes(images: Codes, source: Quantization, target: Quantization) -> Codes:
    """The mean of each channel of codes, as a code of `target`: [images, channels, 1, 1].

    ``saturate(round_half_even((Σ (x − source zero point)) · float32(source scale /
    float32(target scale · n))) + target zero point)``, as onnxruntime's QLinearGlobalAveragePool.
    """
    count = images.shape[2] * images.shape[3]
    sums = centred(images, source).sum(axis=(2, 3), keepdims=True)
    factor = np.float32(source.scale) / (np.float32(target.scale) * np.float32(count))
    return to_codes(sums.astype(np.float32) * factor, target)


def _counts(images: Array, window: Window, count_include_pad: bool) -> Reals:
    """How many activations count in each window: [1, 1, rows, columns]."""
    ones = np.ones((1, 1, *images.shape[2:]), np.float32)
    return reduce(np.add, kernel_planes(ones, window, float(count_include_pad)))
