"""Every operator in QDQ form: the imported network computes what onnxruntime computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from unit.frontend.onnx_builder import (
    INPUT_SCALE,
    INPUT_ZERO_POINT,
    ModelBuilder,
    executed,
    imported,
    random_images,
    reference,
    text_of,
)

ZERO = np.uint8(0)

EVEN = np.uint8(4)
"""A zero point for averages: onnxruntime adds it before it rounds half to even."""


def expect_reference(path: str, images: Any, *, off_by: int = 0) -> str:
    """Compare the interpreter with onnxruntime; returns the IR."""
    network = imported(path)
    assert network.arrays == {}
    for got, wanted in zip(executed(network, images), reference(path, images), strict=True):
        assert got.dtype == wanted.dtype and got.shape == wanted.shape
        assert len(np.unique(wanted)) > 2
        assert np.abs(got.astype(np.int64) - wanted.astype(np.int64)).max() <= off_by
    return text_of(network)


@pytest.mark.parametrize(
    ("attributes", "syntax"),
    [
        ({}, "<3x2>"),
        ({"strides": [2, 1]}, "<3x2, strides 2x1>"),
        ({"pads": [1, 0, 2, 1]}, "<3x2, pads [1, 0, 2, 1]>"),
        ({"dilations": [2, 3]}, "<3x2, dilations 2x3>"),
        ({"auto_pad": "VALID"}, "<3x2>"),
        ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, "<3x2, strides 2x2, pads [1, 0, 1, 0]>"),
        ({"auto_pad": "SAME_LOWER"}, "<3x2, pads [1, 1, 1, 0]>"),
        ({"kernel_shape": [3, 2]}, "<3x2>"),
    ],
)
def test_convolution(tmp_path: Path, attributes: dict[str, Any], syntax: str) -> None:
    b = ModelBuilder(["N", 4, 9, 8])
    weights = b.weights(6, 4, 3, 2)
    layer = b.node("Conv", b.input(), weights, b.bias(weights), name="layer", **attributes)
    path = b.save(tmp_path / "m.onnx", b.quantize(layer, 0.05, np.uint8(101)))
    text = expect_reference(path, random_images(3, 4, 9, 8))
    assert f"cnn.conv @layer %x_codes {syntax} weights" in text


def test_grouped_convolution(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 4, 6, 6])
    layer = b.node("Conv", b.input(), b.weights(6, 2, 3, 3), name="layer", group=2)
    path = b.save(tmp_path / "m.onnx", b.quantize(layer, 0.05, np.uint8(101)))
    assert "<3x3> groups 2 weights" in expect_reference(path, random_images(3, 4, 6, 6))


@pytest.mark.parametrize("zero_point", [np.uint8(119), np.int8(-3)])
def test_one_weight_scale_and_a_zero_point(tmp_path: Path, zero_point: Any) -> None:
    b = ModelBuilder(["N", 4, 6, 6])
    weights = b.weights(6, 4, 3, 3, axis=None, zero_point=zero_point)
    layer = b.node("Conv", b.input(), weights, name="layer")
    path = b.save(tmp_path / "m.onnx", b.quantize(layer, 0.05, np.uint8(101)))
    text = expect_reference(path, random_images(3, 4, 6, 6))
    assert f"zero_point {zero_point}" in text and "scale 0.00" in text


def test_weights_of_four_bits(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 8])
    codes = b.constant(np.arange(-8, 8).reshape(2, 8).astype(ml_dtypes.int4))
    weights = b.node("DequantizeLinear", codes, b.constant(0.1, dtype=np.float32))
    layer = b.node("Gemm", b.input(), weights, transB=1)
    path = b.save(tmp_path / "m.onnx", b.quantize(layer, 0.1, np.uint8(100)), opset=21)
    assert "tensor<2x8xsi4>> scale 0.1 :" in expect_reference(path, random_images(9, 8), off_by=1)


@pytest.mark.parametrize(
    ("zero_point", "bounds", "off_by"),
    [(np.uint8(0), "", 0), (np.uint8(60), "saturate [60, 255]", 1)],
)
def test_relu_is_where_a_layer_saturates(
    tmp_path: Path, zero_point: Any, bounds: str, off_by: int
) -> None:
    b = ModelBuilder(["N", 4, 6, 6])
    weights = b.weights(6, 4, 3, 3)
    layer = b.node("Conv", b.input(), weights, b.bias(weights))
    path = b.save(tmp_path / "m.onnx", b.quantize(b.node("Relu", layer), 0.02, zero_point))
    text = expect_reference(path, random_images(3, 4, 6, 6), off_by=off_by)
    assert "cnn.relu" not in text
    assert ("saturate" in text) == bool(bounds)
    assert bounds in text


def test_relu_between_codes_of_one_scale(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 12])
    relu = b.node("Relu", b.input(), name="act")
    path = b.save(tmp_path / "m.onnx", b.quantize(relu, INPUT_SCALE, INPUT_ZERO_POINT))
    assert "cnn.relu @act %x_codes :" in expect_reference(path, random_images(9, 12))


@pytest.mark.parametrize("transposed", [0, 1])
def test_gemm(tmp_path: Path, transposed: int) -> None:
    b = ModelBuilder(["N", 30])
    shape, axis = ((7, 30), 0) if transposed else ((30, 7), 1)
    weights = b.weights(*shape, axis=axis)
    layer = b.node("Gemm", b.input(), weights, b.bias(weights), name="fc", transB=transposed)
    path = b.save(tmp_path / "m.onnx", b.quantize(layer, 0.05, np.uint8(101)))
    text = expect_reference(path, random_images(5, 30))
    assert "cnn.dense @fc" in text and "tensor<7x30xsi8>" in text
    assert ('^T"' in text) != bool(transposed)


def test_matmul(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 30])
    layer = b.node("MatMul", b.input(), b.weights(30, 7, axis=1), name="fc")
    path = b.save(tmp_path / "m.onnx", b.quantize(layer, 0.05, np.uint8(101)))
    assert "cnn.dense @fc" in expect_reference(path, random_images(5, 30))


def test_matmul_with_transposed_constant(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 30])
    weights = b.node("Transpose", b.weights(7, 30), perm=[1, 0])
    path = b.save(
        tmp_path / "m.onnx", b.quantize(b.node("MatMul", b.input(), weights), 0.05, np.uint8(101))
    )
    expect_reference(path, random_images(5, 30), off_by=1)


@pytest.mark.parametrize(
    ("attributes", "syntax"),
    [
        ({"strides": [2, 2]}, "<3x2, strides 2x2>"),
        ({"pads": [1, 1, 1, 0]}, "<3x2, pads [1, 1, 1, 0]>"),
        ({"strides": [3, 4], "ceil_mode": 1}, "<3x2, strides 3x4, pads [0, 0, 2, 1]>"),
        ({"strides": [2, 2], "ceil_mode": 1}, "<3x2, strides 2x2, pads [0, 0, 1, 1]>"),
        ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, "<3x2, strides 2x2, pads [0, 0, 1, 1]>"),
    ],
)
def test_max_pool(tmp_path: Path, attributes: dict[str, Any], syntax: str) -> None:
    b = ModelBuilder(["N", 3, 10, 9])
    pool = b.node("MaxPool", b.input(), name="pool", kernel_shape=[3, 2], **attributes)
    path = b.save(tmp_path / "m.onnx", b.quantize(pool, INPUT_SCALE, INPUT_ZERO_POINT))
    assert f"cnn.max_pool @pool %x_codes {syntax} :" in expect_reference(
        path, random_images(3, 3, 10, 9)
    )


@pytest.mark.parametrize(
    ("attributes", "syntax"),
    [
        ({"strides": [2, 2]}, "<3x3, strides 2x2>"),
        ({"pads": [1, 1, 1, 1]}, "<3x3, pads [1, 1, 1, 1]>"),
        (
            {"pads": [1, 1, 1, 1], "count_include_pad": 1},
            "<3x3, pads [1, 1, 1, 1]> count_include_pad",
        ),
    ],
)
def test_average_pool(tmp_path: Path, attributes: dict[str, Any], syntax: str) -> None:
    b = ModelBuilder(["N", 3, 9, 9])
    pool = b.node("AveragePool", b.input(), name="pool", kernel_shape=[3, 3], **attributes)
    path = b.save(tmp_path / "m.onnx", b.quantize(pool, 0.013, EVEN))
    assert f"cnn.average_pool @pool %x_codes {syntax} :" in expect_reference(
        path, random_images(3, 3, 9, 9)
    )


def test_average_pool_with_ceil_mode_does_not_count_what_it_adds(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 3, 8, 8])
    pool = b.node("AveragePool", b.input(), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    path = b.save(tmp_path / "m.onnx", b.quantize(pool, 0.013, EVEN))
    text = expect_reference(path, random_images(3, 3, 8, 8))
    assert "<3x3, strides 2x2, pads [0, 0, 1, 1]>" in text


def test_global_average_pool(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 3, 5, 7])
    pool = b.node("GlobalAveragePool", b.input(), name="pool")
    path = b.save(tmp_path / "m.onnx", b.quantize(pool, 0.013, EVEN))
    text = expect_reference(path, random_images(4, 3, 5, 7))
    assert "cnn.global_average_pool @pool %x_codes <5x7> :" in text


@pytest.mark.parametrize(
    ("target", "result"), [([0, -1], "24"), ([-1, 3, 8], "3x8"), ([0, 0, 4, 2], "3x4x2")]
)
def test_reshape(tmp_path: Path, target: list[int], result: str) -> None:
    b = ModelBuilder(["N", 3, 2, 4])
    reshape = b.node("Reshape", b.input(), b.constant(target))
    path = b.save(tmp_path / "m.onnx", b.quantize(reshape, INPUT_SCALE, INPUT_ZERO_POINT))
    assert f"-> tensor<{result}x!cnn" in expect_reference(path, random_images(4, 3, 2, 4))


def test_reshape_to_a_computed_shape(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 3, 2, 4])
    batch = b.node("Gather", b.node("Shape", "x"), b.constant(0), axis=0)
    batch = b.node("Unsqueeze", batch, b.constant([0]))
    shape = b.node("Concat", batch, b.constant([-1]), axis=0)
    reshape = b.node("Reshape", b.input(), shape)
    path = b.save(tmp_path / "m.onnx", b.quantize(reshape, INPUT_SCALE, INPUT_ZERO_POINT))
    assert "-> tensor<24x!cnn" in expect_reference(path, random_images(1, 3, 2, 4))


def test_flatten_dropout_and_identity(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 3, 2, 4])
    flat = b.node("Flatten", b.node("Identity", b.node("Dropout", b.input())), axis=1)
    path = b.save(tmp_path / "m.onnx", b.quantize(flat, INPUT_SCALE, INPUT_ZERO_POINT))
    text = expect_reference(path, random_images(4, 3, 2, 4))
    assert text.count("cnn.") == text.count("cnn.quant<") + 4
    assert "cnn.flatten" in text


def test_operators_commute_with_the_quantization_behind_them(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 3, 6, 6])
    layer = b.node("Conv", b.input(), b.weights(4, 3, 3, 3), name="layer")
    pool = b.node("MaxPool", b.node("Relu", layer), kernel_shape=[2, 2], strides=[2, 2])
    path = b.save(tmp_path / "m.onnx", b.quantize(b.node("Flatten", pool), 0.05, ZERO))
    expect_reference(path, random_images(4, 3, 6, 6), off_by=1)


def test_concat(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 3, 6, 6])
    image = b.input()
    branches = [
        b.requantize(b.node("Conv", image, b.weights(n, 3, 1, 1)), 0.05, np.uint8(101))
        for n in (2, 5)
    ]
    path = b.save(
        tmp_path / "m.onnx", b.quantize(b.node("Concat", *branches, axis=1), 0.05, np.uint8(101))
    )
    text = expect_reference(path, random_images(4, 3, 6, 6))
    assert "cnn.concat" in text and "-> tensor<7x6x6x" in text


def test_trailing_dequantize_and_softmax_run_on_the_host(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 12])
    layer = b.node("MatMul", b.input(), b.weights(12, 5, axis=1))
    logits = b.requantize(layer, 0.05, np.uint8(101))
    path = b.save(tmp_path / "m.onnx", b.node("Softmax", logits, axis=-1), logits)
    network = imported(path)
    images = random_images(4, 12)
    for got, wanted in zip(executed(network, images), reference(path, images), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)
    text = text_of(network)
    assert text.count("cnn.dequantize") == 1 and text.count("cnn.softmax") == 1


def test_names_of_layers(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 3, 6, 6])
    tensor = b.input()
    for name in ("", "twice", "twice", "/block/Conv", ""):
        layer = b.node("Conv", tensor, b.weights(3, 3, 1, 1), name=name)
        tensor = b.requantize(layer, 0.05, np.uint8(101))
    text = text_of(imported(b.save(tmp_path / "m.onnx", tensor)))
    for name in ("@Conv1 ", "@twice ", "@Conv2 ", '@"/block/Conv" ', "@Conv3 "):
        assert text.count(f"cnn.conv {name}") == 1
