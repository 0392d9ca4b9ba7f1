"""Scales of post-training quantisation, and the pass that applies them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.deployed import applied, parsed
from unit.passes.quantized_values import results
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.cnn.attributes import Quantization, quantization_of
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.frontend.calibrate import calibrate
from spatem_ir.passes.quantize.quantize import QuantizePass
from spatem_ir.passes.quantize.scales import (
    LARGEST_BIAS,
    Method,
    activation_quantization,
    bias_codes,
    clipped_range,
    smallest_scales,
    weight_codes,
    weight_scales,
)
from spatem_ir.weights.store import ParameterStore


def test_activations() -> None:
    assert activation_quantization(0, 63.75, 8) == Quantization(8, False, 0.25, 0)
    assert activation_quantization(0.5, 3.75, 4) == Quantization(4, False, 0.25, 0)
    assert activation_quantization(-31.75, 1, 8) == Quantization(8, True, 0.25, 0)
    assert activation_quantization(-1, 7 / 3, 4).scale == np.float32(1 / 3)
    assert activation_quantization(0, 0, 8) == Quantization(8, False, 1.0, 0)


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("bits", range(2, 9))
def test_weight_codes_are_symmetric_and_close(bits: int, per_channel: bool) -> None:
    weights = np.random.default_rng(5).normal(0, 1, (4, 3, 5, 5)).astype(np.float32)
    codes, scale = weight_codes(
        weights, bits, method=Method.AUTO, per_channel=per_channel, smallest=np.zeros(1)
    )
    assert codes.dtype == np.int8 and scale.dtype == np.float32
    assert scale.shape == (4 if per_channel else 1,)
    assert np.abs(codes).max() == 2 ** (bits - 1) - 1
    if bits > 3:
        error = np.abs(weights - codes * scale.reshape(-1, 1, 1, 1)).max(axis=(1, 2, 3))
        assert (error <= scale / 2 * 1.001).all()


def squared_error(rows: Any, scale: Any, bits: int) -> Any:
    """The squared error of rows of weights as codes of so many bits."""
    largest = 2 ** (bits - 1) - 1
    codes = np.clip(np.rint(rows / scale[:, None]), -largest, largest)
    return np.square(rows - codes * scale[:, None]).sum(axis=1)


@pytest.mark.parametrize("bits", range(2, 9))
def test_searched_weight_scales_have_smaller_errors(bits: int) -> None:
    rows = np.random.default_rng(6).laplace(0, 1, (8, 400)).astype(np.float32)
    found = squared_error(rows, weight_scales(rows, bits, Method.MSE), bits)
    plain = squared_error(rows, weight_scales(rows, bits, Method.MAX_ABS), bits)
    assert (found <= 1.0001 * plain).all()
    assert bits > 4 or found.sum() < 0.8 * plain.sum()


@pytest.mark.parametrize("bits", range(2, 9))
def test_auto_searches_up_to_three_bits(bits: int) -> None:
    rows = np.random.default_rng(6).laplace(0, 1, (8, 400)).astype(np.float32)
    same = Method.MSE if bits <= 3 else Method.MAX_ABS
    assert (weight_scales(rows, bits) == weight_scales(rows, bits, same)).all()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_clipped_activations_have_smaller_errors(bits: int, signed: bool) -> None:
    values = np.random.default_rng(7).laplace(0, 1, 20000)
    values = values if signed else np.abs(values)
    low, high = (float(values.min()) if signed else 0.0), float(values.max())
    counts, _ = np.histogram(values, 2048, (low, high))
    least, greatest = clipped_range(counts, low, high, bits)
    assert low <= least <= 0 < greatest <= high

    def error(code: Quantization) -> float:
        codes = np.clip(np.rint(values / code.scale), code.minimum, code.maximum)
        return float(np.square(values - codes * code.scale).sum())

    clipped = error(activation_quantization(least, greatest, bits))
    assert clipped < (0.8 if bits < 5 else 0.99) * error(activation_quantization(low, high, bits))


def test_channels_without_weights() -> None:
    weights = np.array([[0, 0], [1e-12, 0], [1, -1]], np.float32)
    bias = np.array([0, 3.0, 0.5], np.float32)
    codes, scale = weight_codes(
        weights, 8, method=Method.AUTO, per_channel=True, smallest=smallest_scales(bias, 0.5)
    )
    assert codes.tolist() == [[0, 0], [0, 0], [127, -127]]
    assert scale[0] == 1
    biases = bias_codes(bias, 0.5, scale)
    assert abs(biases[1] - LARGEST_BIAS) <= 128 and biases[2] == np.rint(0.5 / 0.5 / scale[2])


def test_one_scale_is_large_enough_for_every_bias() -> None:
    weights, bias = np.array([[1e-9], [1e-9]], np.float32), np.array([0, 7.0], np.float32)
    _, scale = weight_codes(
        weights, 8, method=Method.AUTO, per_channel=False, smallest=smallest_scales(bias, 0.5)
    )
    assert abs(bias_codes(bias, 0.5, scale)[1] - LARGEST_BIAS) <= 128


LAYERS = """
cnn.network @net(%x: tensor<2x2x2xf32>) attributes {input_ranges = [#cnn.range<-1.27, 1.0>]} {
  %local = cnn.local @local %x <1x1> region <1x2> weights dense<[
      [[[[1.0]], [[-2.0]]], [[[3.0]], [[127.0]]], [[[0.5]], [[0.0]]]],
      [[[[2.0]], [[127.0]]], [[[-3.0]], [[1.0]]], [[[-63.5]], [[2.0]]]]
    ]> : tensor<2x3x2x1x1xf32> bias dense<[0.1, -0.2, 0.3, 1.0, 2.0, -3.0]> : tensor<6xf32>
    {range = #cnn.range<-200.0, 254.0>} : tensor<2x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %local : tensor<3x2x2xf32>
}
"""


@pytest.mark.parametrize(
    ("per", "scales", "bias"),
    [
        ("channel", [1.0, 1.0, 0.5], [10, -20, 60, 100, 200, -600]),
        ("tensor", [1.0], [10, -20, 30, 100, 200, -300]),
    ],
)
def test_channels_of_all_regions_share_a_scale(
    per: str, scales: list[float], bias: list[int]
) -> None:
    module, store = parsed(LAYERS), ParameterStore()
    inputs = [np.random.default_rng(8).uniform(-1.27, 1, (9, 2, 2, 2)).astype(np.float32)]
    with store.in_use():
        (before,) = results(module, inputs, store)
        (after,) = results(applied(module, [QuantizePass(per=per)]), inputs, store)
    (layer,) = (op for op in module.walk() if isinstance(op, WeightLayerOp))
    assert layer.weight_scale is not None and layer.bias is not None
    assert store.values(layer.weight_scale).reshape(-1).tolist() == scales
    assert store.values(layer.bias).tolist() == bias
    codes = store.values(layer.weights)
    assert codes[1, 2].ravel().tolist() == ([-127, 4] if per == "channel" else [-64, 2])
    np.testing.assert_allclose(after, before, atol=4)


def dense_layer(weights: Any) -> ModuleOp:
    """A network of one dense layer without ranges."""
    outputs, inputs = weights.shape
    values = f"dense<{weights.astype(float).tolist()}> : tensor<{outputs}x{inputs}xf32>"
    return parsed(f"""
cnn.network @net(%x: tensor<{inputs}xf32>) {{
  %y = cnn.dense @y %x weights {values} : tensor<{inputs}xf32> -> tensor<{outputs}xf32>
  cnn.output %y : tensor<{outputs}xf32>
}}""")


@examples(20)
@given(st.integers(0, 999), st.integers(2, 8), st.integers(4, 8))
def test_fixed_point_differs_from_float32_by_one_code_at_most(
    seed: int, weight_bits: int, activation_bits: int
) -> None:
    generator = np.random.default_rng(seed)
    weights = generator.normal(0, 1, (4, 6)).astype(np.float32)
    inputs = generator.normal(0, 1, (50, 6)).astype(np.float32)
    got = []
    for requantize in ("f32-half-even", "fixed-point"):
        module, store = dense_layer(weights), ParameterStore()
        quantize = QuantizePass(
            weight_bits=weight_bits, activation_bits=activation_bits, requantize=requantize
        )
        with store.in_use():
            calibrate(module, [inputs], "max-abs", activation_bits)
            applied(module, [quantize])
            (reals,) = results(module, [inputs], store)
        (layer,) = (op for op in module.walk() if isinstance(op, WeightLayerOp))
        code = quantization_of(layer.output.type)
        assert code is not None and layer.requantization == requantize
        got.append(np.rint(reals / np.float32(code.scale)))
    assert np.abs(got[0] - got[1]).max() <= 1


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_clipped_ranges_help_a_network_of_few_bits(bits: int) -> None:
    generator = np.random.default_rng(11)
    weights = generator.normal(0, 1, (3, 40)).astype(np.float32)
    inputs = generator.standard_t(3, (400, 40)).astype(np.float32)
    error = {}
    for method in ("max-abs", "mse"):
        module, store = dense_layer(weights), ParameterStore()
        with store.in_use():
            (wanted,) = results(module, [inputs], store)
            calibrate(module, [inputs], method, bits)
            applied(module, [QuantizePass(activation_bits=bits)])
            (got,) = results(module, [inputs], store)
        error[method] = float(np.square(got - wanted).mean())
    assert error["mse"] < 0.7 * error["max-abs"]
