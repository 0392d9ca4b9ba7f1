"""Resize by the nearest elements and linear, in all its coordinates; Upsample of old models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from unit.frontend.onnx_builder import ModelBuilder, executed, imported, reference, text_of
from unit.operators.all_the_way import (
    SHAPE,
    assert_equals_onnxruntime,
    assert_runs_on_the_chip,
    convolution,
)
from unit.runtime.evaluation import reals

from spatem_ir.support.errors import SpatemError

Build = Callable[[ModelBuilder, str], str]
COORDINATES = (
    "half_pixel",
    "pytorch_half_pixel",
    "half_pixel_symmetric",
    "align_corners",
    "asymmetric",
)


def by_scales(*scales: float, **attributes: str) -> Build:
    def build(model: ModelBuilder, tensor: str) -> str:
        factors = model.constant(scales, dtype=np.float32)
        return model.node("Resize", tensor, "", factors, **attributes)

    return build


def to_sizes(*sizes: int, **attributes: str) -> Build:
    def build(model: ModelBuilder, tensor: str) -> str:
        extents = model.constant(sizes, dtype=np.int64)
        return model.node("Resize", tensor, "", "", extents, **attributes)

    return build


@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("sizes", [(16, 16), (13, 19), (5, 8), (1, 3)])
def test_of_reals(tmp_path: Path, coordinates: str, mode: str, sizes: tuple[int, int]) -> None:
    build = to_sizes(1, 4, *sizes, mode=mode, coordinate_transformation_mode=coordinates)
    assert_equals_onnxruntime(tmp_path, build, reals(1, 1, *SHAPE), opset=19)


@pytest.mark.parametrize("rounding", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
def test_roundings(tmp_path: Path, rounding: str) -> None:
    build = by_scales(1, 1, 1.5, 0.5, mode="nearest", nearest_mode=rounding)
    text = assert_equals_onnxruntime(tmp_path, build, reals(1, 1, *SHAPE))
    assert "cnn.gather" in text and "cnn.interpolate" not in text


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_attributes_of_other_modes_have_no_effect(tmp_path: Path, mode: str) -> None:
    """PyTorch's exporters state them all."""
    others = {"cubic_coeff_a": -0.75, "exclude_outside": 0, "nearest_mode": "floor"}

    def build(model: ModelBuilder, tensor: str) -> str:
        factors = model.constant((1, 1, 2, 2), dtype=np.float32)
        return model.node("Resize", tensor, "", factors, mode=mode, **others)

    assert_equals_onnxruntime(tmp_path, build, reals(1, 1, *SHAPE))


def test_of_signals(tmp_path: Path) -> None:
    build = by_scales(1, 1, 2.5, mode="linear")
    assert_equals_onnxruntime(tmp_path, build, reals(1, 1, 3, 7))


@pytest.mark.parametrize(
    ("mode", "scales"), [("nearest", (2, 2)), ("linear", (2, 2)), ("linear", (1, 1.5))]
)
def test_on_the_chip(tmp_path: Path, mode: str, scales: tuple[float, float]) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        return convolution(model, by_scales(1, 1, *scales, mode=mode)(model, tensor), SHAPE[0], 5)

    assert_runs_on_the_chip(tmp_path, build)


def test_upsample_of_an_old_model(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Upsample", ["x", "scales"], ["y"], "up", mode="nearest")],
        "old",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 2, 3, 4])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 2, 6, 12])],
        [helper.make_tensor("scales", onnx.TensorProto.FLOAT, [4], [1, 1, 2, 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=4)
    path = str(tmp_path / "old.onnx")
    onnx.save(model, path)
    network, images = imported(path, raw=True), reals(1, 1, 2, 3, 4)
    np.testing.assert_array_equal(executed(network, images)[0], reference(path, images)[0])
    assert "cnn.gather" in text_of(network)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (by_scales(1, 1, 2, 2, mode="cubic"), "has mode 'cubic'; nearest and linear"),
        (to_sizes(2, 4, 8, 8, mode="nearest"), "which has another batch"),
        (by_scales(1, 2, 1, 1, mode="linear"), "resizes channels"),
        (
            by_scales(1, 1, 2, 2, coordinate_transformation_mode="tf_crop_and_resize"),
            "'tf_crop_and_resize', which is not supported",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, build: Build, message: str) -> None:
    model = ModelBuilder((1, *SHAPE))
    file = model.save(tmp_path / "net.onnx", build(model, "x"), opset=18)
    with pytest.raises(SpatemError, match=f"Resize 'resize0': .*{message}"):
        imported(file)
