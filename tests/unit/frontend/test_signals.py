"""Signals [n, channels, length] need what their twins [n, channels, 1, length] need."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder

from spatem_ir.cli.run import main

LENGTH = 24
SAME = ("latency_cycles", "communication_bytes", "peak_buffer_bytes", "energy_nj")


class Layers:
    """Appends operators to a model, on signals or on maps of one row."""

    def __init__(self, model: ModelBuilder, *, maps: bool):
        self.model = model
        self.maps = maps

    def sizes(self, value: int, neutral: int = 1) -> list[int]:
        return [neutral, value] if self.maps else [value]

    def node(self, operator: str, *operands: str, pad: int = 0, **sizes: int) -> str:
        """An operator with windows, whose sizes are given for the length."""
        stated: dict[str, Any] = {
            name: value if name == "group" else self.sizes(value) for name, value in sizes.items()
        }
        return self.model.node(operator, *operands, pads=2 * self.sizes(pad, 0), **stated)

    def conv(self, tensor: str, channels: int, outputs: int, size: int, **sizes: int) -> str:
        """A convolution; `sizes` are its padding, stride, dilation and groups."""
        shape = (outputs, channels // sizes.get("group", 1), *self.sizes(size))
        values = self.model.random.normal(0, 0.3, shape).astype(np.float32)
        return self.node("Conv", tensor, self.model.constant(values), **sizes)

    def numbers(self, *shape: int) -> str:
        return self.model.constant(self.model.random.uniform(0.5, 1.5, shape).astype(np.float32))


Build = Callable[[Layers, str], str]


def dilated(layers: Layers, x: str) -> str:
    y = layers.model.node("Relu", layers.conv(x, 4, 6, 3, pad=2, dilations=2))
    return layers.conv(y, 6, 6, 5, pad=2, strides=2, group=3)


def automatic(layers: Layers, x: str) -> str:
    weights = layers.numbers(4, 4, *layers.sizes(4))
    strides = layers.sizes(3)
    y = layers.model.node("Conv", x, weights, auto_pad="SAME_UPPER", strides=strides)
    return layers.model.node("Relu", y)


def pooled(layers: Layers, x: str) -> str:
    y = layers.node("MaxPool", layers.conv(x, 4, 4, 3), kernel_shape=3, strides=2, pad=1)
    y = layers.node("AveragePool", y, kernel_shape=2, strides=2)
    return layers.conv(y, 4, 5, 2)


def normalised(layers: Layers, x: str) -> str:
    y = layers.model.node("Relu", layers.conv(x, 4, 4, 3, pad=1))
    y = layers.model.node("BatchNormalization", y, *[layers.numbers(4) for _ in range(4)])
    return layers.model.node("Add", y, layers.model.node("Sigmoid", layers.conv(y, 4, 4, 1)))


def classified(layers: Layers, x: str) -> str:
    y = layers.model.node("GlobalAveragePool", layers.conv(x, 4, 6, 3, strides=2))
    return layers.model.node("Gemm", layers.model.node("Flatten", y), layers.numbers(6, 5))


def flattened(layers: Layers, x: str) -> str:
    y = layers.model.node("Relu", layers.conv(x, 4, 3, 3, strides=2))
    flat = layers.model.node("Reshape", y, layers.model.constant(np.array([0, -1])))
    return layers.model.node("MatMul", flat, layers.numbers(33, 5))


def padded(layers: Layers, x: str) -> str:
    y = layers.model.node("Relu", layers.conv(x, 4, 4, 3))
    before = [0, 0, *layers.sizes(2, 0)]
    y = layers.model.node("Pad", y, layers.model.constant(np.array([*before, *before])))
    return layers.model.node("Softmax", layers.conv(y, 4, 4, 3), axis=1)


def along_the_length(layers: Layers, x: str) -> str:
    y = layers.model.node("Softmax", layers.conv(x, 4, 4, 3), axis=-1)
    return layers.conv(y, 4, 4, 3)


def multiplied(layers: Layers, x: str) -> str:
    y = layers.model.node("Relu", layers.conv(x, 4, 4, 3))
    y = layers.model.node("MatMul", y, layers.numbers(22, 7))
    return layers.model.node("Neg", y)


def run(path: Path, *arguments: str) -> dict[str, Any]:
    """The results of a run that finds values equal."""
    results = path / "results.json"
    assert main([*arguments, "--json", str(results)]) == 0
    found = json.loads(results.read_text())
    assert found["outputs_match"] is True
    return found


@pytest.mark.parametrize(
    "build",
    [
        dilated,
        automatic,
        pooled,
        normalised,
        classified,
        flattened,
        padded,
        along_the_length,
        multiplied,
    ],
)
def test_twins(tmp_path: Path, build: Build) -> None:
    found = []
    images = np.random.default_rng(3).normal(size=(4, 4, LENGTH)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for maps in (False, True):
            model = ModelBuilder(("n", 4, 1, LENGTH) if maps else ("n", 4, LENGTH))
            file = model.save(tmp_path / "net.onnx", build(Layers(model, maps=maps), "x"), rank=3)
            np.save(tmp_path / "x.npy", images[:, :, None] if maps else images)
            options = [file, "--calibration", str(tmp_path / "x.npy"), "--images", "2"]
            run(tmp_path, *options, "--level", "cnn", "--check", "onnxruntime")
            found.append(run(tmp_path, *options, "--accelerator", "tiny", "--check", "levels"))
    signals, maps_of_one_row = found
    for name in SAME:
        assert signals[name] == maps_of_one_row[name]
