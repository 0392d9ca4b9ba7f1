"""Arithmetic of the digital operators, on arrays of codes of shape [images, …]."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.cnn_attributes import Quantization
from spatem_ir.geometry.window import PADDING, Window
from spatem_ir.runtime.values.codes import centred, saturate, to_codes


def max_pool(images: NDArray[np.integer], window: Window) -> NDArray[np.integer]:
    """The largest code of each window of a [N, C, H, W] array; padding never wins."""
    lowest = np.iinfo(images.dtype).min
    result = None
    for values in _kernel_planes(images, window, lowest):
        result = values if result is None else np.maximum(result, values, out=result)
    assert result is not None
    return _as_maps(result, images, window)


def average_pool(
    images: NDArray[np.integer],
    window: Window,
    source: Quantization,
    target: Quantization,
    *,
    count_include_pad: bool,
) -> NDArray[np.integer]:
    """The mean of each window of a [N, C, H, W] array, as a code of `target`.

    ``saturate(round_half_even(((Σ (x − source zero point) · source scale) / n) / target scale +
    target zero point))`` in float32, where n counts padded activations only with
    `count_include_pad`.  The zero point is added before rounding, as onnxruntime's
    QLinearAveragePool does: ties differ from those of requantisation where it is odd.
    """
    inside = window.positions(*images.shape[2:]) != PADDING
    windows, kernel_size = inside.shape
    sums = np.full((*images.shape[:2], windows), -kernel_size * source.zero_point)
    for values in _kernel_planes(images, window, source.zero_point):
        sums += values
    counts = np.float32(kernel_size) if count_include_pad else inside.sum(1).astype(np.float32)
    steps = sums.astype(np.float32) * np.float32(source.scale) / counts / np.float32(target.scale)
    shifted = np.rint(steps + np.float32(target.zero_point))
    return _as_maps(saturate(shifted, target), images, window)


def global_average_pool(
    images: NDArray[np.integer], source: Quantization, target: Quantization
) -> NDArray[np.integer]:
    """The mean of each channel of a [N, C, H, W] array, as a code of `target`: [N, C, 1, 1].

    ``saturate(round_half_even((Σ (x − source zero point)) · float32(source scale /
    float32(target scale · n))) + target zero point)``, as onnxruntime's QLinearGlobalAveragePool.
    """
    count = images.shape[2] * images.shape[3]
    sums = centred(images, source).sum(axis=(2, 3), keepdims=True)
    factor = np.float32(source.scale) / (np.float32(target.scale) * np.float32(count))
    return to_codes(sums.astype(np.float32) * factor, target)


def relu(images: NDArray[np.integer], code: Quantization) -> NDArray[np.integer]:
    """Codes below the zero point become the zero point."""
    return np.maximum(images, images.dtype.type(code.zero_point))


def softmax(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """exp(x) / Σ exp(x) over all elements of each image."""
    flat = values.reshape(len(values), -1)
    powers = np.exp(flat - flat.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).reshape(values.shape)


def _kernel_planes(
    images: NDArray[np.integer], window: Window, padding: int
) -> Iterator[NDArray[np.integer]]:
    """The activation at each kernel position of every window: arrays of shape [N, C, windows]."""
    flat = images.reshape(*images.shape[:2], -1)
    padded = np.pad(flat, ((0, 0), (0, 0), (0, 1)), constant_values=padding)
    for positions in window.positions(*images.shape[2:]).T:
        yield padded[:, :, positions]


def _as_maps(
    flat: NDArray[np.integer], images: NDArray[np.integer], window: Window
) -> NDArray[np.integer]:
    return flat.reshape(*images.shape[:2], *window.output_size(*images.shape[2:]))
