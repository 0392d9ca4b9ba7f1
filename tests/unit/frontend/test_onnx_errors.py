"""What the importer cannot read: each error names the file, the node and the reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from unit.frontend.onnx_builder import INPUT_SCALE, INPUT_ZERO_POINT, ModelBuilder, imported

from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import packaged_file

OUTPUT = (0.05, np.uint8(101))
IMAGE = ["N", 3, 6, 6]


def expect_error(path: Path | str, message: str) -> None:
    """Import fails with one line that starts with the file and contains the message."""
    with pytest.raises(SpatemError) as caught:
        imported(str(path))
    text = str(caught.value)
    assert text.startswith(f"{path}: ") and "\n" not in text
    assert re.search(message, text.removeprefix(f"{path}: ")), text


def test_missing_file(tmp_path: Path) -> None:
    expect_error(tmp_path / "m.onnx", "No such file")


def test_no_onnx_file(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_text("this is no protocol buffer")
    expect_error(path, "not a readable ONNX model")


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"")
    expect_error(path, "not a valid ONNX model")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_file(tmp_path: Path, share: float) -> None:
    data = packaged_file("package:lenet-digits.onnx").read_bytes()
    path = tmp_path / "m.onnx"
    path.write_bytes(data[: int(len(data) * share)])
    expect_error(path, "not a (readable|valid) ONNX model")


def test_missing_package_file() -> None:
    expect_error("package:absent.onnx", "No such file")


def test_names_that_are_no_text(tmp_path: Path) -> None:
    b = ModelBuilder(IMAGE)
    data = b.model(b.node("Relu", b.input(), name="rectifier")).SerializeToString()
    path = tmp_path / "m.onnx"
    path.write_bytes(data.replace(b"rectifier", b"rect\xb3fier"))
    expect_error(path, "not a valid ONNX model: .*is not UTF-8 text")


def test_initialisers_that_cannot_be_read(tmp_path: Path) -> None:
    b = ModelBuilder(IMAGE)
    model = b.model(b.node("Conv", b.input(), b.weights(4, 3, 3, 3)))
    model.graph.initializer[2].raw_data = b"\x00" * 7
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    expect_error(path, "initialiser 'c2' cannot be read|not a valid ONNX model")


def test_shapes_that_contradict(tmp_path: Path) -> None:
    b = ModelBuilder(IMAGE)
    layer = b.node("Conv", b.input(), b.weights(4, 3, 3, 3), name="layer")
    model = b.model(layer)
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 5
    onnx.save(model, tmp_path / "m.onnx")
    expect_error(tmp_path / "m.onnx", "not a valid ONNX model: .*dimension 1")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (["N", 3, "height", 6], "dimension 2 of input 'x' has unknown size 'height'"),
        (["N", 3, 6, None], r"dimension 3 of input 'x' .*: give it, as --shape 'x=1x3x6x\?' with"),
        (["N"], "input 'x' has 1 known dimensions"),
    ],
)
def test_dynamic_shapes(tmp_path: Path, shape: list[Any], message: str) -> None:
    b = ModelBuilder(shape)
    expect_error(b.save(tmp_path / "m.onnx", b.node("Relu", "x")), message)


def test_input_of_unsupported_type(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 3], TensorProto.INT64)
    image = b.node("Cast", "x", to=TensorProto.FLOAT)
    path = b.save(tmp_path / "m.onnx", b.quantize(image, *OUTPUT))
    expect_error(path, "input 'x' is int64; it must be a float of 16 or 32 bits or an integer")


Graph = Callable[[ModelBuilder], str]
"""Adds nodes to a model with input IMAGE and returns the output."""


def conv(b: ModelBuilder, **attributes: Any) -> str:
    return b.node("Conv", b.input(), b.weights(4, 3, 3, 3), name="layer", **attributes)


def gemm(b: ModelBuilder, **attributes: Any) -> str:
    flat = b.node("Flatten", b.input(), name="flat")
    return b.node("Gemm", flat, b.weights(4, 108), name="fc", transB=1, **attributes)


def short_bias(b: ModelBuilder) -> str:
    bias = b.constant(np.ones(3), dtype=np.float32)
    return b.node("Conv", b.input(), b.weights(4, 3, 3, 3), bias, name="layer")


def zero_points_of_inputs(b: ModelBuilder) -> str:
    inputs = [
        b.constant(np.ones((2, 3, 1, 1), np.int8)),
        b.constant(0.5, dtype=np.float32),
        b.constant([1, 2, 3], dtype=np.int8),
    ]
    weights = b.node("DequantizeLinear", *inputs, axis=1)
    return b.node("Conv", b.input(), weights, name="layer")


def scale_is_negative(b: ModelBuilder) -> str:
    return b.node("QuantizeLinear", "x", b.constant(-1, dtype=np.float32), name="q")


def reads_another_scale(b: ModelBuilder) -> str:
    return b.dequantize(b.quantize("x", 0.5, np.uint8(1)), 0.25, np.uint8(1))


def computed_weights(b: ModelBuilder) -> str:
    image = b.input()
    return b.node("MatMul", image, image, name="product")


CASES: dict[str, tuple[Graph, str]] = {
    "unsupported operator": (
        lambda b: b.node("Sinh", b.input(), name="act"),
        "Sinh 'act': this operator is not supported",
    ),
    "unnamed node": (
        lambda b: b.node("Sinh", b.input(), name=""),
        "Sinh of 't2': this operator is not supported",
    ),
    "unsupported domain": (
        lambda b: b.node("Gelu", b.input(), name="act", domain="com.microsoft"),
        "com.microsoft.Gelu 'act': this operator is not supported",
    ),
    "stack of matrices": (
        lambda b: b.node("MatMul", b.input(), b.weights(2, 1, 1, 6, 4, axis=None), name="product"),
        r"MatMul 'product': multiplies \[batch, 3, 6, 6\] by weights \[2, 1, 1, 6, 4\]",
    ),
    "scales of a stack": (
        lambda b: b.node("MatMul", b.input(), b.weights(3, 6, 4, axis=0), name="product"),
        "MatMul 'product': has several scales for weights that are not a matrix",
    ),
    "constant per image": (
        lambda b: b.node("Add", b.input(), b.constant(np.ones((2, 1, 1, 1), "f4")), name="sum"),
        r"Add 'sum': has a constant of shape \[2, 1, 1, 1\], which does not fit",
    ),
    "computed weights": (computed_weights, "MatMul 'product': its weights are not constant"),
    "short bias": (short_bias, "Conv 'layer': its bias has 3 elements for 4 output channels"),
    "zero points": (
        zero_points_of_inputs,
        "Conv 'layer': its weights must have one zero point for",
    ),
    "negative scale": (scale_is_negative, "QuantizeLinear 'q': its scale must be positive"),
    "another scale": (reads_another_scale, "DequantizeLinear .*: reads 't0' with scale 0.25 and"),
    "concat of batches": (
        lambda b: b.node("Concat", *[b.input()] * 2, axis=0, name="join"),
        "Concat 'join': has axis 0, which joins batches",
    ),
    "flatten of batch": (
        lambda b: b.node("Flatten", b.input(), axis=2, name="flat"),
        "Flatten 'flat': changes the batch: the output '.*' has the shape",
    ),
    "reshape of batch": (
        lambda b: b.node("Reshape", b.input(), b.constant([-1, 6]), name="rows"),
        r"Reshape 'rows': changes the batch: the output '.*' has the shape \[.*, 6\]",
    ),
    "softmax of images": (
        lambda b: b.node("Softmax", b.input(), axis=0, name="soft"),
        "Softmax 'soft': has axis 0 on .*; it must not be the batch",
    ),
    "unknown attribute": (
        lambda b: b.node("GlobalAveragePool", b.input(), name="pool", flavour="new"),
        "Unrecognized attribute: flavour",
    ),
    "dropout in training": (
        lambda b: b.node(
            "Dropout", b.input(), b.constant(0.5, dtype=np.float32), b.constant(True), name="drop"
        ),
        "Dropout 'drop': is in training mode",
    ),
    "padding alone": (
        lambda b: b.node("MaxPool", b.input(), name="pool", kernel_shape=[2, 2], pads=[0, 0, 0, 2]),
        "cnn.max_pool @pool: has a window of padding alone",
    ),
    "average of a partial window": (
        lambda b: b.node(
            "QLinearAveragePool",
            b.quantize("x", INPUT_SCALE, INPUT_ZERO_POINT),
            *2 * [b.constant(INPUT_SCALE, dtype=np.float32), b.constant(INPUT_ZERO_POINT)],
            domain="com.microsoft",
            name="pool",
            kernel_shape=[3, 3],
            strides=[2, 2],
            ceil_mode=1,
            count_include_pad=1,
        ),
        "QLinearAveragePool 'pool': has ceil_mode and count_include_pad",
    ),
    "negative automatic pads": (
        lambda b: b.node(
            "MaxPool",
            b.input(),
            name="pool",
            kernel_shape=[1, 1],
            strides=[3, 3],
            auto_pad="SAME_UPPER",
        ),
        "MaxPool 'pool': has an auto_pad whose pads are negative",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_unsupported(tmp_path: Path, case: str) -> None:
    build, message = CASES[case]
    b = ModelBuilder(IMAGE)
    expect_error(b.save(tmp_path / "m.onnx", build(b)), message)


def test_second_result_is_used(tmp_path: Path) -> None:
    b = ModelBuilder(IMAGE)
    pool = b.node("MaxPool", b.input(), name="pool", kernel_shape=[2, 2])
    b.nodes[-1].output.append("indices")
    path = b.save(tmp_path / "m.onnx", pool, b.node("Identity", "indices"))
    expect_error(path, "MaxPool 'pool': only its first result is supported")


def test_constant_output(tmp_path: Path) -> None:
    b = ModelBuilder(IMAGE)
    constant = b.node("Identity", b.constant(np.ones(3), dtype=np.float32))
    path = b.save(tmp_path / "m.onnx", constant)
    expect_error(path, f"output '{constant}' does not depend on an input")
