"""A small network around an operator: its values, its place and its time, from ONNX to OU level."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from differential.text import parsed
from numpy.typing import NDArray
from unit.frontend.onnx_builder import ModelBuilder, executed, imported, reference, text_of

from spatem_ir.cli.run import main

IMAGES = 6
SHAPE = (4, 8, 8)
"""The feature maps that the operator works on."""

Build = Callable[[ModelBuilder, str], str]
"""Appends nodes that read a tensor to a model; returns the name of the result."""


def convolution(
    model: ModelBuilder, tensor: str, channels: int, outputs: int, **attributes: Any
) -> str:
    """A 1x1 convolution with random weights."""
    weights = model.random.normal(0, 0.5, (outputs, channels, 1, 1)).astype(np.float32)
    return model.node("Conv", tensor, model.constant(weights), **attributes)


def assert_equals_onnxruntime(
    path: Path, build: Build, images: NDArray[Any], *, opset: int = 18
) -> str:
    """Check the values of nodes on float32 inputs; returns the IR, which is read back alike."""
    model = ModelBuilder(("n", *images.shape[1:]))
    file = model.save(path / "reals.onnx", build(model, "x"), opset=opset, rank=images.ndim)
    network = imported(file, raw=True)
    for result, wanted in zip(executed(network, images), reference(file, images), strict=True):
        assert result.shape == wanted.shape
        np.testing.assert_allclose(result, wanted, rtol=2e-5, atol=2e-6)
    text = text_of(network)
    printed = str(parsed(text))
    assert str(parsed(printed)) == printed
    return text


def assert_runs_on_the_chip(
    path: Path, build: Build, *, opset: int = 18, shape: tuple[int, ...] = SHAPE
) -> dict[str, Any]:
    """Check nodes behind a convolution, quantised: onnxruntime's codes, and those of all levels.

    Returns the results of the deployment.
    """
    model = ModelBuilder(("n", 3, *shape[1:]))
    result = build(model, convolution(model, "x", 3, shape[0]))
    file = model.save(path / "chip.onnx", result, opset=opset, rank=1 + len(shape))
    images = model.random.normal(size=(IMAGES, 3, *shape[1:])).astype(np.float32)
    np.save(path / "images.npy", images)
    checked = _run(path, file, "--level", "cnn", "--check", "onnxruntime")
    assert checked["outputs_match"] is True
    assert checked["tensors"]["first_difference"] is None
    deployed = _run(path, file, "--accelerator", "tiny", "--check", "levels")
    assert deployed["outputs_match"] is True
    assert deployed["latency_cycles"] > 0
    return deployed


def _run(path: Path, file: str, *options: str) -> dict[str, Any]:
    results = path / "results.json"
    common = ["--calibration", str(path / "images.npy"), "--images", "2", "--json", str(results)]
    assert main([file, *common, *options]) == 0
    return json.loads(results.read_text())
