"""Sizes that are not in the file: given by options, and decided by what depends on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from unit.cli.commands import error_of, result_of
from unit.frontend.onnx_builder import ModelBuilder, executed, imported, reference, text_of
from unit.runtime.evaluation import reals

from spatem_ir.support.errors import SpatemError


def integers(model: ModelBuilder, *values: int) -> str:
    return model.constant(list(values), dtype=np.int64)


def dynamic_model(path: Path) -> str:
    """A convolution, and a Reshape to a shape that is computed from that of its result."""
    model = ModelBuilder(("n", 3, "height", "width"))
    weights = model.constant(reals(1, 4, 3, 3, 3))
    maps = model.node("Relu", model.node("Conv", "x", weights))
    rows = model.node("Gather", model.node("Shape", maps), integers(model, 2))
    half = model.node("Cast", model.node("Div", model.node("Cast", rows, to=1), "two"), to=7)
    model.constant(np.array([2.0], np.float32), "two")
    shape = model.node("Concat", integers(model, 0, 8), half, integers(model, -1), axis=0)
    split = model.node("Reshape", maps, shape)
    again = model.node("Shape", model.node("Relu", split), name="again")
    return model.save(path / "net.onnx", model.node("Reshape", split, again))


def test_a_chain_of_shapes(tmp_path: Path) -> None:
    """Shape inference gives up at the Cast to float32; constants go on."""
    path = dynamic_model(tmp_path)
    network = imported(path, raw=True, shapes={"x": (1, 3, 8, 6)})
    assert "tensor<8x3x4xf32>" in text_of(network)
    images = reals(2, 2, 3, 8, 6)
    (result,), (wanted,) = executed(network, images), reference(path, images)
    np.testing.assert_allclose(result, wanted, rtol=1e-5, atol=1e-6)


def test_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    dynamic_model(tmp_path)
    np.save("images.npy", reals(1, 4, 3, 8, 6))
    common = ("net.onnx", "--calibration", "images.npy", "--level", "cnn", "--images", "2")
    assert error_of(capsys, *common) == (
        "net.onnx: dimension 2 of input 'x' has unknown size 'height': give it, as --shape "
        "'x=1x3x?x?' with numbers for ?"
    )
    found = result_of(capsys, *common, "--check", "onnxruntime", "--shape", "x=1x3x8x6")
    assert found["outputs_match"] is True
    for text in ("x", "x=", "=1x2", "x=1x0x3", "x=1xa"):
        message = error_of(capsys, *common, "--shape", text)
        assert message.startswith(f"argument --shape: '{text}' is not of the form NAME=1x3x224")
    message = error_of(capsys, "lenet", "--shape", "x=1x1x28x28")
    assert message.startswith("--shape has no effect on lenet")


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("image", (1, 3, 8, 6), "--shape names 'image', but the model's inputs are 'x'"),
        ("x", (1, 4, 8, 6), "gives dimension 1 of input 'x' the size 4; it is 3 in the model"),
        ("x", (3, 8, 6), "gives input 'x' 3 dimensions; it has 4, the batch included"),
        ("x", (1, 3, 0, 6), "--shape gives input 'x' a size of 0"),
    ],
)
def test_shapes_that_do_not_fit(
    tmp_path: Path, name: str, shape: tuple[int, ...], message: str
) -> None:
    path = dynamic_model(tmp_path)
    with pytest.raises(SpatemError) as caught:
        imported(path, shapes={name: shape})
    assert message in str(caught.value)


def two_inputs(path: Path, second: Sequence[int | str]) -> str:
    inputs = [
        helper.make_tensor_value_info("a", TensorProto.FLOAT, ["n", 3, "size"]),
        helper.make_tensor_value_info("b", TensorProto.FLOAT, second),
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, "size"])
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["y"])], "g", inputs, [output])
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return str(path)


def test_a_named_size_is_the_same_in_all_inputs(tmp_path: Path) -> None:
    path = two_inputs(tmp_path / "net.onnx", ["n", 3, "size"])
    network = imported(path, raw=True, shapes={"a": (1, 3, 5)})
    assert "%b : tensor<3x5xf32>" in text_of(network) or "%b: tensor<3x5xf32>" in text_of(network)
    with pytest.raises(SpatemError, match="gives dimension 2 of input 'b' the size 6; it is 5"):
        imported(path, shapes={"a": (1, 3, 5), "b": (1, 3, 6)})


def test_a_question_mark_is_no_name(tmp_path: Path) -> None:
    """As Paddle's exporter writes it."""
    model = ModelBuilder(("?", 3, "?", "?"))
    path = model.save(tmp_path / "net.onnx", model.node("Relu", "x"))
    network = imported(path, raw=True, shapes={"x": (1, 3, 4, 6)})
    assert "tensor<3x4x6xf32>" in text_of(network)


def test_a_size_of_another_name_is_asked_for(tmp_path: Path) -> None:
    path = two_inputs(tmp_path / "net.onnx", ["n", 3, "length"])
    with pytest.raises(SpatemError, match="dimension 2 of input 'b' has unknown size 'length'"):
        imported(path, shapes={"a": (1, 3, 5)})
