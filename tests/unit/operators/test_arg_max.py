"""Where the largest element is: ArgMax and ArgMin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from unit.frontend.onnx_builder import ModelBuilder, imported
from unit.operators.all_the_way import SHAPE, assert_equals_onnxruntime, assert_runs_on_the_chip
from unit.operators.all_the_way import convolution as convolved
from unit.runtime.evaluation import reals

from spatem_ir.support.errors import SpatemError


def numbers(
    model: ModelBuilder, tensor: str, operator: str = "ArgMax", axis: int = 1, keepdims: int = 1
) -> str:
    found = model.node(operator, tensor, axis=axis, keepdims=keepdims)
    return model.node("Cast", found, to=TensorProto.FLOAT)


@pytest.mark.parametrize("operator", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("axis", [1, 2, -1])
def test_of_reals(tmp_path: Path, operator: str, axis: int, keepdims: int) -> None:
    values = np.round(reals(1, 3, 5, 6, 7))
    text = assert_equals_onnxruntime(
        tmp_path, lambda m, x: numbers(m, x, operator, axis, keepdims), values
    )
    assert "cnn.arg_max" in text


def top(model: ModelBuilder, tensor: str, **attributes: Any) -> str:
    """The one element that TopK finds, plus its number."""
    count = model.constant([1], dtype=np.int64)
    node = helper.make_node("TopK", [tensor, count], ["value", "index"], "top", **attributes)
    model.nodes.append(node)
    return model.node("Add", "value", model.node("Cast", "index", to=TensorProto.FLOAT))


@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("axis", [1, 2, -1])
def test_top_one(tmp_path: Path, axis: int, largest: int) -> None:
    values = np.round(reals(1, 3, 5, 6, 7), 1)
    assert_equals_onnxruntime(tmp_path, lambda m, x: top(m, x, axis=axis, largest=largest), values)


def test_top_one_on_the_chip(tmp_path: Path) -> None:
    assert_runs_on_the_chip(tmp_path, lambda m, x: convolved(m, top(m, x, axis=1), 1, SHAPE[0]))


def test_more_than_one_are_refused(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 2, 3, 4))
    count = model.constant([3], dtype=np.int64)
    model.nodes.append(helper.make_node("TopK", ["x", count], ["value", "unused"], "top"))
    with pytest.raises(SpatemError, match=r"takes \[3\] elements; the first one only is supported"):
        imported(model.save(tmp_path / "net.onnx", "value"), raw=True)


def test_behind_the_chip(tmp_path: Path) -> None:
    assert_runs_on_the_chip(tmp_path, lambda m, x: m.node("ArgMax", x, axis=1, keepdims=0))


def test_on_the_chip(tmp_path: Path) -> None:
    assert_runs_on_the_chip(tmp_path, lambda m, x: convolved(m, numbers(m, x), 1, SHAPE[0]))


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"axis": 0}, "has axis 0; it must be one behind the batch"),
        ({"axis": 1, "select_last_index": 1}, "selects the last index of equal elements"),
    ],
)
def test_what_is_refused(tmp_path: Path, attributes: dict[str, Any], message: str) -> None:
    model = ModelBuilder(("n", 2, 3, 4))
    result = model.node("Cast", model.node("ArgMax", "x", **attributes), to=TensorProto.FLOAT)
    with pytest.raises(SpatemError, match=message):
        imported(model.save(tmp_path / "net.onnx", result), raw=True)
