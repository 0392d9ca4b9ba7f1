"""Normalisations of layers, instances and groups, operator by operator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from unit.frontend.onnx_builder import ModelBuilder, imported
from unit.operators.all_the_way import (
    SHAPE,
    assert_equals_onnxruntime,
    assert_runs_on_the_chip,
    convolution,
)
from unit.runtime.evaluation import reals

from spatem_ir.support.errors import SpatemError

Build = Callable[[ModelBuilder, str], str]


def parameters(model: ModelBuilder, *shape: int) -> tuple[str, str]:
    values = model.random.uniform(0.5, 2, (2, *shape)).astype(np.float32)
    return model.constant(values[0]), model.constant(values[1])


def instance(model: ModelBuilder, tensor: str) -> str:
    return model.node("InstanceNormalization", tensor, *parameters(model, SHAPE[0]), epsilon=1e-3)


def instance_of_groups(model: ModelBuilder, tensor: str) -> str:
    """As PyTorch's exporters write a group normalisation."""
    groups = model.node("Reshape", tensor, model.constant([0, 2, -1], dtype=np.int64))
    normalized = model.node("InstanceNormalization", groups, *parameters(model, 2))
    return model.node("Reshape", normalized, model.constant([0, *SHAPE], dtype=np.int64))


def layer(model: ModelBuilder, tensor: str) -> str:
    return model.node("LayerNormalization", tensor, *parameters(model, *SHAPE), axis=1)


def layer_of_channels(model: ModelBuilder, tensor: str) -> str:
    """As a network with channels in front writes it: they go last, and come back."""
    last = model.node("Transpose", tensor, perm=[0, 2, 3, 1])
    scale, _ = parameters(model, SHAPE[0])
    normalized = model.node("LayerNormalization", last, scale, axis=-1)
    return model.node("Transpose", normalized, perm=[0, 3, 1, 2])


def groups(model: ModelBuilder, tensor: str) -> str:
    values = parameters(model, SHAPE[0])
    return model.node("GroupNormalization", tensor, *values, num_groups=2)


CASES = {
    "groups": groups,
    "instance": instance,
    "instance of groups": instance_of_groups,
    "layer": layer,
    "layer of channels": layer_of_channels,
}
of_cases = pytest.mark.parametrize("name", CASES)


@of_cases
def test_of_reals(tmp_path: Path, name: str) -> None:
    text = assert_equals_onnxruntime(tmp_path, CASES[name], reals(1, 3, *SHAPE), opset=21)
    assert "cnn.div @" in text and text.count("cnn.global_average_pool @") == 2


@of_cases
@pytest.mark.filterwarnings("error")
def test_on_the_chip(tmp_path: Path, name: str) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        return convolution(model, CASES[name](model, tensor), SHAPE[0], 5)

    assert_runs_on_the_chip(tmp_path, build, opset=21)


@pytest.mark.parametrize(
    ("axis", "message"), [(0, "has axis 0 on .*must not be the batch"), (4, "has axis 4 on")]
)
def test_what_is_refused(tmp_path: Path, axis: int, message: str) -> None:
    model = ModelBuilder((1, *SHAPE))
    result = model.node("LayerNormalization", "x", *parameters(model, SHAPE[-1]), axis=axis)
    with pytest.raises(SpatemError, match=message):
        imported(model.save(tmp_path / "net.onnx", result, opset=18))


def unit_length(model: ModelBuilder, tensor: str) -> str:
    """As of embeddings of faces."""
    return model.node("LpNormalization", tensor, axis=1, p=2)


def unit_sum(model: ModelBuilder, tensor: str) -> str:
    return model.node("LpNormalization", tensor, axis=-1, p=1)


def root_mean_square(model: ModelBuilder, tensor: str) -> str:
    scale = model.random.uniform(0.5, 2, SHAPE[-1]).astype(np.float32)
    return model.node("RMSNormalization", tensor, model.constant(scale), axis=-1, epsilon=1e-3)


@pytest.mark.parametrize(
    ("build", "opset"), [(unit_length, 18), (unit_sum, 18), (root_mean_square, 23)]
)
def test_by_sizes(tmp_path: Path, build: Build, opset: int) -> None:
    text = assert_equals_onnxruntime(tmp_path, build, reals(1, 3, *SHAPE), opset=opset)
    assert "cnn.div @" in text and "cnn.sub" not in text
    assert_runs_on_the_chip(tmp_path, build, opset=opset)


def test_no_other_norm(tmp_path: Path) -> None:
    model = ModelBuilder(("n", *SHAPE))
    result = model.node("LpNormalization", "x", axis=1, p=2)
    path = model.save(tmp_path / "net.onnx", result)
    net = onnx.load(path)
    net.graph.node[0].attribute[1].i = 3
    onnx.save(net, path)
    with pytest.raises(SpatemError, match=r"LpNormalization .* has p 3; it must be 1 or 2"):
        imported(path, raw=True)
