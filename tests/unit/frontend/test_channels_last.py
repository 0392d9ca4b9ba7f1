"""Networks whose channels come last need what their twins with the channels in front need."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto
from unit.frontend.channels_last import TO_BACK, TO_FRONT, Layers, network
from unit.frontend.onnx_builder import ModelBuilder

from spatem_ir.cli.run import main

SHAPE = (3, 15, 15)
SAME = ("latency_cycles", "communication_bytes", "peak_buffer_bytes", "energy_nj")

Build = Callable[[ModelBuilder, Layers, str], str]


def run(path: Path, *arguments: str) -> dict[str, Any]:
    """The results of a run that finds values equal."""
    results = path / "results.json"
    assert main([*arguments, "--json", str(results)]) == 0
    found = json.loads(results.read_text())
    assert found["outputs_match"] is True
    return found


def measured(path: Path, build: Build, element: int = TensorProto.FLOAT) -> list[dict[str, Any]]:
    """The results of both twins, whose values are checked, the one with channels last first."""
    found = []
    images = np.random.default_rng(3).normal(100, 40, (4, *SHAPE)).clip(0, 255)
    for last in (True, False):
        model = ModelBuilder(("n", *SHAPE[1:], SHAPE[0]) if last else ("n", *SHAPE), element)
        result = build(model, Layers(model, last=last), "x")
        file = model.save(path / "net.onnx", result, opset=18, rank=4)
        kind = np.float32 if element == TensorProto.FLOAT else np.uint8
        inputs = images.transpose(0, *TO_BACK[1:]) if last else images
        np.save(path / "images.npy", inputs.astype(kind))
        options = ["--inputs", str(path / "images.npy"), "--images", "1"]
        if element == TensorProto.FLOAT:
            options += ["--calibration", str(path / "images.npy")]
        run(path, file, *options, "--level", "cnn", "--check", "onnxruntime")
        found.append(run(path, file, *options, "--check", "levels"))
    return found


def codes(model: ModelBuilder, layers: Layers, tensor: str) -> str:
    """Two quantised layers, with a pad in front and a ReLU between quantisations."""
    maps = layers.padded(model.dequantize(tensor, 1 / 64, np.uint8(7)))
    for outputs, channels in ((8, 3), (4, 8)):
        weights = model.weights(outputs, channels, 3, 3)
        layer = layers.around(
            maps, lambda x, weights=weights: model.node("Conv", x, weights, strides=[2, 2])
        )
        positive = model.node("Relu", model.requantize(layer, 0.05, np.uint8(9)))
        maps = model.requantize(positive, 0.05, np.uint8(9))
    return model.quantize(maps, 0.05, np.uint8(9))


@pytest.mark.parametrize(
    ("build", "element"), [(network, TensorProto.FLOAT), (codes, TensorProto.UINT8)]
)
def test_twins(tmp_path: Path, build: Build, element: int) -> None:
    last, front = measured(tmp_path, build, element)
    assert {name: last[name] for name in SAME} == {name: front[name] for name in SAME}


def test_features_in_another_order(tmp_path: Path) -> None:
    """Flattened maps have their channels last: the dense layer reads the same in another order."""

    def build(model: ModelBuilder, layers: Layers, tensor: str) -> str:
        maps = layers.conv(model.node("Relu", layers.conv(tensor, 3, 8, stride=2)), 8, 4, stride=2)
        weights = model.random.normal(0, 0.3, (4, 4, 4, 10)).astype(np.float32)
        rows = (weights.transpose(1, 2, 0, 3) if layers.last else weights).reshape(64, 10)
        return model.node("MatMul", layers.flat(maps, 64), model.constant(rows))

    last, front = measured(tmp_path, build)
    for name in ("communication_bytes", "peak_buffer_bytes", "dynamic_energy_nj"):
        assert last[name] == front[name]
    assert last["latency_cycles"] <= 1.05 * front["latency_cycles"]


def test_a_transposition_without_an_inverse(tmp_path: Path) -> None:
    """The host transposes the input and the output: they cost nothing."""
    model = ModelBuilder(("n", 15, 15, 3))
    layers = Layers(model, last=False)
    maps = layers.conv(model.node("Transpose", "x", perm=TO_FRONT), 3, 8, stride=2)
    file = model.save(tmp_path / "net.onnx", model.node("Transpose", maps, perm=[0, 3, 2, 1]))
    np.save(
        tmp_path / "images.npy", np.random.default_rng(3).normal(size=(4, 15, 15, 3)).astype("f4")
    )
    options = [file, "--calibration", str(tmp_path / "images.npy"), "--check", "levels"]
    found = run(tmp_path, *options)

    def build(model: ModelBuilder, layers: Layers, tensor: str) -> str:
        return layers.conv(tensor, 3, 8, stride=2)

    _, front = measured(tmp_path, build)
    assert found["latency_cycles"] == front["latency_cycles"]
