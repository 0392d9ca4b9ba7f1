"""Models of which some layers are quantised and others are not: these get ranges by calibration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from unit.frontend.onnx_builder import imported, reference
from unit.frontend.quantized_models import (
    CHANNELS,
    QuantizedModel,
    Variant,
    expect_equal_tensors,
    expect_same_at_all_levels,
    random_inputs,
)

LEAST_SQNR = 25.0
"""dB between onnxruntime's result and the network's."""

Build = Callable[[QuantizedModel], str]


def float_conv(b: QuantizedModel, tensor: str) -> str:
    return b.node("Conv", tensor, b.reals(CHANNELS, CHANNELS, 3, 3, scale=0.2), b.reals(CHANNELS))


def first_layer(b: QuantizedModel) -> str:
    x = b.node("Relu", float_conv(b, "x"))
    return b.qdq(b.conv(b.qdq(x)), 0.1)


def last_layer(b: QuantizedModel) -> str:
    return float_conv(b, b.node("Relu", b.qdq(b.conv(b.qdq("x")))))


def in_the_middle(b: QuantizedModel) -> str:
    x = b.node("LeakyRelu", float_conv(b, b.conv(b.qdq("x"))), alpha=0.2)
    return b.qdq(b.conv(b.qdq(x, 0.1)), 0.1)


def transposed(b: QuantizedModel) -> str:
    weights = b.reals(CHANNELS, CHANNELS, 2, 2, scale=0.3)
    x = b.node("ConvTranspose", b.qdq(b.conv(b.qdq("x"))), weights, strides=[2, 2])
    return b.qdq(b.conv(b.qdq(x, 0.1), kernel=1), 0.1)


def float_weights(b: QuantizedModel) -> str:
    return b.qdq(float_conv(b, b.qdq("x")))


def float_inputs(b: QuantizedModel) -> str:
    return b.conv(b.node("Tanh", b.conv(b.qdq("x"))))


@pytest.mark.parametrize(
    "build", [first_layer, last_layer, in_the_middle, transposed, float_weights, float_inputs]
)
@pytest.mark.parametrize("variant", [Variant(), Variant(np.int8, per_channel=False, opset=13)])
def test_values(tmp_path: Path, build: Build, variant: Variant) -> None:
    b = QuantizedModel(variant)
    file = b.save(tmp_path / "m.onnx", build(b), opset=variant.opset)
    images = random_inputs(CHANNELS, 6, 6)
    np.save(tmp_path / "calibration.npy", images)
    network = imported(file, calibration=str(tmp_path / "calibration.npy"))
    output = expect_equal_tensors(network, images)
    (wanted,) = reference(file, images, optimized=False)
    noise = np.square(output.reshape(wanted.shape) - wanted).sum()
    assert 10 * np.log10(np.square(wanted).sum() / noise) > LEAST_SQNR
    assert network.prepared.quantized
    assert any("is quantised in part: 'conv" in doubt for doubt in network.prepared.doubts)


def test_random_inputs_are_doubted(tmp_path: Path) -> None:
    b = QuantizedModel(Variant())
    file = b.save(tmp_path / "m.onnx", in_the_middle(b))
    doubts = imported(file).prepared.doubts
    assert "is quantised in part" in doubts[0] and "no calibration inputs" in doubts[1]


def test_levels(tmp_path: Path) -> None:
    b = QuantizedModel(Variant())
    file = b.save(tmp_path / "m.onnx", in_the_middle(b))
    expect_same_at_all_levels(file, random_inputs(CHANNELS, 6, 6), tmp_path)
