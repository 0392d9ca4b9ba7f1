"""A model that onnxruntime runs by itself, it runs in a check too: batches, types, options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from unit.frontend.onnx_builder import ModelBuilder, imported

from spatem_ir.exchange import session
from spatem_ir.exchange.onnxruntime_check import differences, onnxruntime_outputs
from spatem_ir.exchange.session import Session, saturates
from spatem_ir.runtime.interpreter import execute
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import ParameterStore

Array = NDArray[Any]

FLOAT, UINT8 = TensorProto.FLOAT, TensorProto.UINT8


def model(
    nodes: list[Any], shape: list[Any], element: int = FLOAT, output: int = FLOAT, **constants: Any
) -> ModelProto:
    """A model from `x` of a shape to `y`, with named initialisers; ONNX version 21."""
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", element, shape)],
        [helper.make_tensor_value_info("y", output, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def outputs_of(built: ModelProto, values: Array) -> Array:
    (result,) = Session(built.SerializeToString(), "net.onnx", optimized=True).run({"x": values})
    return result


def doubled(images: int) -> tuple[Array, Array]:
    values = np.arange(images * 3, dtype=np.float32).reshape(images, 3)
    return values, 2 * values


@pytest.mark.parametrize("images", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("batch", [1, 2, 4, "N"])
def test_any_number_of_images_in_models_of_any_batch(batch: int | str, images: int) -> None:
    built = model([helper.make_node("Add", ["x", "x"], ["y"])], [batch, 3])
    values, expected = doubled(images)
    assert (outputs_of(built, values) == expected).all()


def test_a_batch_that_is_only_called_dynamic() -> None:
    """A Reshape inside the model is for one image: it is run image by image."""
    nodes = [
        helper.make_node("Reshape", ["x", "extents"], ["flat"]),
        helper.make_node("Add", ["flat", "flat"], ["y"]),
    ]
    built = model(nodes, ["N", 3, 1], extents=np.array([1, 3], np.int64))
    values, expected = doubled(4)
    assert (outputs_of(built, values[:, :, None]) == expected).all()
    merged = model(nodes, ["N", 3, 1], extents=np.array([1, -1], np.int64))
    assert (outputs_of(merged, values[:, :, None]) == expected).all()


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "uint16", "int4", "uint4"])
@pytest.mark.parametrize("images", [2, 3])
def test_codes_in_any_integer_type(kind: str, images: int) -> None:
    """Codes are given as int64; the model takes its own type, of four bits too."""
    element = TensorProto.DataType.Value(kind.upper())
    nodes = [helper.make_node("DequantizeLinear", ["x", "scale"], ["y"])]
    built = model(nodes, ["N", 5], element, scale=np.float32(0.5))
    low = -3 if kind.startswith("i") else 0
    values = np.arange(images * 5).reshape(images, 5) % 8 + low
    assert (outputs_of(built, values) == values * np.float32(0.5)).all()


def test_half_precision_inputs() -> None:
    built = model([helper.make_node("Cast", ["x"], ["y"], to=FLOAT)], ["N", 3], TensorProto.FLOAT16)
    values, _ = doubled(3)
    assert (outputs_of(built, values) == values).all()


def shared_weights(path: Path) -> str:
    """Two convolutions with one initialiser, behind one DequantizeLinear."""
    b = ModelBuilder(["N", 4, 6, 6])
    weights, tensor = b.weights(4, 4, 3, 3), b.input()
    for _ in range(2):
        convolved = b.node("Conv", tensor, weights, pads=[1, 1, 1, 1])
        tensor = b.requantize(convolved, 0.05, np.uint8(120))
    return b.save(path, tensor)


def int8_operator(path: Path) -> str:
    """An int8 QLinearConv between QuantizeLinear and DequantizeLinear."""
    b = ModelBuilder(["N", 4, 6, 6])
    scale = b.constant(0.05, dtype=np.float32)
    zero = b.constant(np.int8(-5))
    codes = b.node("QuantizeLinear", "x", scale, zero)
    weights = b.constant(b.random.integers(-128, 128, (3, 4, 3, 3)), dtype=np.int8)
    weight_scale, weight_zero = b.constant(0.01, dtype=np.float32), b.constant(np.int8(0))
    stated = [codes, scale, zero, weights, weight_scale, weight_zero, scale, zero]
    return b.save(path, b.node("DequantizeLinear", b.node("QLinearConv", *stated), scale, zero))


@pytest.mark.parametrize("build", [shared_weights, int8_operator])
@pytest.mark.parametrize("saturating", [False, True])
def test_the_option_for_precise_products_is_no_obstacle(
    build: Any, saturating: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """onnxruntime refuses these models with the option, which only some processors need."""
    monkeypatch.setattr(session, "saturates", lambda: saturating)
    path = build(tmp_path / "net.onnx")
    network = imported(path)
    images = np.random.default_rng(3).uniform(-0.2, 4, (3, 4, 6, 6)).astype(np.float32)
    outputs = execute(network.module, [images], ParameterStore(arrays=network.arrays))
    assert differences(outputs, onnxruntime_outputs(path, [images])) == 0


def test_what_saturates_on_this_processor_is_found_by_computing_it() -> None:
    nodes = [helper.make_node("MatMulInteger", ["x", "weights"], ["y"])]
    weights = np.full((8, 1), 127, np.int8)
    built = model(nodes, ["N", 8], UINT8, TensorProto.INT32, weights=weights)
    sums = outputs_of(built, np.full((1, 8), 255))
    assert saturates() or sums.item() == 8 * 127 * 255


def test_what_onnxruntime_cannot_run_names_the_model() -> None:
    unknown = [helper.make_node("Nothing", ["x"], ["y"], domain="com.microsoft")]
    with pytest.raises(SpatemError, match=r"net\.onnx: onnxruntime cannot run it: "):
        outputs_of(model(unknown, ["N", 3]), doubled(1)[0])
    shaped = [helper.make_node("Reshape", ["x", "extents"], ["y"])]
    with pytest.raises(SpatemError, match=r"net\.onnx: onnxruntime cannot run it: "):
        outputs_of(model(shaped, ["N", 3], extents=np.array([2, 7])), doubled(3)[0])
