"""Operators on codes, of ONNX and of onnxruntime, between codes and float32."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.frontend.quantized_models import (
    CHANNELS,
    QuantizedModel,
    Variant,
    expect_codes_of_onnxruntime,
    expect_same_at_all_levels,
    random_inputs,
)

MICROSOFT = "com.microsoft"
STEP = 0.05

Build = Callable[[QuantizedModel], str]
"""Nodes on the input; returns a tensor that is still float32."""

VARIANTS = (
    Variant(),
    Variant(np.int8, np.int8, per_channel=False, opset=13),
    Variant(np.uint8, np.uint8, opset=21),
)


def number(b: QuantizedModel, value: float) -> str:
    return b.constant(value, dtype=np.float32)


def codes(b: QuantizedModel, tensor: str = "x", scale: float = STEP) -> list[str]:
    """A quantised tensor with its scale and zero point."""
    factor, zero = b.code(scale)
    constants = [number(b, factor), b.constant(zero)]
    return [b.node("QuantizeLinear", tensor, *constants), *constants]


def weights(b: QuantizedModel, *shape: int, axis: int = 0) -> list[str]:
    """Weights with their scale and zero point, which differ between channels."""
    dtype, count = b.variant.weights, shape[axis] if b.variant.per_channel else 1
    limits = np.iinfo(dtype)
    values = b.random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    scale = b.random.uniform(0.002, 0.02, count).astype(np.float32)
    zeros = b.random.integers(limits.min // 2, limits.max // 2, count, dtype)
    shape = (count,) if count > 1 else ()
    return [b.constant(values), b.constant(scale.reshape(shape)), b.constant(zeros.reshape(shape))]


def result(b: QuantizedModel) -> list[str]:
    """Scale and zero point of a result."""
    scale, zero = b.code(STEP)
    return [number(b, scale), b.constant(zero)]


def dequantized(b: QuantizedModel, tensor: str) -> str:
    return b.dequantize(tensor, *b.code(STEP))


def features(b: QuantizedModel) -> list[str]:
    return codes(b, b.node("Flatten", "x"))


def qlinear_conv(b: QuantizedModel) -> str:
    operands = [*codes(b), *weights(b, 5, CHANNELS, 3, 3), *result(b)]
    bias = b.constant(b.random.integers(-999, 999, 5), dtype=np.int32)
    return dequantized(b, b.node("QLinearConv", *operands, bias))


def qlinear_matmul(b: QuantizedModel) -> str:
    operands = [*features(b), *weights(b, CHANNELS * 36, 5, axis=1), *result(b)]
    return dequantized(b, b.node("QLinearMatMul", *operands))


def scaled_sums(b: QuantizedModel, sums: str, scale: str, *shape: int) -> str:
    """What exporters write behind sums in integers: a scale, a bias, an activation."""
    real = b.node("Mul", b.node("Cast", sums, to=1), scale)
    return b.node("LeakyRelu", b.node("Add", real, b.reals(*shape)), alpha=0.3)


def conv_integer(b: QuantizedModel) -> str:
    x, _, zero = codes(b)
    w, _, _ = weights(b, 5, CHANNELS, 3, 3)
    w_zero = b.constant(b.variant.weights(11))
    scale = b.constant(b.random.uniform(1e-4, 1e-3, (5, 1, 1)), dtype=np.float32)
    return scaled_sums(b, b.node("ConvInteger", x, w, zero, w_zero), scale, 5, 1, 1)


def matmul_integer(b: QuantizedModel) -> str:
    x, _, zero = features(b)
    w, _, w_zero = weights(b, CHANNELS * 36, 5, axis=1)
    return scaled_sums(b, b.node("MatMulInteger", x, w, zero, w_zero), number(b, 3e-4), 5)


def matmul_to_float(b: QuantizedModel) -> str:
    (x, scale, zero), (w, w_scale, w_zero) = features(b), weights(b, CHANNELS * 36, 5, axis=1)
    operands = [x, w, scale, w_scale, zero, w_zero, b.reals(5)]
    return b.node("MatMulIntegerToFloat", *operands, domain=MICROSOFT)


def gemm_to_float(b: QuantizedModel) -> str:
    operands = [
        *features(b),
        *weights(b, 5, CHANNELS * 36),
        b.constant(np.arange(5, dtype=np.int32)),
    ]
    sums = b.node("QGemm", *operands, transB=1, alpha=0.5, domain=MICROSOFT)
    return b.node("Tanh", sums)


def microsoft_quantization(b: QuantizedModel) -> str:
    scale, zero = b.code(STEP)
    numbers = [number(b, scale), b.constant(zero)]
    x = b.node("QuantizeLinear", "x", *numbers, domain=MICROSOFT)
    x = b.node("DequantizeLinear", x, *numbers, domain=MICROSOFT)
    kernels = b.node("DequantizeLinear", *weights(b, 5, CHANNELS, 3, 3), axis=0, domain=MICROSOFT)
    sums = b.node("Conv", x, kernels)
    y = b.node("QuantizeLinear", sums, *numbers, domain=MICROSOFT)
    y = b.node("DequantizeLinear", y, *numbers, domain=MICROSOFT)
    shape = b.node("Shape", y)
    return b.node("Reshape", y, shape)


def qlinear_arithmetic(b: QuantizedModel) -> str:
    """A product with and a sum of constants, for each channel and for all."""
    dtype = b.variant.activations
    factors = b.constant(np.arange(20, 20 + CHANNELS).reshape(CHANNELS, 1, 1), dtype=dtype)
    numbers = [number(b, 0.03), b.constant(dtype(3))]
    sums = codes(b, b.conv(dequantized(b, codes(b)[0]), kernel=1))
    product = [*sums, factors, *numbers, *result(b)]
    first = b.node("QLinearMul", *product, domain=MICROSOFT)
    summand = [b.constant(77, dtype=dtype), *numbers]
    second = [*summand, first, *result(b), *result(b)]
    return dequantized(b, b.node("QLinearAdd", *second, domain=MICROSOFT))


def qlinear_softmax(b: QuantizedModel) -> str:
    x, scale, zero = codes(b)
    options: dict[str, Any] = {"axis": 1, "opset": 13, "domain": MICROSOFT}
    probability = [number(b, 1 / 256), b.constant(b.variant.activations(0))]
    y = b.node("QLinearSoftmax", x, scale, zero, *probability, **options)
    return b.conv(b.node("DequantizeLinear", y, *probability), kernel=1)


FORMS: dict[str, Build] = {
    function.__name__: function
    for function in (
        qlinear_conv,
        qlinear_matmul,
        conv_integer,
        matmul_integer,
        matmul_to_float,
        gemm_to_float,
        microsoft_quantization,
        qlinear_arithmetic,
        qlinear_softmax,
    )
}


def model_of(folder: Path, form: str, variant: Variant) -> str:
    """A network whose last operator is quantised."""
    b = QuantizedModel(variant)
    y = b.qdq(FORMS[form](b), STEP)
    return b.save(folder / "m.onnx", y, opset=variant.opset)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize("form", FORMS)
def test_values(tmp_path: Path, form: str, variant: Variant) -> None:
    file = model_of(tmp_path, form, variant)
    expect_codes_of_onnxruntime(file, random_inputs(CHANNELS, 6, 6), STEP)


@pytest.mark.parametrize("form", FORMS)
def test_levels(tmp_path: Path, form: str) -> None:
    file = model_of(tmp_path, form, VARIANTS[0])
    expect_same_at_all_levels(file, random_inputs(CHANNELS, 6, 6), tmp_path)
