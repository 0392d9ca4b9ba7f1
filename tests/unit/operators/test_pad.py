"""Pad in all its modes, and with negative pads, which crop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
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
MODES = ("constant", "edge", "reflect", "wrap")
PADS = {
    "a frame": [0, 0, 1, 2, 0, 0, 3, 0],
    "cropped": [0, -1, 0, -2, 0, 0, -3, -1],
    "both": [0, 0, -2, 1, 0, 0, 2, -3],
}


def pad(pads: list[int], mode: str) -> Build:
    return lambda model, tensor: model.node(
        "Pad", tensor, model.constant(pads, dtype=np.int64), mode=mode
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", PADS)
def test_of_reals(tmp_path: Path, mode: str, name: str) -> None:
    text = assert_equals_onnxruntime(tmp_path, pad(PADS[name], mode), reals(1, 3, *SHAPE), opset=19)
    assert ("cnn.pad" in text) == (mode == "constant")


@pytest.mark.parametrize("mode", MODES)
def test_on_the_chip(tmp_path: Path, mode: str) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        return convolution(model, pad(PADS["both"], mode)(model, tensor), SHAPE[0], 5)

    assert_runs_on_the_chip(tmp_path, build, opset=19)


@pytest.mark.parametrize(
    ("pads", "mode", "message"),
    [
        ([1, 0, 0, 0, 0, 0, 0, 0], "edge", "pads the batch"),
        ([0, -2, 0, 0, 0, -2, 0, 0], "edge", "crops all 4 elements"),
        ([0, 4, 0, 0, 0, 0, 0, 0], "reflect", "reflects 4 elements of 4"),
    ],
)
def test_what_is_refused(tmp_path: Path, pads: list[int], mode: str, message: str) -> None:
    model = ModelBuilder(("n", *SHAPE))
    file = model.save(tmp_path / "net.onnx", pad(pads, mode)(model, "x"), opset=18)
    with pytest.raises(SpatemError, match=f"Pad 'pad0': {message}"):
        imported(file)
