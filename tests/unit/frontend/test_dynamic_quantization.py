"""Models whose activations are quantised dynamically: ranges come from calibration instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder, imported, reference
from unit.frontend.quantized_models import expect_equal_tensors

MICROSOFT = "com.microsoft"
LEAST_SQNR = 25.0
"""dB between onnxruntime's result and the calibrated network's."""

Build = Callable[[ModelBuilder], str]


def dynamic(b: ModelBuilder, tensor: str) -> list[str]:
    """The codes of a tensor, their scale and their zero point."""
    codes = b.node("DynamicQuantizeLinear", tensor)
    numbers = [f"{codes}.scale", f"{codes}.zero"]
    b.nodes[-1].output.extend(numbers)
    return [codes, *numbers]


def weights(b: ModelBuilder, *shape: int, zero_point: int = 0) -> list[str]:
    """Weights of 8 bits and their zero point."""
    codes = b.random.integers(-127, 128, shape) + zero_point
    dtype = np.int8 if zero_point == 0 else np.uint8
    return [b.constant(values, dtype=dtype) for values in (codes, zero_point)]


def scaled(b: ModelBuilder, sums: str, scale: str, channels: int, dimensions: int) -> str:
    """Sums in integers times the scales of both operands, plus a bias."""
    factor = b.node("Mul", scale, b.constant(0.01, dtype=np.float32))
    real = b.node("Mul", b.node("Cast", sums, to=1), factor)
    shape = [channels, *[1] * dimensions]
    return b.node("Add", real, b.constant(b.random.normal(size=shape), dtype=np.float32))


def conv_integer(b: ModelBuilder) -> str:
    x, scale, zero = dynamic(b, "x")
    w, w_zero = weights(b, 5, 3, 3, 3, zero_point=128)
    return scaled(b, b.node("ConvInteger", x, w, zero, w_zero), scale, 5, 2)


def matmul_integer(b: ModelBuilder) -> str:
    flat = b.node("Flatten", b.node("Relu", "x"))
    x, scale, zero = dynamic(b, flat)
    w, w_zero = weights(b, 108, 5)
    return scaled(b, b.node("MatMulInteger", x, w, zero, w_zero), scale, 5, 0)


def dequantized(b: ModelBuilder) -> str:
    x, scale, zero = dynamic(b, "x")
    return b.node("Conv", b.node("DequantizeLinear", x, scale, zero), b.weights(5, 3, 3, 3))


def matmul_to_float(b: ModelBuilder) -> str:
    x, scale, zero = dynamic(b, b.node("Flatten", "x"))
    w, w_zero = weights(b, 108, 5)
    w_scale = b.constant(b.random.uniform(0.005, 0.01, 5), dtype=np.float32)
    w_zeros = b.node("Expand", w_zero, b.constant([5]))
    bias = b.constant(b.random.normal(size=5), dtype=np.float32)
    operands = [x, w, scale, w_scale, zero, w_zeros, bias]
    return b.node("Cast", b.node("MatMulIntegerToFloat", *operands, domain=MICROSOFT), to=1)


def dynamic_matmul(b: ModelBuilder) -> str:
    w, w_zero = weights(b, 108, 5)
    operands = [b.node("Flatten", "x"), w, b.constant(0.01, dtype=np.float32), w_zero]
    bias = b.constant(b.random.normal(size=5), dtype=np.float32)
    result = b.node("DynamicQuantizeMatMul", *operands, bias, domain=MICROSOFT)
    return b.node("Cast", result, to=1)


@pytest.mark.parametrize(
    "build", [conv_integer, matmul_integer, dequantized, matmul_to_float, dynamic_matmul]
)
@pytest.mark.parametrize("opset", [13, 19])
def test_values(tmp_path: Path, build: Build, opset: int) -> None:
    b = ModelBuilder(["n", 3, 6, 6])
    file = b.save(tmp_path / "m.onnx", build(b), opset=opset)
    images = b.random.normal(0, 1.5, (8, 3, 6, 6)).astype(np.float32)
    np.save(tmp_path / "images.npy", images)
    network = imported(file, calibration=str(tmp_path / "images.npy"))
    output = expect_equal_tensors(network, images)
    (wanted,) = reference(file, images)
    noise = np.square(output.reshape(wanted.shape) - wanted).sum()
    assert 10 * np.log10(np.square(wanted).sum() / noise) > LEAST_SQNR
