"""Constant weights and biases in the forms in which exporters write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.frontend.quantized_models import (
    CHANNELS,
    VARIANTS,
    QuantizedModel,
    Variant,
    expect_codes_of_onnxruntime,
    expect_same_at_all_levels,
    random_inputs,
)
from xdsl.dialects.builtin import IntegerType, Signedness

from spatem_ir.operators.onnx_import.tensors import Constant, QuantizedConstant

Build = Callable[[QuantizedModel, str], str]
"""A layer on a dequantised tensor; returns its result."""

AXIS_SINCE = 13
"""The opset from which on DequantizeLinear has scales for the indices of a dimension."""


def several_zero_points(b: QuantizedModel, *shape: int, axis: int = 0) -> str:
    """Random weights behind DequantizeLinear, each channel with its scale and zero point."""
    dtype, count = b.variant.weights, shape[axis]
    limits = np.iinfo(dtype)
    codes = b.random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    scale = b.random.uniform(0.002, 0.02, count).astype(np.float32)
    zeros = b.random.integers(limits.min, limits.max, count, dtype, endpoint=True)
    inputs = [b.constant(values) for values in (codes, scale, zeros)]
    return b.node("DequantizeLinear", *inputs, axis=axis)


def per_channel_zero_points(b: QuantizedModel, x: str) -> str:
    return b.node("Conv", x, several_zero_points(b, 5, CHANNELS, 3, 3))


def zero_points_of_outputs(b: QuantizedModel, x: str) -> str:
    weights = several_zero_points(b, CHANNELS, 3, 2, 2, axis=1)
    return b.node("ConvTranspose", x, weights, group=2)


def zero_points_of_columns(b: QuantizedModel, x: str) -> str:
    flat = b.node("Flatten", x)
    return b.node("MatMul", flat, several_zero_points(b, CHANNELS * 36, 5, axis=1))


def reshaped(b: QuantizedModel, x: str) -> str:
    weights = b.kernels(5, CHANNELS, 9)
    return b.node("Conv", x, b.node("Reshape", weights, b.constant([5, CHANNELS, 3, 3])))


def reshaped_with_zero_points(b: QuantizedModel, x: str) -> str:
    weights = several_zero_points(b, 5, CHANNELS * 9)
    return b.node("Conv", x, b.node("Reshape", weights, b.constant([5, CHANNELS, 3, 3])))


def transposed(b: QuantizedModel, x: str) -> str:
    weights = b.kernels(5, 3, 3, CHANNELS)
    return b.node("Conv", x, b.node("Transpose", weights, perm=[0, 3, 1, 2]))


def channels_last(b: QuantizedModel, x: str) -> str:
    weights = several_zero_points(b, 3, 3, CHANNELS, 5, axis=3)
    return b.node("Conv", x, b.node("Transpose", weights, perm=[3, 2, 0, 1]))


def unsqueezed(b: QuantizedModel, x: str) -> str:
    weights = b.kernels(5, CHANNELS)
    if b.variant.opset < 13:
        return b.node("Conv", x, b.node("Unsqueeze", weights, axes=[2, 3]))
    return b.node("Conv", x, b.node("Unsqueeze", weights, b.constant([2, 3])))


def joined(b: QuantizedModel, x: str) -> str:
    parts = [b.kernels(count, CHANNELS, 1, 1) for count in (2, 3)]
    return b.node("Conv", x, b.node("Concat", *parts, axis=0))


def part(b: QuantizedModel, x: str) -> str:
    bounds = [b.constant(np.array([n])) for n in (1, 6, 0)]
    return b.node("Conv", x, b.node("Slice", b.kernels(8, CHANNELS, 1, 1), *bounds))


def matrix(b: QuantizedModel, x: str) -> str:
    weights = b.node("Transpose", b.kernels(5, CHANNELS * 36), perm=[1, 0])
    return b.node("MatMul", b.node("Flatten", x), weights)


def gemm(b: QuantizedModel, x: str, *bias: str, **attributes: Any) -> str:
    weights = b.weights(5, CHANNELS * 36, axis=None, zero_point=b.variant.weights(7))
    return b.node("Gemm", b.node("Flatten", x), weights, *bias, transB=1, **attributes)


def alpha(b: QuantizedModel, x: str) -> str:
    return gemm(b, x, b.reals(5), alpha=0.5, beta=2.0)


def negative_alpha(b: QuantizedModel, x: str) -> str:
    return gemm(b, x, b.reals(5), alpha=-0.25, beta=-1.5)


def no_alpha(b: QuantizedModel, x: str) -> str:
    return gemm(b, x, b.reals(5, scale=2.0), alpha=0.0)


def no_beta(b: QuantizedModel, x: str) -> str:
    return gemm(b, x, b.reals(5), beta=0.0)


def stated_bias(b: QuantizedModel, dtype: Any, scale: float, zero_point: int = 0) -> str:
    codes = b.constant(b.random.integers(-100, 100, 5), dtype=dtype)
    numbers = [b.constant(scale, dtype=np.float32), b.constant(zero_point, dtype=dtype)]
    return b.node("DequantizeLinear", codes, *numbers)


def bias_of_another_scale(b: QuantizedModel, x: str) -> str:
    return b.node("Conv", x, b.kernels(5, CHANNELS, 3, 3), stated_bias(b, np.int32, 0.0123))


def bias_of_eight_bits(b: QuantizedModel, x: str) -> str:
    return b.node("Conv", x, b.kernels(5, CHANNELS, 3, 3), stated_bias(b, np.int8, 0.03, 5))


def scaled_bias(b: QuantizedModel, x: str) -> str:
    return gemm(b, x, stated_bias(b, np.int32, 0.01), alpha=2.0, beta=0.5)


def real_bias(b: QuantizedModel, x: str) -> str:
    return b.node("Conv", x, b.kernels(5, CHANNELS, 3, 3), b.reals(5))


def shared_bias(b: QuantizedModel, x: str) -> str:
    weights, bias = b.kernels(5, CHANNELS, 1, 1), stated_bias(b, np.int32, 0.002)
    first = b.node("Conv", x, weights, bias)
    second = b.node("Conv", b.qdq(b.node("Neg", x), 0.02), weights, bias)
    return b.node("Add", b.qdq(first), b.qdq(second))


FORMS: dict[str, Build] = {
    function.__name__: function
    for function in (
        per_channel_zero_points,
        zero_points_of_outputs,
        zero_points_of_columns,
        reshaped,
        reshaped_with_zero_points,
        transposed,
        channels_last,
        unsqueezed,
        joined,
        part,
        matrix,
        alpha,
        negative_alpha,
        no_alpha,
        no_beta,
        bias_of_another_scale,
        bias_of_eight_bits,
        scaled_bias,
        real_bias,
        shared_bias,
    )
}


def layer_model(folder: Path, form: str, variant: Variant) -> str:
    """A network of one layer, quantised before and behind it."""
    b = QuantizedModel(variant)
    result = FORMS[form](b, b.qdq("x"))
    return b.save(folder / "m.onnx", b.qdq(result, 0.05), opset=variant.opset)


CASES = [
    pytest.param(form, variant, id=f"{form}-{variant}")
    for form in FORMS
    for variant in VARIANTS
    if variant.opset >= AXIS_SINCE or not ("zero_points" in form or form == "channels_last")
]


@pytest.mark.parametrize(("form", "variant"), CASES)
def test_values(tmp_path: Path, form: str, variant: Variant) -> None:
    step = 0.05 / 64 if variant.activations is np.int16 else 0.05
    file = layer_model(tmp_path, form, variant)
    expect_codes_of_onnxruntime(file, random_inputs(CHANNELS, 6, 6), step)


@pytest.mark.parametrize("form", FORMS)
def test_levels(tmp_path: Path, form: str) -> None:
    file = layer_model(tmp_path, form, VARIANTS[0])
    expect_same_at_all_levels(file, random_inputs(CHANNELS, 6, 6), tmp_path)


@pytest.mark.filterwarnings("error")
def test_values_beyond_float32_are_infinite() -> None:
    codes, scale = Constant(np.array([-2, 1], np.int8)), Constant(np.array(3e38, np.float32))
    storage = IntegerType(8, Signedness.SIGNED)
    constant = QuantizedConstant(codes, storage, scale, np.zeros(1, np.int64))
    assert constant.dequantized().values.tolist() == [-np.inf, float(np.float32(3e38))]
