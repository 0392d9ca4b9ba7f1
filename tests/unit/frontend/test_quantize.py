"""Post-training quantisation of float models."""

from __future__ import annotations

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

from spatem_ir.dialects.cnn import ConvOp
from spatem_ir.dialects.cnn_attributes import Quantization, quantization_of
from spatem_ir.errors import SpatemError
from spatem_ir.frontend.load import ImportOptions, load_network
from spatem_ir.frontend.onnx_constants import fold_constants
from spatem_ir.frontend.onnx_graph import load_graph
from spatem_ir.frontend.quantize import (
    LARGEST_BIAS,
    PostTraining,
    activation_quantization,
    bias_codes,
    weight_scales,
)
from spatem_ir.frontend.quantize_evaluate import evaluate
from spatem_ir.frontend.weights import packaged_file


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


def test_evaluator_agrees_with_onnxruntime(tmp_path: Path) -> None:
    b = FloatModel(["N", 3, 12, 10])
    output = branches(b)
    path = b.save(tmp_path / "m.onnx", output, *(node.output[0] for node in b.nodes[:-1]))
    images = random_images(5, 3, 12, 10)
    values = evaluate(fold_constants(load_graph(path, path)), images)
    names = [output, *(node.output[0] for node in b.nodes[:-1])]
    for name, wanted in zip(names, reference(path, images), strict=True):
        np.testing.assert_allclose(values[name], wanted, rtol=1e-4, atol=1e-5)


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


def test_activations() -> None:
    assert activation_quantization(0, 63.75, 8) == Quantization(8, False, 0.25, 0)
    assert activation_quantization(0.5, 3.75, 4) == Quantization(4, False, 0.25, 0)
    assert activation_quantization(-31.75, 1, 8) == Quantization(8, True, 0.25, 0)
    assert activation_quantization(-1, 7 / 3, 4).scale == np.float32(1 / 3)
    assert activation_quantization(0, 0, 8) == Quantization(8, False, 1.0, 0)


@pytest.mark.parametrize("bits", range(2, 9))
def test_weight_codes_are_symmetric_and_close(bits: int) -> None:
    weights = np.random.default_rng(5).normal(0, 1, (4, 3, 5, 5)).astype(np.float32)
    codes, scale = PostTraining(bits, {}).weight_codes(weights, 0.1, np.zeros(1))
    assert codes.dtype == np.int8 and scale.dtype == np.float32
    assert np.abs(codes).max() == 2 ** (bits - 1) - 1
    if bits > 3:
        error = np.abs(weights - codes * scale.reshape(-1, 1, 1, 1)).max(axis=(1, 2, 3))
        assert (error <= scale / 2 * 1.001).all()


def test_searched_scale_has_a_smaller_error() -> None:
    rows = np.random.default_rng(6).normal(0, 1, (8, 400)).astype(np.float32)

    def error(scale: Any) -> Any:
        codes = np.clip(np.rint(rows / scale[:, None]), -1, 1)
        return np.square(rows - codes * scale[:, None]).sum(axis=1)

    assert (error(weight_scales(rows, 2)) < 0.5 * error(np.abs(rows).max(axis=1))).all()


def test_channels_without_weights() -> None:
    weights = np.array([[0, 0], [1e-12, 0], [1, -1]], np.float32)
    bias = np.array([0, 3.0, 0.5], np.float32)
    codes, scale = PostTraining(8, {}).weight_codes(weights, 0.5, bias)
    assert codes.tolist() == [[0, 0], [0, 0], [127, -127]]
    assert scale[0] == 1
    biases = bias_codes(bias, np.float32(0.5) * scale)
    assert abs(biases[1] - LARGEST_BIAS) <= 128 and biases[2] == np.rint(0.5 / 0.5 / scale[2])


def test_missing_calibration(tmp_path: Path) -> None:
    b = FloatModel(["N", 3, 4, 4])
    path = b.save(tmp_path / "m.onnx", b.layer("Conv", "x", 2, 3, 3, 3))
    with pytest.raises(SpatemError, match=r"m\.onnx: is a float model; .* --calibration FILE\.npy"):
        imported(path)


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
    with pytest.raises(SpatemError, match=r"calibration\.npy: calibration file not found"):
        imported(path, calibration=str(file))
    file.write_bytes(b"\x93NUMPY")
    with pytest.raises(SpatemError, match=r"calibration\.npy: not a readable \.npy file"):
        imported(path, calibration=str(file))
    with file.open("wb") as stream:
        np.savez(stream, images=np.zeros(3))
    with pytest.raises(SpatemError, match=r"calibration\.npy: is an archive"):
        imported(path, calibration=str(file))


def test_operators_that_only_constants_can_have(tmp_path: Path) -> None:
    b = FloatModel(["N", 3, 4, 4])
    path = b.save(tmp_path / "m.onnx", b.node("Transpose", "x", perm=[0, 2, 3, 1], name="turn"))
    samples = calibration(tmp_path, random_images(1, 3, 4, 4))
    with pytest.raises(SpatemError, match=r"Transpose 'turn': cannot be evaluated"):
        imported(path, calibration=samples)


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
    (logits,) = executed(network, test["images"])
    assert logits.dtype == np.float32
    assert np.mean(logits.argmax(axis=1) == test["labels"]) >= accuracy
    assert text_of(network).count('#cnn.file<"digits.npz"') == len(network.arrays) == 15
    assert f"x5x5xsi{weight_bits or 8}>" in text_of(network)
