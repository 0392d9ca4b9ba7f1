"""The forms of models: QDQ, QOperator, older opsets and file formats, computed constants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
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

from spatem_ir.dialects.cnn.parameters import FileAttr
from spatem_ir.frontend.load import ImportOptions, load_network
from spatem_ir.weights.store import packaged_file

OUTPUT_SCALE = 0.05
OUTPUT_ZERO_POINT = np.uint8(101)


class Layer:
    """The parameters of one layer, to be written in several forms."""

    def __init__(self, *shape: int, axis: int = 0):
        random = np.random.default_rng(3)
        self.axis = axis
        self.codes = random.integers(-128, 127, shape, np.int8, endpoint=True)
        self.scale = random.uniform(0.001, 0.01, shape[axis]).astype(np.float32)
        self.bias = random.integers(-2000, 2000, shape[axis], np.int32)

    def weights(self, b: ModelBuilder) -> list[str]:
        """Codes, scale and zero point."""
        zero = np.zeros_like(self.scale, np.int8)
        values = {"codes": self.codes, "scale": self.scale, "zero": zero}
        return [b.constant(value, name) for name, value in values.items()]

    def bias_inputs(self, b: ModelBuilder) -> list[str]:
        scale = np.float32(INPUT_SCALE) * self.scale
        return [b.constant(self.bias, "bias"), b.constant(scale)]


def integer_io(b: ModelBuilder) -> tuple[list[str], list[str]]:
    """Scale and zero point of the input and of the output."""
    source = [b.constant(INPUT_SCALE, dtype=np.float32), b.constant(INPUT_ZERO_POINT)]
    target = [b.constant(OUTPUT_SCALE, dtype=np.float32), b.constant(OUTPUT_ZERO_POINT)]
    return source, target


def qdq(path: Path, shape: list[Any], operator: str, layer: Layer, **attributes: Any) -> str:
    b = ModelBuilder(shape, TensorProto.UINT8)
    image = b.dequantize("x", INPUT_SCALE, INPUT_ZERO_POINT)
    inputs = [image, b.node("DequantizeLinear", *layer.weights(b), axis=layer.axis)]
    if operator != "MatMul":
        inputs.append(b.node("DequantizeLinear", *layer.bias_inputs(b), axis=0))
    result = b.node(operator, *inputs, name="layer", **attributes)
    return b.save(path, b.quantize(result, OUTPUT_SCALE, OUTPUT_ZERO_POINT))


def random_codes(*shape: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(4).integers(0, 256, shape, np.uint8)


def expect_same(qdq_path: str, integer_path: str, codes: Any) -> None:
    """Both forms give the same IR, and the results of onnxruntime."""
    networks = [imported(path) for path in (qdq_path, integer_path)]
    assert text_of(networks[0]).replace("qdq", "integer") == text_of(networks[1])
    result = executed(networks[1], codes)[0]
    assert len(np.unique(result)) > 2
    for path in (qdq_path, integer_path):
        np.testing.assert_array_equal(result, reference(path, codes)[0])


def test_qlinear_convolution(tmp_path: Path) -> None:
    layer = Layer(6, 4, 3, 3)
    attributes = {"pads": [1, 1, 1, 1], "strides": [2, 2]}
    b = ModelBuilder(["N", 4, 7, 7], TensorProto.UINT8)
    source, target = integer_io(b)
    inputs = ["x", *source, *layer.weights(b), *target, b.constant(layer.bias, "bias")]
    path = b.save(
        tmp_path / "integer.onnx", b.node("QLinearConv", *inputs, name="layer", **attributes)
    )
    same = qdq(tmp_path / "qdq.onnx", ["N", 4, 7, 7], "Conv", layer, **attributes)
    expect_same(same, path, random_codes(3, 4, 7, 7))


def test_qlinear_matmul(tmp_path: Path) -> None:
    layer = Layer(30, 7, axis=1)
    b = ModelBuilder(["N", 30], TensorProto.UINT8)
    source, target = integer_io(b)
    inputs = ["x", *source, *layer.weights(b), *target]
    path = b.save(tmp_path / "integer.onnx", b.node("QLinearMatMul", *inputs, name="layer"))
    same = qdq(tmp_path / "qdq.onnx", ["N", 30], "MatMul", layer)
    expect_same(same, path, random_codes(5, 30))


@pytest.mark.parametrize("transposed", [0, 1])
def test_qgemm(tmp_path: Path, transposed: int) -> None:
    layer = Layer(7, 30) if transposed else Layer(30, 7, axis=1)
    b = ModelBuilder(["N", 30], TensorProto.UINT8)
    source, target = integer_io(b)
    inputs = ["x", *source, *layer.weights(b), b.constant(layer.bias, "bias"), *target]
    result = b.node("QGemm", *inputs, name="layer", domain="com.microsoft", transB=transposed)
    path = b.save(tmp_path / "integer.onnx", result)
    same = qdq(tmp_path / "qdq.onnx", ["N", 30], "Gemm", layer, transB=transposed)
    expect_same(same, path, random_codes(5, 30))


def test_qlinear_average_pool_and_integer_max_pool(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 3, 8, 8], TensorProto.UINT8)
    source, target = integer_io(b)
    pool = b.node("MaxPool", "x", name="largest", kernel_shape=[2, 2])
    attributes = {"domain": "com.microsoft", "kernel_shape": [3, 3]}
    mean = b.node("QLinearAveragePool", pool, *source, *target, name="mean", **attributes)
    path = b.save(tmp_path / "m.onnx", mean, rank=4)
    network, codes = imported(path), random_codes(4, 3, 8, 8)
    got, wanted = executed(network, codes)[0], reference(path, codes)[0]
    assert np.abs(got.astype(int) - wanted).max() <= 1
    assert "(%x: tensor<3x8x8x!cnn.quant<ui8, 0.015625, 7>>)" in text_of(network)


def test_signed_activations_without_zero_point(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 20], TensorProto.INT8)
    image = b.node("DequantizeLinear", "x", b.constant(0.25, dtype=np.float32))
    layer = b.node("MatMul", image, b.weights(20, 6, axis=1), name="layer")
    path = b.save(tmp_path / "m.onnx", b.quantize(layer, 0.5, np.int8(-5)))
    network = imported(path)
    codes = random_codes(6, 20).view(np.int8)
    np.testing.assert_array_equal(executed(network, codes)[0], reference(path, codes)[0])
    assert "(%x: tensor<20x!cnn.quant<si8, 0.25>>)" in text_of(network)


def test_older_opset_with_initialisers_among_the_inputs(tmp_path: Path) -> None:
    b = ModelBuilder([1, 3, 6, 6])
    weights = b.weights(4, 3, 3, 3, axis=None)
    layer = b.node("Conv", b.input(), weights, name="layer")
    output = b.quantize(b.node("Dropout", layer, ratio=0.25), OUTPUT_SCALE, OUTPUT_ZERO_POINT)
    model = b.model(output, opset=11)
    for entry in b.initialisers:
        value = helper.make_tensor_value_info(entry.name, entry.data_type, entry.dims)
        model.graph.input.append(value)
    model.ir_version = 3
    onnx.save(model, tmp_path / "old.onnx")
    recent = b.save(tmp_path / "new.onnx", output, opset=11)
    expected = text_of(imported(recent)).replace("new", "old")
    assert text_of(imported(str(tmp_path / "old.onnx"))) == expected
    assert "cnn.conv @layer" in expected


def test_constants_that_are_computed_become_new_arrays(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 3, 6, 6])
    floats = b.node("Constant", value_floats=np.linspace(-0.5, 0.5, 54).tolist())
    floats = b.node("Reshape", floats, b.constant([2, 3, 3, 3]))
    weights = b.requantize(floats, 0.005, np.int8(0))
    bias = b.node("Constant", value_floats=[0.5, -0.25])
    layer = b.node("Conv", b.input(), weights, bias, name="layer")
    path = b.save(tmp_path / "m.onnx", b.quantize(layer, OUTPUT_SCALE, OUTPUT_ZERO_POINT))
    network, images = imported(path), random_images(3, 3, 6, 6)
    assert network.arrays.keys() == {"layer.weights", "layer.bias"}
    assert network.arrays["layer.bias"].tolist() == [
        np.rint(value / (np.float32(INPUT_SCALE) * np.float32(0.005))) for value in (0.5, -0.25)
    ]
    difference = executed(network, images)[0].astype(int) - reference(path, images)[0]
    assert np.abs(difference).max() <= 1


def test_parameters_refer_to_the_model_as_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    qdq(Path("m.onnx"), ["N", 4, 7, 7], "Conv", Layer(6, 4, 3, 3))
    files = [
        attribute
        for op in imported("m.onnx").module.walk()
        for attribute in op.properties.values()
        if isinstance(attribute, FileAttr)
    ]
    assert [(f.path.data, f.key.data) for f in files] == [
        ("m.onnx", "codes"),
        ("m.onnx", "scale"),
        ("m.onnx", "bias"),
    ]


def test_packaged_network_is_bit_exact() -> None:
    network = load_network("lenet-digits", ImportOptions())
    images = np.load(packaged_file("package:lenet-digits-test.npz"))["images"]
    path = str(packaged_file("package:lenet-digits.onnx"))
    assert len(images) == 450
    got, wanted = executed(network, images)[0], reference(path, images, input_name="image")[0]
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("name", ["lenet-digits", "lenet-digits-float"])
def test_text_is_read_back(name: str) -> None:
    from xdsl.context import Context
    from xdsl.parser import Parser

    from spatem_ir.universe import register_dialects

    module = load_network(name, ImportOptions()).module
    context = Context()
    register_dialects(context)
    again = Parser(context, str(module)).parse_module()
    again.verify()
    assert again.is_structurally_equivalent(module)


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 2.0), (0.3, 1.0), (1.0, -0.7), (2.0, 0.0)])
def test_factors_of_a_quantised_product(tmp_path: Path, alpha: float, beta: float) -> None:
    """Alpha is in the scale of the weights, beta in the bias, which is rounded to its own units."""
    b = ModelBuilder(("n", 12))
    weights = b.weights(5, 12)
    product = b.node("Gemm", b.input(), weights, b.bias(weights), transB=1, alpha=alpha, beta=beta)
    result = b.quantize(product, OUTPUT_SCALE, OUTPUT_ZERO_POINT)
    path = b.save(tmp_path / "net.onnx", result)
    images = random_images(40, 12)
    network = imported(path)
    assert "cnn.dequantize" not in text_of(network)
    (got,), (wanted,) = executed(network, images), reference(path, images)
    difference = np.abs(got.astype(int) - wanted)
    assert difference.max() <= 1 and np.mean(difference > 0) < 0.02
