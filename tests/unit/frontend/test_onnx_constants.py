"""Chains of constant nodes, as exporters write them, become constants."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from unit.frontend.onnx_builder import ModelBuilder, executed, imported, reference, text_of
from unit.runtime.evaluation import reals

from spatem_ir.frontend.onnx_constants import fold_constants
from spatem_ir.frontend.onnx_graph import load_graph
from spatem_ir.support.errors import SpatemError


def integers(model: ModelBuilder, *values: int) -> str:
    return model.constant(list(values), dtype=np.int64)


def test_the_pads_of_a_torch_export(tmp_path: Path) -> None:
    """Pads in torch's order, last dimension first, filled up with zeros and turned around."""
    model = ModelBuilder(("n", 3, 5, 6))
    zeros = model.node(
        "ConstantOfShape",
        integers(model, 4),
        value=numpy_helper.from_array(np.zeros(1, np.int64)),
    )
    pads = model.node("Concat", integers(model, 1, 2, 3, 0), zeros, axis=0)
    pairs = model.node("Reshape", pads, integers(model, -1, 2))
    ends = [integers(model, end) for end in (-1, -(2**63) + 1, 0, -1)]
    turned = model.node("Transpose", model.node("Slice", pairs, *ends), perm=[1, 0])
    flat = model.node("Cast", model.node("Reshape", turned, integers(model, -1)), to=7)
    path = model.save(tmp_path / "net.onnx", model.node("Pad", "x", flat))
    network = imported(path, raw=True)
    assert "before [0, 3, 1] after [0, 0, 2]" in text_of(network)
    images = reals(1, 2, 3, 5, 6)
    np.testing.assert_array_equal(executed(network, images)[0], reference(path, images)[0])


def test_arithmetic_with_shapes(tmp_path: Path) -> None:
    model = ModelBuilder((1, 4, 6, 6))
    channels = model.node("Gather", model.node("Shape", "x"), integers(model, 1))
    half = model.node("Div", channels, integers(model, 2))
    shape = model.node("Concat", integers(model, 1), half, integers(model, -1), axis=0)
    path = model.save(tmp_path / "net.onnx", model.node("Reshape", "x", shape))
    assert "cnn.flatten %x : tensor<4x6x6xf32> -> tensor<2x72xf32>" in text_of(
        imported(path, raw=True)
    )


def test_all_results_of_a_node(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 2, 3))
    values = model.constant([[1, 2, 3, 4, 5, 6]], dtype=np.float32)
    model.node("Split", values, axis=1, num_outputs=2, name="split")
    model.nodes[-1].output[:] = ["first", "second"]
    model.node("Add", "x", model.node("Mul", "first", "second"))
    path = model.save(tmp_path / "net.onnx", "t2", opset=18)
    images = reals(1, 2, 2, 3)
    (result,) = executed(imported(path, raw=True), images)
    np.testing.assert_array_equal(result, images + np.array([4, 10, 18], np.float32))


def test_weights_may_be_computed(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 3, 4, 4))
    weights = model.constant(reals(2, 1, 1, 3, 5))
    turned = model.node("Transpose", model.node("Neg", weights), perm=[3, 2, 0, 1])
    path = model.save(tmp_path / "net.onnx", model.node("Conv", "x", turned))
    images = reals(1, 2, 3, 4, 4)
    (result,), (wanted,) = executed(imported(path, raw=True), images), reference(path, images)
    np.testing.assert_allclose(result, wanted, rtol=1e-5, atol=1e-6)


def test_random_numbers_are_no_constants(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 3))
    noise = model.node("RandomNormalLike", model.constant(np.zeros(3, np.float32)), name="noise")
    path = model.save(tmp_path / "net.onnx", model.node("Add", "x", noise))
    with pytest.raises(SpatemError, match="RandomNormalLike 'noise': this operator is not supp"):
        imported(path)


@pytest.mark.parametrize(
    ("extents", "message"),
    [
        ([1 << 14, 1 << 14], "Expand 'expand0': its constant result has 268435456 elements"),
        ([1 << 31, 1 << 31], "its constant result has 4611686018427387904 elements"),
    ],
)
def test_large_constants_are_refused(tmp_path: Path, extents: list[int], message: str) -> None:
    model = ModelBuilder(("n", 3))
    one = model.constant(np.ones(1, np.float32))
    large = model.node("Expand", one, integers(model, *extents))
    total = model.node("ReduceSum", large, integers(model, 0, 1), keepdims=0)
    path = model.save(tmp_path / "net.onnx", model.node("Add", "x", total))
    with pytest.raises(SpatemError, match=message):
        imported(path)


def test_operands_that_do_not_fit_are_named(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 3))
    indices = model.constant([7], dtype=np.int64)
    number = model.node("Gather", model.constant([1.0, 2.0], dtype=np.float32), indices)
    path = model.save(tmp_path / "net.onnx", model.node("Add", "x", number))
    with pytest.raises(SpatemError, match="Gather 'gather0': its operands do not fit: "):
        imported(path)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.inf, np.nan])
def test_constants_are_quantised_by_positive_scales(tmp_path: Path, scale: float) -> None:
    model = ModelBuilder(("n", 3))
    value = model.constant([1.0, 2.0, 3.0], dtype=np.float32)
    codes = model.node("QuantizeLinear", value, model.constant(scale, dtype=np.float32))
    back = model.node("DequantizeLinear", codes, model.constant(0.5, dtype=np.float32))
    path = model.save(tmp_path / "net.onnx", model.node("Add", "x", back))
    with pytest.raises(SpatemError, match="its scale must be positive and finite"):
        imported(path)


def test_large_constants_of_one_value_take_no_memory(tmp_path: Path) -> None:
    """As the weights of the `light` networks that ship with onnx."""
    model = ModelBuilder(("n", 4))
    shape = model.constant([4, 1 << 25], dtype=np.int64)
    weights = model.node("ConstantOfShape", shape)
    graph = load_graph(model.save(tmp_path / "net.onnx", model.node("MatMul", "x", weights)), "net")
    values = fold_constants(graph).constants[weights].values
    assert values.shape == (4, 1 << 25) and values.strides == (0, 0)


def test_more_elements_than_are_possible(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 4))
    shape = model.constant([4, 1 << 26], dtype=np.int64)
    weights = model.node("ConstantOfShape", shape)
    graph = load_graph(model.save(tmp_path / "net.onnx", model.node("MatMul", "x", weights)), "net")
    with pytest.raises(SpatemError, match="268435456 elements; 134217728 are possible"):
        fold_constants(graph)


def test_initialisers_stand_aside_whatever_their_size(tmp_path: Path) -> None:
    """Models of old opsets are converted; old files have initialisers among their inputs."""
    model = ModelBuilder(("n", 96))
    weights = model.constant(model.random.normal(0, 0.1, (96, 64)).astype(np.float32))
    proto = model.model(model.node("MatMul", "x", weights), opset=11)
    kind = onnx.helper.make_tensor_value_info(weights, onnx.TensorProto.FLOAT, (96, 64))
    proto.graph.input.append(kind)
    path = tmp_path / "net.onnx"
    onnx.save(proto, path)
    images = model.random.normal(size=(3, 96)).astype(np.float32)
    assert [tensor.name for tensor in load_graph(str(path), "net").inputs] == ["x"]
    network = imported(str(path), raw=True)
    wanted = reference(str(path), images)[0]
    np.testing.assert_allclose(executed(network, images)[0], wanted, rtol=1e-5, atol=1e-6)
