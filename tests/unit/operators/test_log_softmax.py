"""LogSoftmax along every dimension, on reals and on the chip."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.frontend.onnx_builder import ModelBuilder
from unit.operators.all_the_way import (
    SHAPE,
    assert_equals_onnxruntime,
    assert_runs_on_the_chip,
    convolution,
)
from unit.runtime.evaluation import reals


@pytest.mark.parametrize("axis", [1, 2, 3, -1])
def test_of_reals(tmp_path: Path, axis: int) -> None:
    text = assert_equals_onnxruntime(
        tmp_path, lambda m, x: m.node("LogSoftmax", x, axis=axis), reals(1, 3, 5, 4, 6) * 20
    )
    assert "cnn.log_softmax @logsoftmax0 %x" in text


@pytest.mark.parametrize("axis", [1, -1])
def test_on_the_chip(tmp_path: Path, axis: int) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        logs = model.node("LogSoftmax", tensor, axis=axis)
        return convolution(model, logs, SHAPE[0], 5)

    assert_runs_on_the_chip(tmp_path, build)


def test_at_the_end_it_stays_on_the_host(tmp_path: Path) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        return model.node("LogSoftmax", model.node("Flatten", tensor))

    deployed = assert_runs_on_the_chip(tmp_path, build)
    assert "logsoftmax" not in str(deployed["layers"])
