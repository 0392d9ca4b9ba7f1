"""AveragePool with ceil_mode and count_include_pad, whose last windows leave the padded input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from unit.frontend.onnx_builder import ModelBuilder
from unit.operators.all_the_way import (
    SHAPE,
    assert_equals_onnxruntime,
    assert_runs_on_the_chip,
    convolution,
)
from unit.runtime.evaluation import reals

WINDOWS: list[dict[str, Any]] = [
    {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 0, 0]},
    {"kernel_shape": [3, 2], "strides": [2, 3], "pads": [0, 0, 0, 0]},
    {"kernel_shape": [5, 3], "strides": [4, 2], "pads": [2, 0, 1, 1]},
]


@pytest.mark.parametrize("window", WINDOWS)
def test_what_is_behind_the_padding_does_not_count(tmp_path: Path, window: dict[str, Any]) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        return model.node("AveragePool", tensor, ceil_mode=1, count_include_pad=1, **window)

    assert_equals_onnxruntime(tmp_path, build, reals(1, 2, *SHAPE), opset=19)


def test_on_the_chip(tmp_path: Path) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        pooled = model.node("AveragePool", tensor, ceil_mode=1, count_include_pad=1, **WINDOWS[0])
        return convolution(model, pooled, SHAPE[0], 5)

    assert_runs_on_the_chip(tmp_path, build, opset=19)
