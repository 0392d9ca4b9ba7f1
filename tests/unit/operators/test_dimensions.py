"""Digital operators on tensors that are no feature maps of three dimensions, on the chip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder
from unit.operators.all_the_way import Build, assert_runs_on_the_chip, convolution

SHAPES = {2: (8, 32), 4: (2, 4, 4, 8), 5: (2, 2, 4, 4, 4)}
MAPS = (4, 8, 8)


def on_shape(build: Build, shape: tuple[int, ...]) -> Build:
    """A build on the maps under another shape, between convolutions."""

    def reshaped(model: ModelBuilder, tensor: str) -> str:
        target = model.constant([0, *shape], dtype=np.int64)
        result = build(model, model.node("Reshape", tensor, target))
        maps = model.node("Reshape", result, model.constant([0, -1, 8, 8], dtype=np.int64))
        return convolution(model, maps, MAPS[0], 5)

    return reshaped


def softmax(axis: int) -> Build:
    return lambda model, tensor: model.node("Softmax", tensor, axis=axis)


def product_with_mean(model: ModelBuilder, tensor: str) -> str:
    """A product with the means of the first dimension, which all others repeat."""
    axes = model.constant([-1], dtype=np.int64)
    means = model.node("ReduceMean", tensor, axes, keepdims=1)
    return model.node("Mul", tensor, means)


@pytest.mark.parametrize("dimensions", SHAPES)
@pytest.mark.parametrize(
    "build",
    [
        softmax(1),
        softmax(-1),
        lambda model, tensor: model.node("Add", model.node("Sigmoid", tensor), tensor),
        product_with_mean,
    ],
    ids=["softmax", "softmax of the last", "add", "mul"],
)
def test_on_the_chip(tmp_path: Path, build: Build, dimensions: int) -> None:
    assert_runs_on_the_chip(tmp_path, on_shape(build, SHAPES[dimensions]), shape=MAPS)


def test_padded_signals(tmp_path: Path) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        pads = model.constant([0, 1, 2, 0, 1, 4], dtype=np.int64)
        padded = model.node("Pad", tensor, pads)
        starts, ends, axes = (
            model.constant(values, dtype=np.int64) for values in ([1, 2], [9, 34], [1, 2])
        )
        return model.node("Slice", padded, starts, ends, axes)

    assert_runs_on_the_chip(tmp_path, on_shape(build, SHAPES[2]), shape=MAPS)
