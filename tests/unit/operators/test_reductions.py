"""Reductions over space, channels and all, and GlobalMaxPool."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder, executed, imported, reference
from unit.operators.all_the_way import (
    SHAPE,
    Build,
    assert_equals_onnxruntime,
    assert_runs_on_the_chip,
    convolution,
)
from unit.runtime.evaluation import EVERY_CODE, SI8, UI16, codes, real, reals, result_of

from spatem_ir.cli.run import main
from spatem_ir.dialects.cnn.attributes import Quantization
from spatem_ir.support.errors import SpatemError

OPS = {
    "ReduceMean": "cnn.global_average_pool",
    "ReduceSum": "cnn.global_sum_pool",
    "ReduceMax": "cnn.max_pool",
    "ReduceMin": "cnn.global_min_pool",
}


def reduce(model: ModelBuilder, tensor: str, operator: str, axes: list[int], keepdims: int) -> str:
    constant = model.constant(axes, dtype=np.int64)
    return model.node(operator, tensor, constant, keepdims=keepdims)


@pytest.mark.parametrize("operator", OPS)
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("axes", [[2, 3], [-1, -2], [1], [3], [1, 3]])
def test_of_reals(tmp_path: Path, operator: str, axes: list[int], keepdims: int) -> None:
    text = assert_equals_onnxruntime(
        tmp_path, lambda m, x: reduce(m, x, operator, axes, keepdims), reals(1, 3, 5, 6, 7)
    )
    assert OPS[operator] in text


SUMS = {
    "ReduceL1": ("cnn.abs", "cnn.global_sum_pool"),
    "ReduceL2": ("cnn.pow", "cnn.global_sum_pool", "cnn.sqrt"),
    "ReduceSumSquare": ("cnn.pow", "cnn.global_sum_pool"),
    "ReduceLogSum": ("cnn.global_sum_pool", "cnn.log"),
    "ReduceLogSumExp": ("cnn.exp", "cnn.global_sum_pool", "cnn.log"),
}


@pytest.mark.parametrize("operator", SUMS)
@pytest.mark.parametrize(("axes", "keepdims"), [([2, 3], 0), ([1], 1)])
def test_sums_of_functions(tmp_path: Path, operator: str, axes: list[int], keepdims: int) -> None:
    values = np.abs(reals(1, 3, 5, 6, 7)) + np.float32(0.1)
    text = assert_equals_onnxruntime(
        tmp_path, lambda m, x: reduce(m, x, operator, axes, keepdims), values
    )
    assert all(op in text for op in SUMS[operator])


def test_a_normalised_vector_on_the_chip(tmp_path: Path) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        norm = reduce(model, tensor, "ReduceL2", [1], 1)
        least = model.node("Clip", norm, model.constant(1e-3, dtype=np.float32))
        return convolution(model, model.node("Div", tensor, least), SHAPE[0], 5)

    assert_runs_on_the_chip(tmp_path, build)


@pytest.mark.parametrize("axes", [[0], [0, 2], []])
def test_one_image_is_its_own_mean(tmp_path: Path, axes: list[int]) -> None:
    model = ModelBuilder((1, 3, 4, 5))
    result = reduce(model, model.node("Neg", "x"), "ReduceMean", axes, 1)
    file, image = model.save(tmp_path / "net.onnx", result, opset=18), reals(1, 1, 3, 4, 5)
    values, wanted = executed(imported(file, raw=True), image)[0], reference(file, image)[0]
    np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-6)


def test_of_all_elements_of_each_image(tmp_path: Path) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        return reduce(model, tensor, "ReduceMean", [1, 2, 3], 0)

    model = ModelBuilder(("n", 3, 4, 4))
    images = reals(5, 3, 3, 4, 4)
    file = model.save(tmp_path / "net.onnx", build(model, "x"), opset=18)
    (means,) = executed(imported(file, raw=True), images)
    np.testing.assert_allclose(means, images.mean(axis=(1, 2, 3))[:, None], rtol=1e-5)
    assert_runs_on_the_chip(tmp_path, build)


def test_over_space_needs_no_other_order(tmp_path: Path) -> None:
    text = assert_equals_onnxruntime(
        tmp_path, lambda m, x: reduce(m, x, "ReduceMean", [2, 3], 1), reals(1, 3, 5, 6, 7)
    )
    assert "transpose" not in text and "flatten" not in text


def test_axes_were_an_attribute(tmp_path: Path) -> None:
    text = assert_equals_onnxruntime(
        tmp_path,
        lambda m, x: m.node("ReduceMean", x, axes=[2, 3], keepdims=0),
        reals(1, 3, 5, 6, 7),
        opset=17,
    )
    assert "cnn.global_average_pool @reducemean0 %x <6x7>" in text


@pytest.mark.parametrize("operator", [*OPS, "GlobalMaxPool"])
def test_on_the_chip(tmp_path: Path, operator: str) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        if operator == "GlobalMaxPool":
            return convolution(model, model.node(operator, tensor), SHAPE[0], 5)
        return convolution(model, reduce(model, tensor, operator, [2, 3], 1), SHAPE[0], 5)

    assert_runs_on_the_chip(tmp_path, build)


@pytest.mark.parametrize("source", EVERY_CODE)
@pytest.mark.parametrize("target", [SI8, UI16])
def test_sums_of_codes(source: Quantization, target: Quantization) -> None:
    values = codes(3, source, 4, 2, 3, 3)
    text = "cnn.global_sum_pool @s %a <3x3>"
    result = result_of(text, (values, source), target=target, shape=(2, 1, 1))
    sums = real(values, source).astype(np.float64).sum(axis=(2, 3), keepdims=True)
    steps = sums / target.scale + target.zero_point
    np.testing.assert_allclose(result, np.clip(steps, target.minimum, target.maximum), atol=0.51)


@pytest.mark.parametrize(
    ("batch", "axes", "keepdims", "message"),
    [
        (2, [0], 1, "reduces the batch"),
        (2, [], 1, "reduces the batch"),
        (1, [0], 0, "reduces the batch"),
    ],
)
def test_what_is_refused(
    tmp_path: Path, batch: int, axes: list[int], keepdims: int, message: str
) -> None:
    model = ModelBuilder((batch, 3, 4, 4))
    result = reduce(model, "x", "ReduceMean", axes, keepdims)
    file = model.save(tmp_path / "net.onnx", result, opset=18)
    with pytest.raises(SpatemError, match=f"ReduceMean 'reducemean0': .*{message}"):
        imported(file)


def less_its_mean(model: ModelBuilder, tensor: str) -> str:
    """One number, which has no batch, taken from all elements; and it alone."""
    mean = model.node("ReduceMean", tensor, keepdims=0)
    return model.node("Sub", tensor, mean)


@pytest.mark.parametrize("build", [less_its_mean, lambda m, x: m.node("ReduceMax", x, keepdims=0)])
def test_one_number_of_one_image(tmp_path: Path, build: Build) -> None:
    model = ModelBuilder((1, 3, 4, 5))
    file = model.save(tmp_path / "m.onnx", build(model, "x"), opset=18)
    images = reals(1, 2, 3, 4, 5)
    (result,), (wanted,) = executed(imported(file, raw=True), images), reference(file, images)
    assert len(wanted) == 2
    np.testing.assert_allclose(result.reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-6)


def test_one_number_of_one_image_on_the_chip(tmp_path: Path) -> None:
    model = ModelBuilder((1, 3, 8, 8))
    result = less_its_mean(model, convolution(model, "x", 3, 4))
    file = model.save(tmp_path / "m.onnx", convolution(model, result, 4, 2), opset=18)
    check = ["--check", "onnxruntime", "--level", "ou", "--accelerator", "tiny"]
    assert main([file, *check]) == 0


def test_operands_of_fewer_dimensions(tmp_path: Path) -> None:
    """A batch of one image has dimensions in front of it."""
    model = ModelBuilder((1, 3, 4, 5))
    columns = model.node("ReduceSum", "x", model.constant([1, 2], dtype=np.int64), keepdims=0)
    file = model.save(tmp_path / "m.onnx", model.node("Mul", "x", columns), opset=18)
    images = reals(1, 1, 3, 4, 5)
    (result,), (wanted,) = executed(imported(file, raw=True), images), reference(file, images)
    np.testing.assert_allclose(result, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("operator", OPS)
def test_channels_are_reduced_position_by_position(tmp_path: Path, operator: str) -> None:
    """Buffers hold no whole feature map: what is read together is reduced together."""

    def build(model: ModelBuilder, tensor: str) -> str:
        reduced = reduce(model, tensor, operator, [1], 1)
        return convolution(model, model.node("Sub", tensor, reduced), SHAPE[0], 2)

    deployed = assert_runs_on_the_chip(tmp_path, build)
    assert deployed["peak_buffer_bytes"] < SHAPE[0] * SHAPE[1] * SHAPE[2]


def test_rows_of_reduced_channels_that_nobody_reads(tmp_path: Path) -> None:
    """At level ou there are fewer windows, of every second row."""

    def build(model: ModelBuilder, tensor: str) -> str:
        mean = reduce(model, tensor, "ReduceMean", [1], 1)
        return model.node("Relu", convolution(model, mean, 1, 2, strides=[2, 2]))

    assert_runs_on_the_chip(tmp_path, build)
