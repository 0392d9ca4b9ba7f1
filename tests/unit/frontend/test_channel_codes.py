"""Activations in integers with a scale for each channel or block."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.frontend.onnx_builder import Array, ModelBuilder, executed, imported, reference
from unit.runtime.evaluation import reals

from spatem_ir.support.errors import SpatemError

SCALES = np.array([0.02, 0.05, 0.03], np.float32)


def pair(model: ModelBuilder, scale: Array, zeros: Array, back: Array, **attributes: Any) -> str:
    """QuantizeLinear, and a DequantizeLinear with the scales `back`."""
    codes = model.node(
        "QuantizeLinear", "x", model.constant(scale), model.constant(zeros), **attributes
    )
    return model.node(
        "DequantizeLinear", codes, model.constant(back), model.constant(zeros), **attributes
    )


@pytest.mark.parametrize("zeros", [np.array([3, -5, 0], np.int8), np.full(3, 7, np.uint8)])
def test_of_channels(tmp_path: Path, zeros: Array) -> None:
    model = ModelBuilder(("n", 3, 4, 5))
    path = model.save(tmp_path / "net.onnx", pair(model, SCALES, zeros, SCALES, axis=1))
    images = reals(1, 2, 3, 4, 5)
    values, wanted = executed(imported(path, raw=True), images)[0], reference(path, images)[0]
    np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-6)


def test_of_blocks(tmp_path: Path) -> None:
    model = ModelBuilder((1, 3, 4))
    scale = model.random.uniform(0.02, 0.05, (1, 2, 4)).astype(np.float32)
    zeros = np.array(model.random.integers(-9, 9, (1, 2, 4)), np.int8)
    result = pair(model, scale, zeros, scale, axis=1, block_size=2)
    path = model.save(tmp_path / "net.onnx", result, opset=21)
    images = reals(1, 1, 3, 4)
    values, wanted = executed(imported(path, raw=True), images)[0], reference(path, images)[0]
    np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-6)


def test_codes_of_one_scale_are_not_read_with_several(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 3, 4, 5))
    zeros = np.zeros(3, np.int8)
    one = np.full(3, 0.02, np.float32)
    path = model.save(tmp_path / "net.onnx", pair(model, one, zeros, SCALES, axis=1))
    with pytest.raises(SpatemError, match="has several scales, but 't0' is written with one"):
        imported(path)
