"""DepthToSpace and SpaceToDepth: views."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder, executed, imported
from unit.operators.all_the_way import (
    SHAPE,
    assert_equals_onnxruntime,
    assert_runs_on_the_chip,
    convolution,
)
from unit.runtime.evaluation import reals

from spatem_ir.support.errors import SpatemError

CASES: dict[str, tuple[str, dict[str, Any], int]] = {
    "depth to space": ("DepthToSpace", {"blocksize": 2}, 1),
    "depth to space by columns first": ("DepthToSpace", {"blocksize": 2, "mode": "CRD"}, 1),
    "space to depth": ("SpaceToDepth", {"blocksize": 2}, 16),
}
of_cases = pytest.mark.parametrize("name", CASES)


@of_cases
def test_of_reals(tmp_path: Path, name: str) -> None:
    operator, attributes, _ = CASES[name]
    text = assert_equals_onnxruntime(
        tmp_path, lambda m, x: m.node(operator, x, **attributes), reals(1, 2, 8, 4, 6)
    )
    assert "cnn.transpose" in text


@of_cases
def test_on_the_chip(tmp_path: Path, name: str) -> None:
    operator, attributes, channels = CASES[name]

    def build(model: ModelBuilder, tensor: str) -> str:
        return convolution(model, model.node(operator, tensor, **attributes), channels, 5)

    assert_runs_on_the_chip(tmp_path, build, shape=SHAPE)


def test_space_to_depth_inverts_depth_to_space_by_columns_first(tmp_path: Path) -> None:
    """Its mode is new in opset 28, which onnxruntime does not run yet."""
    model = ModelBuilder(("n", 8, 4, 6))
    space = model.node("DepthToSpace", "x", blocksize=2, mode="CRD")
    depth = model.node("SpaceToDepth", space, blocksize=2, mode="CRD")
    network = imported(model.save(tmp_path / "net.onnx", depth, opset=28), raw=True)
    images = reals(1, 2, 8, 4, 6)
    np.testing.assert_array_equal(executed(network, images)[0], images)


@pytest.mark.parametrize("operator", ["DepthToSpace", "SpaceToDepth"])
def test_blocks_that_do_not_fit(tmp_path: Path, operator: str) -> None:
    model = ModelBuilder(("n", 5, 5, 5))
    path = model.save(tmp_path / "net.onnx", model.node(operator, "x", blocksize=2, name="blocks"))
    with pytest.raises(SpatemError, match=f"{operator} 'blocks': has blocksize 2|not a valid ONNX"):
        imported(path)
