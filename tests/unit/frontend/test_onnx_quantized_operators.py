"""Quantised operators of onnxruntime's own tools, against onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto
from unit.frontend.onnx_builder import ModelBuilder, executed, imported, reference, text_of


def codes(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(8).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize(("scale", "requantized"), [(0.05, 0), (0.04, 1)])
def test_qlinear_concat(tmp_path: Path, scale: float, requantized: int) -> None:
    b = ModelBuilder(["N", 3, 4, 4], TensorProto.UINT8)
    zero = b.constant(np.uint8(7))
    own, other = (b.constant(s, dtype=np.float32) for s in (0.05, scale))
    inputs = [other, zero, "x", own, zero, "x", own, zero]
    joined = b.node("QLinearConcat", *inputs, domain="com.microsoft", axis=1, name="join")
    path = b.save(tmp_path / "m.onnx", joined, rank=4)
    images = codes(5, 3, 4, 4)
    network = imported(path)
    np.testing.assert_array_equal(executed(network, images)[0], reference(path, images)[0])
    assert text_of(network).count("cnn.requantize") == requantized


def test_batch_norm_between_quantisations(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 4, 5, 5])
    parameters = [
        b.node(
            "DequantizeLinear",
            b.constant(b.random.integers(1, 128, 4, np.int8)),
            b.constant(0.013, dtype=np.float32),
        )
        for _ in range(4)
    ]
    norm = b.node("BatchNormalization", b.input(), *parameters, name="norm")
    path = b.save(tmp_path / "m.onnx", b.quantize(norm, 0.04, np.uint8(100)))
    images = np.random.default_rng(9).uniform(-0.2, 4, (40, 4, 5, 5)).astype(np.float32)
    network = imported(path)
    np.testing.assert_array_equal(executed(network, images)[0], reference(path, images)[0])
    assert "cnn.affine @norm" in text_of(network)


def test_signals_are_maps_of_one_row(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 3, 20])
    weights = b.weights(6, 3, 5)
    layer = b.node("Conv", b.input(), weights, b.bias(weights), pads=[2, 1], strides=[2])
    pool = b.node("MaxPool", b.requantize(layer, 0.05, np.uint8(99)), kernel_shape=[3])
    path = b.save(tmp_path / "m.onnx", b.quantize(pool, 0.05, np.uint8(99)))
    images = np.random.default_rng(9).uniform(-0.2, 4, (9, 3, 20)).astype(np.float32)
    np.testing.assert_array_equal(executed(imported(path), images)[0], reference(path, images)[0])


@pytest.mark.parametrize(
    ("low", "high", "weight_bits", "bits"),
    [(-8, 7, 4, 4), (-7, 7, 4, 4), (-2, 1, 2, 2), (-128, 127, 8, 8)],
)
def test_clip_tells_the_bits(
    tmp_path: Path, low: int, high: int, weight_bits: int, bits: int
) -> None:
    b = ModelBuilder(["N", 8])
    scale, zero = b.constant(0.1, dtype=np.float32), b.constant(np.int8(0))
    limits = [b.constant(np.int8(low)), b.constant(np.int8(high))]

    def narrow(tensor: str) -> str:
        coded = b.node("QuantizeLinear", tensor, scale, zero)
        return b.node("DequantizeLinear", b.node("Clip", coded, *limits), scale, zero)

    weights = narrow(b.constant(b.random.normal(0, 0.3, (5, 8)), dtype=np.float32))
    dense = b.node("Gemm", narrow("x"), weights, transB=1, name="fc")
    path = b.save(tmp_path / "m.onnx", narrow(dense))
    network, text = imported(path), text_of(imported(path))
    assert f"tensor<5x8xsi{weight_bits}>" in text and f"!cnn.quant<si{bits}, 0.1>" in text
    assert ("cnn.clip" in text) is (low == -7)
    images = np.random.default_rng(9).normal(0, 0.5, (50, 8)).astype(np.float32)
    np.testing.assert_array_equal(executed(network, images)[0], reference(path, images)[0])
