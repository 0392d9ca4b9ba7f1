"""Post-training quantisation of float models, from the file to the integer network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.frontend.onnx_builder import (
    ModelBuilder,
    executed,
    imported,
    random_images,
    reference,
    text_of,
)
from xdsl.dialects.builtin import FloatAttr
from xdsl.ir import SSAValue

from spatem_ir.dialects.cnn import ConvOp, NetworkOp
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.frontend.load import ImportOptions, LoadedNetwork, load_network
from spatem_ir.runtime.interpreter import execute
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import ParameterStore, packaged_file


class FloatModel(ModelBuilder):
    """A model with float weights."""

    def layer(self, op_type: str, tensor: str, *shape: int, **attributes: Any) -> str:
        inputs = [self.constant(self.random.normal(0, 0.3, shape), dtype=np.float32)]
        if op_type != "MatMul":
            inputs.append(self.constant(self.random.normal(0, 0.3, shape[0]), dtype=np.float32))
        return self.node(op_type, tensor, *inputs, **attributes)


def calibration(tmp_path: Path, images: Any) -> str:
    path = tmp_path / "calibration.npy"
    np.save(path, images)
    return str(path)


def branches(b: FloatModel) -> str:
    """All operators of float networks, with a branch that reads a tensor in front of its ReLU."""
    first = b.layer("Conv", "x", 4, 3, 3, 3, pads=[1, 1, 1, 1])
    left = b.node("MaxPool", b.node("Relu", first), kernel_shape=[2, 2], strides=[2, 2])
    right = b.node("AveragePool", first, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 0, 0])
    joined = b.node("Concat", left, b.node("Identity", right), axis=1)
    grouped = b.node("Relu", b.layer("Conv", joined, 6, 4, 3, 3, group=2, dilations=[1, 2]))
    mean = b.node("GlobalAveragePool", b.node("Dropout", grouped))
    flat = b.node("Flatten", mean)
    hidden = b.node("Relu", b.layer("Gemm", flat, 5, 6, transB=1, alpha=0.5, beta=2.0))
    rows = b.node("Reshape", b.node("Reshape", hidden, b.constant([0, 5, 1])), b.constant([0, -1]))
    return b.node("Softmax", b.layer("MatMul", rows, 5, 3), axis=-1)


def observed(network: LoadedNetwork, images: Any) -> dict[str, Any]:
    """Every value of a network on images, by its name."""
    values: dict[str, Any] = {}

    def note(value: SSAValue, array: Any) -> None:
        values[str(value.name_hint)] = array

    execute(network.module, [images], ParameterStore(arrays=network.arrays), observe=note)
    return values


def test_all_operators_of_float_networks(tmp_path: Path) -> None:
    b = FloatModel(["N", 3, 12, 10])
    path = b.save(tmp_path / "m.onnx", branches(b))
    images = random_images(20, 3, 12, 10)
    network = imported(path, calibration=calibration(tmp_path, images))
    wanted = reference(path, images)[0]
    np.testing.assert_allclose(executed(network, images)[0], wanted, atol=0.02)
    text = text_of(network)
    assert text.count("cnn.relu") == 1, "only the ReLU whose operand others read remains"
    assert text.count("cnn.quantize ") == text.count("cnn.dequantize") == 1


def batch_norm(b: FloatModel, tensor: str, channels: int) -> str:
    draws = [b.random.normal(1, 0.2, channels), *b.random.normal(0, 0.3, (2, channels))]
    draws.append(b.random.uniform(0.5, 1.5, channels))
    parameters = [b.constant(values, dtype=np.float32) for values in draws]
    return b.node("BatchNormalization", tensor, *parameters)


def residual(b: FloatModel) -> str:
    """Two residual blocks, the second with a projection, and batch norms behind the layers."""
    stem = b.node("Relu", batch_norm(b, b.layer("Conv", "x", 4, 3, 3, 3, pads=[1] * 4), 4))
    inner = b.node("Relu", batch_norm(b, b.layer("Conv", stem, 4, 4, 3, 3, pads=[1] * 4), 4))
    outer = batch_norm(b, b.layer("Conv", inner, 4, 4, 3, 3, pads=[1] * 4), 4)
    block = b.node("Relu", b.node("Add", outer, stem))
    inner = b.node("Relu", b.layer("Conv", block, 6, 4, 3, 3, pads=[1] * 4, strides=[2, 2]))
    shortcut = batch_norm(b, b.layer("Conv", block, 6, 4, 1, 1, strides=[2, 2]), 6)
    return b.node("Relu", b.node("Add", inner, shortcut))


def dense_block(b: FloatModel) -> str:
    """Batch norms before the activations of layers, joined feature maps, average pooling."""
    first = b.layer("Conv", "x", 4, 3, 3, 3, pads=[1] * 4)
    grown = b.layer("Conv", b.node("Relu", batch_norm(b, first, 4)), 2, 4, 1, 1)
    joined = b.node("Relu", batch_norm(b, b.node("Concat", first, grown, axis=1), 6))
    pooled = b.node("AveragePool", joined, kernel_shape=[2, 2], strides=[2, 2])
    return b.layer("Conv", pooled, 3, 6, 1, 1)


def separable(b: FloatModel) -> str:
    """Depthwise and pointwise convolutions with clipped activations (MobileNet)."""
    six = [b.constant(bound, dtype=np.float32) for bound in (0, 6)]
    depthwise = b.node("Clip", b.layer("Conv", "x", 6, 1, 3, 3, group=3, pads=[1] * 4), *six)
    pointwise = b.node("Clip", b.layer("Conv", depthwise, 8, 6, 1, 1), *six)
    return b.layer("Conv", pointwise, 8, 1, 3, 3, group=8, strides=[2, 2])


def shuffled(b: FloatModel) -> str:
    """Grouped convolutions with a channel shuffle between them (ShuffleNet)."""
    grouped = b.node("Relu", b.layer("Conv", b.layer("Conv", "x", 4, 3, 1, 1), 6, 2, 1, 1, group=2))
    groups = b.node("Reshape", grouped, b.constant([0, 2, 3, 12, 10]))
    mixed = b.node("Transpose", groups, perm=[0, 2, 1, 3, 4])
    joined = b.node("Reshape", mixed, b.constant([0, 6, 12, 10]))
    return b.layer("Conv", joined, 6, 2, 3, 3, group=3, pads=[1] * 4)


def normalised(b: FloatModel) -> str:
    """Local response normalisation, leaky ReLU, sigmoid gate, padded averages (AlexNet and on)."""
    first = b.node("LeakyRelu", b.layer("Conv", "x", 6, 3, 3, 3), alpha=0.125)
    normalised = b.node("LRN", first, size=3, alpha=0.5, beta=0.75, bias=1.5)
    pads = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}
    averaged = b.node("AveragePool", normalised, **pads)
    gate = b.node("Sigmoid", b.layer("Conv", b.node("GlobalAveragePool", averaged), 6, 6, 1, 1))
    return b.layer("Conv", b.node("Mul", averaged, gate), 4, 6, 3, 3)


def attention(b: FloatModel) -> str:
    """A softmax in the middle, over the channels, and one at the end."""
    scores = b.node("Softmax", b.layer("Conv", "x", 4, 3, 1, 1), axis=1)
    weighted = b.node("Mul", scores, b.layer("Conv", "x", 4, 3, 1, 1))
    flat = b.node("Flatten", b.node("GlobalAveragePool", weighted))
    return b.node("Softmax", b.layer("Gemm", flat, 5, 4, transB=1), axis=-1)


NETWORKS: dict[Callable[[FloatModel], str], str] = {
    residual: "conv conv conv add conv conv add dequantize",
    dense_block: "conv affine conv concat affine average_pool conv dequantize",
    separable: "conv conv conv dequantize",
    shuffled: "conv conv flatten transpose flatten conv dequantize",
    normalised: (
        "conv leaky_relu lrn average_pool global_average_pool conv sigmoid mul conv dequantize"
    ),
    attention: "conv softmax conv mul global_average_pool flatten dense dequantize softmax",
}
"""Networks, and what is left of each behind the quantisation of its input."""


@pytest.mark.parametrize("network", [branches, *NETWORKS])
def test_every_float_value_agrees_with_onnxruntime(
    tmp_path: Path, network: Callable[[FloatModel], str]
) -> None:
    b = FloatModel(["N", 3, 12, 10])
    network(b)
    path = b.save(tmp_path / "m.onnx", *(node.output[0] for node in b.nodes))
    images = random_images(5, 3, 12, 10)
    values = observed(imported(path, raw=True), images)
    compared = 0
    for node, wanted in zip(b.nodes, reference(path, images), strict=True):
        if node.name in values:
            got = values[node.name].reshape(wanted.shape)
            np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
            compared += 1
    assert compared >= len(b.nodes) - 3, "all but views have the name of their operator"


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("options", [{}, {"per": "tensor"}, {"requantize": "fixed-point"}], ids=str)
def test_networks_stay_close_to_their_float_models(
    tmp_path: Path, network: Callable[[FloatModel], str], options: dict[str, str]
) -> None:
    b = FloatModel(["N", 3, 12, 10])
    path = b.save(tmp_path / "m.onnx", network(b))
    images = random_images(24, 3, 12, 10)
    quantized = imported(path, calibration=calibration(tmp_path, images), **options)
    (wanted,) = reference(path, images)
    (got,) = executed(quantized, images)
    assert got.dtype == np.float32 and got.shape == wanted.shape
    deviation = np.sqrt(np.mean(np.square(got - wanted))) / wanted.std()
    assert deviation < 0.05
    (body,) = (op for op in quantized.module.ops if isinstance(op, NetworkOp))
    names = [op.name.removeprefix("cnn.") for op in body.body.block.ops]
    assert names == ["quantize", *NETWORKS[network].split(), "output"]
    layers = [op for op in body.walk() if isinstance(op, WeightLayerOp)]
    assert {op.requantization for op in layers} == {options.get("requantize", "f32-half-even")}
    assert all(isinstance(op.weight_scale, FloatAttr) == ("per" in options) for op in layers)


def test_relu_sets_the_range_of_the_layer_in_front_of_it(tmp_path: Path) -> None:
    b = FloatModel(["N", 3, 4, 4])
    layer = b.layer("Conv", "x", 2, 3, 3, 3, name="layer")
    relu = b.node("Relu", layer)
    images = random_images(20, 3, 4, 4)
    samples = calibration(tmp_path, images)
    alone = imported(b.save(tmp_path / "alone.onnx", relu), calibration=samples)
    both = imported(b.save(tmp_path / "both.onnx", relu, layer), calibration=samples)
    assert "x!cnn.quant<ui8" in text_of(alone) and "cnn.relu" not in text_of(alone)
    assert "x!cnn.quant<si8" in text_of(both) and text_of(both).count("cnn.relu") == 1
    positive, values = reference(str(tmp_path / "both.onnx"), images)
    for network, largest in ((alone, positive.max() / 255), (both, np.abs(values).max() / 127)):
        (layer_op,) = (op for op in network.module.walk() if isinstance(op, ConvOp))
        code = quantization_of(layer_op.output.type)
        assert code is not None and code.scale == pytest.approx(largest, rel=1e-5)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            np.zeros((2, 3, 5, 4), np.float32),
            r"shape \[2, 3, 5, 4\]; .*'x' needs \[n, 3, 4, 4\]",
        ),
        (np.zeros((3, 4, 4), np.float32), r"have shape \[3, 4, 4\]"),
        (np.zeros((0, 3, 4, 4), np.float32), "with n of at least 1"),
        (np.zeros((2, 3, 4, 4), np.uint8), "are uint8; the model's input 'x' is float32"),
        (np.full((2, 3, 4, 4), np.nan, np.float32), "not finite"),
    ],
)
def test_calibration_that_does_not_fit(tmp_path: Path, inputs: Any, message: str) -> None:
    b = FloatModel(["N", 3, 4, 4])
    path = b.save(tmp_path / "m.onnx", b.layer("Conv", "x", 2, 3, 3, 3))
    with pytest.raises(SpatemError, match=rf"calibration\.npy: .*{message}"):
        imported(path, calibration=calibration(tmp_path, inputs))


def test_unreadable_calibration(tmp_path: Path) -> None:
    b = FloatModel(["N", 3, 4, 4])
    path = b.save(tmp_path / "m.onnx", b.layer("Conv", "x", 2, 3, 3, 3))
    file = tmp_path / "calibration.npy"
    with pytest.raises(SpatemError, match=r"calibration\.npy: there is no such file"):
        imported(path, calibration=str(file))
    file.write_bytes(b"\x93NUMPY")
    with pytest.raises(SpatemError, match=r"calibration\.npy: not a readable \.npy or"):
        imported(path, calibration=str(file))
    with file.open("wb") as stream:
        np.savez(stream, images=np.zeros(3), labels=np.zeros(3))
    with pytest.raises(SpatemError, match=r"calibration\.npy: holds the arrays 'images', 'labels'"):
        imported(path, calibration=str(file))


@pytest.mark.parametrize("options", [{"weight_bits": 1}, {"activation_bits": 9}])
def test_impossible_bits(tmp_path: Path, options: dict[str, int]) -> None:
    b = FloatModel(["N", 3, 4, 4])
    path = b.save(tmp_path / "m.onnx", b.layer("Conv", "x", 2, 3, 3, 3))
    with pytest.raises(SpatemError, match=r"-bits is \d; 2 to 8 are possible"):
        imported(path, **options)


@pytest.mark.parametrize(
    ("weight_bits", "activation_bits", "accuracy"),
    [(None, None, 0.97), (4, 8, 0.97), (3, 8, 0.93), (2, 8, 0.6), (4, 4, 0.9)],
)
def test_packaged_float_network(
    weight_bits: int | None, activation_bits: int | None, accuracy: float
) -> None:
    options = ImportOptions(weight_bits=weight_bits, activation_bits=activation_bits)
    network = load_network("lenet-digits-float", options, "digits.npz")
    test = np.load(packaged_file("package:lenet-digits-test.npz"))
    store = ParameterStore(arrays=network.arrays, weights_file="digits.npz")
    (logits,) = execute(network.module, [test["images"]], store)
    assert logits.dtype == np.float32
    assert np.mean(logits.argmax(axis=1) == test["labels"]) >= accuracy
    assert text_of(network).count('#cnn.file<"digits.npz"') == len(network.arrays) == 15
    assert f"x5x5xsi{weight_bits or 8}>" in text_of(network)
