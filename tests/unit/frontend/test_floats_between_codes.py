"""Layers whose result is not quantised at once: float32 operators between them and the codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

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

Chain = Callable[[QuantizedModel, str, str], str]
"""What a model computes of a layer's input and of its result before it quantises."""


def norm(b: QuantizedModel, _: str, sums: str, signs: tuple[int, ...] = (1,)) -> str:
    scale = b.random.uniform(0.5, 1.5, CHANNELS) * np.resize(signs, CHANNELS)
    spread = b.constant(b.random.uniform(0.5, 2, CHANNELS), dtype=np.float32)
    numbers = [b.constant(scale, dtype=np.float32), b.reals(CHANNELS), b.reals(CHANNELS), spread]
    return b.node("BatchNormalization", sums, *numbers)


def norm_and_relu(b: QuantizedModel, x: str, sums: str) -> str:
    return b.node("Relu", norm(b, x, sums))


def mirrored_norm(b: QuantizedModel, x: str, sums: str) -> str:
    return norm(b, x, sums, (1, -1, 0))


def added_bias(b: QuantizedModel, _: str, sums: str) -> str:
    return b.node("Add", sums, b.reals(1, CHANNELS, 1, 1))


def residual(b: QuantizedModel, x: str, sums: str) -> str:
    return b.node("Relu", b.node("Add", sums, x))


def normed_residual(b: QuantizedModel, x: str, sums: str) -> str:
    return b.node("Add", x, norm(b, x, sums))


def residual_of_the_float_input(b: QuantizedModel, _: str, sums: str) -> str:
    return b.node("Add", "x", sums)


def two_layers(b: QuantizedModel, x: str, sums: str) -> str:
    return b.node("Add", norm(b, x, sums), b.conv(x, kernel=1))


def leaky(b: QuantizedModel, _: str, sums: str) -> str:
    return b.node("LeakyRelu", sums, alpha=0.1)


def prelu(b: QuantizedModel, _: str, sums: str) -> str:
    return b.node("PRelu", sums, b.reals(CHANNELS, 1, 1))


def clipped(b: QuantizedModel, _: str, sums: str) -> str:
    bounds = [b.constant(v, dtype=np.float32) for v in (0, 2.71)]
    return b.node("Clip", sums, *bounds) if b.variant.opset > 10 else b.node("Relu", sums)


def silu(b: QuantizedModel, _: str, sums: str) -> str:
    return b.node("Mul", sums, b.node("Sigmoid", sums))


def normed_silu(b: QuantizedModel, x: str, sums: str) -> str:
    return silu(b, x, norm(b, x, sums))


def hard_swish(b: QuantizedModel, _: str, sums: str) -> str:
    return b.node("Mul", sums, b.node("HardSigmoid", sums, alpha=1 / 6, beta=0.5))


def tanh(b: QuantizedModel, _: str, sums: str) -> str:
    return b.node("Tanh", sums)


def max_pool(b: QuantizedModel, _: str, sums: str) -> str:
    return b.node("MaxPool", b.node("Relu", sums), kernel_shape=[2, 2], strides=[2, 2])


def average_pool(b: QuantizedModel, _: str, sums: str) -> str:
    return b.node("AveragePool", sums, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])


def global_average_pool(b: QuantizedModel, _: str, sums: str) -> str:
    return b.node("GlobalAveragePool", b.node("Relu", sums))


def squeeze_and_excite(b: QuantizedModel, _: str, sums: str) -> str:
    pooled = b.qdq(b.node("GlobalAveragePool", sums), 0.02)
    return b.node("Mul", sums, b.node("Sigmoid", b.conv(pooled, kernel=1)))


def joined(b: QuantizedModel, x: str, sums: str) -> str:
    parts = [b.node("LeakyRelu", sums, alpha=0.2), x]
    whole = b.node("Sigmoid", b.node("Concat", *parts, axis=1))
    half = [b.constant(np.eye(CHANNELS, 2 * CHANNELS)[:, :, None, None], dtype=np.int8)]
    weights = b.node("DequantizeLinear", *half, b.constant(0.5, dtype=np.float32))
    return b.node("Conv", b.qdq(whole, 0.01), weights)


def quantized_twice(b: QuantizedModel, _: str, sums: str) -> str:
    coarse, fine = b.qdq(sums, 0.11), b.qdq(sums, 0.03)
    return b.node("Add", b.conv(coarse, kernel=1), b.conv(fine, kernel=1))


def large_bias(b: QuantizedModel, x: str, _: str) -> str:
    return b.conv(x, b.constant([3e9, -1, 0, 1], dtype=np.float32), kernel=1)


CHAINS: dict[str, Chain] = {
    function.__name__: function
    for function in (
        norm,
        norm_and_relu,
        mirrored_norm,
        added_bias,
        residual,
        normed_residual,
        residual_of_the_float_input,
        two_layers,
        leaky,
        prelu,
        clipped,
        silu,
        normed_silu,
        hard_swish,
        tanh,
        max_pool,
        average_pool,
        global_average_pool,
        squeeze_and_excite,
        joined,
        quantized_twice,
        large_bias,
    )
}


def chain_model(folder: Path, chain: str, variant: Variant) -> str:
    """A network in which a chain follows a layer, and the next layer reads its quantised result.

    That result is the first output, the layer's the second.
    """
    b = QuantizedModel(variant)
    x = b.qdq("x")
    result = CHAINS[chain](b, x, b.conv(x))
    codes = b.qdq(result)
    return b.save(folder / "m.onnx", codes, b.qdq(b.conv(codes, kernel=1)), opset=variant.opset)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize("chain", CHAINS)
def test_values(tmp_path: Path, chain: str, variant: Variant) -> None:
    """Codes differ from those of the float chain by one at most."""
    file = chain_model(tmp_path, chain, variant)
    step = 0.05 / 64 if variant.activations is np.int16 else 0.05
    expect_codes_of_onnxruntime(file, random_inputs(CHANNELS, 6, 6), step)


@pytest.mark.parametrize("chain", CHAINS)
def test_levels(tmp_path: Path, chain: str) -> None:
    file = chain_model(tmp_path, chain, VARIANTS[0])
    expect_same_at_all_levels(file, random_inputs(CHANNELS, 6, 6), tmp_path)
