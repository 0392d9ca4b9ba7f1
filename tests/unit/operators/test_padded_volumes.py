"""Padding of more dimensions than a feature map has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from unit.frontend.onnx_builder import ModelBuilder
from unit.operators.all_the_way import assert_equals_onnxruntime, assert_runs_on_the_chip
from unit.runtime.evaluation import reals


def test_local_response_normalisation_as_it_is_exported(tmp_path: Path) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        def number(value: float) -> str:
            return model.constant(value, dtype=np.float32)

        axis = model.constant([1], dtype=np.int64)
        squares = model.node("Unsqueeze", model.node("Mul", tensor, tensor), axis)
        pads = model.constant([0, 0, 1, 0, 0, 0, 0, 1, 0, 0], dtype=np.int64)
        padded = model.node("Pad", squares, pads)
        mean = model.node("AveragePool", padded, kernel_shape=[3, 1, 1], strides=[1, 1, 1])
        mean = model.node("Squeeze", mean, axis)
        scale = model.node("Add", model.node("Mul", mean, number(1e-1)), number(1.0))
        return model.node("Div", tensor, model.node("Pow", scale, number(2.0)))

    assert_runs_on_the_chip(tmp_path, build)


def test_padding_of_all_three_dimensions(tmp_path: Path) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        pads = model.constant([0, 0, 1, 0, 2, 0, 1, 0, 3, 1], dtype=np.int64)
        return model.node("Pad", tensor, pads, model.constant(0.5, dtype=np.float32))

    text = assert_equals_onnxruntime(tmp_path, build, reals(7, 2, 3, 4, 5, 6))
    assert text.count("cnn.pad") == 4
