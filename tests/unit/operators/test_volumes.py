"""Convolutions and poolings over volumes [channels, depth, rows, columns]."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder, imported
from unit.operators.all_the_way import (
    assert_equals_onnxruntime,
    assert_runs_on_the_chip,
    convolution,
)
from unit.runtime.evaluation import reals

from spatem_ir.support.errors import SpatemError

SHAPE = (4, 4, 5, 6)
WINDOWS: dict[str, dict[str, Any]] = {
    "plain": {},
    "padded": {"pads": [1, 0, 1, 1, 1, 0]},
    "strided": {"strides": [2, 1, 3], "pads": [0, 1, 1, 1, 1, 0]},
    "dilated": {"dilations": [1, 2, 2], "pads": [1, 1, 1, 1, 1, 1]},
    "same": {"strides": [2, 2, 2], "auto_pad": "SAME_UPPER"},
}
of_windows = pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)


def conv(model: ModelBuilder, tensor: str, *shape: int, **attributes: Any) -> str:
    weights = model.constant(model.random.normal(0, 0.3, shape).astype(np.float32))
    bias = model.constant(model.random.normal(size=shape[0]).astype(np.float32))
    return model.node("Conv", tensor, weights, bias, **attributes)


@of_windows
def test_convolutions(tmp_path: Path, window: dict[str, Any]) -> None:
    assert_equals_onnxruntime(
        tmp_path, lambda m, x: conv(m, x, 6, 2, 2, 3, 2, group=2, **window), reals(1, 2, *SHAPE)
    )


@of_windows
@pytest.mark.parametrize("ceil_mode", [0, 1])
def test_maxima(tmp_path: Path, window: dict[str, Any], ceil_mode: int) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        attributes = {"kernel_shape": [2, 3, 2], "ceil_mode": ceil_mode, **window}
        return model.node("MaxPool", tensor, **attributes)

    text = assert_equals_onnxruntime(tmp_path, build, reals(1, 2, *SHAPE))
    assert "cnn.pad" not in text


@pytest.mark.parametrize("name", ["plain", "padded", "strided", "same"])
@pytest.mark.parametrize("count_include_pad", [0, 1])
def test_means(tmp_path: Path, name: str, count_include_pad: int) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        attributes = {"kernel_shape": [2, 3, 2], "count_include_pad": count_include_pad}
        return model.node("AveragePool", tensor, **attributes, **WINDOWS[name])

    assert_equals_onnxruntime(tmp_path, build, reals(1, 2, *SHAPE), opset=19)


def test_on_the_chip(tmp_path: Path) -> None:
    maps = (8, 4, 4)

    def build(model: ModelBuilder, tensor: str) -> str:
        volume = model.node("Reshape", tensor, model.constant([0, 2, 4, 4, 4], dtype=np.int64))
        hidden = model.node("Relu", conv(model, volume, 4, 2, 3, 3, 3, pads=[1] * 6))
        pooled = model.node("MaxPool", hidden, kernel_shape=[2, 2, 2], strides=[2, 2, 2])
        means = model.node("AveragePool", pooled, kernel_shape=[2, 1, 2], pads=[0, 0, 0, 0, 0, 1])
        flat = model.node("Reshape", means, model.constant([0, -1, 1, 1], dtype=np.int64))
        return convolution(model, flat, 16, 5)

    assert_runs_on_the_chip(tmp_path, build, shape=maps)


def test_windows_that_do_not_fit(tmp_path: Path) -> None:
    model = ModelBuilder((1, 4, 1, 3, 3))
    file = model.save(tmp_path / "net.onnx", conv(model, "x", 2, 4, 2, 2, 2))
    with pytest.raises(SpatemError, match="has a window that does not fit"):
        imported(file)
