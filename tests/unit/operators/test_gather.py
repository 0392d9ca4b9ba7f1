"""Views of some elements: Gather, Slice, Split, Expand and Tile with constant indices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder, imported
from unit.operators.all_the_way import (
    SHAPE,
    assert_equals_onnxruntime,
    assert_runs_on_the_chip,
    convolution,
)
from unit.runtime.evaluation import SI8, codes, reals, result_of

from spatem_ir.dialects.cnn.attributes import Quantization
from spatem_ir.support.errors import SpatemError

Build = Callable[[ModelBuilder, str], str]
LAST = np.iinfo(np.int64).max


def node(operator: str, *constants: object, **attributes: Any) -> Build:
    def build(model: ModelBuilder, tensor: str) -> str:
        inputs = [model.constant(value, dtype=np.int64) for value in constants]
        return model.node(operator, tensor, *inputs, **attributes)

    return build


def split(model: ModelBuilder, tensor: str, *, axis: int, sizes: list[int]) -> str:
    """Parts, joined in reverse order."""
    parts = [f"part{number}" for number in range(len(sizes))]
    constant = model.constant(sizes, dtype=np.int64)
    model.node("Split", tensor, constant, axis=axis, name="split")
    model.nodes[-1].output[:] = parts
    return model.node("Concat", *parts[::-1], axis=axis)


def halves(model: ModelBuilder, tensor: str) -> str:
    model.node("Split", tensor, axis=1, num_outputs=2, name="split")
    model.nodes[-1].output[:] = ["upper", "lower"]
    return model.node("Add", "upper", "lower")


CASES = {
    "one channel": node("Gather", 2, axis=1),
    "channels in another order": node("Gather", [3, 0, -1, 0], axis=1),
    "indices of two dimensions": node("Gather", [[0, 1], [2, 2]], axis=-1),
    "every second row and column": node("Slice", [0, 1], [LAST, LAST], [2, 3], [2, 2]),
    "rows and columns backwards": node("Slice", [-1, 5], [-LAST, -LAST], [3, 2], [-1, -2]),
    "the whole batch": node("Slice", [0, 1], [LAST, 3], [0, 1]),
    "expanded": lambda m, x: node("Expand", [1, 4, 5, 8])(m, m.node("GlobalMaxPool", x)),
    "expanded with fewer dimensions": lambda m, x: node("Expand", [3, 1])(
        m, m.node("GlobalMaxPool", x)
    ),
    "tiled": node("Tile", [1, 2, 1, 3]),
    "split by sizes": lambda m, x: split(m, x, axis=1, sizes=[1, 3]),
    "split along the rows": lambda m, x: split(m, x, axis=-2, sizes=[2, 1, 5]),
    "halves": halves,
}
of_cases = pytest.mark.parametrize("name", CASES)


@of_cases
def test_of_reals(tmp_path: Path, name: str) -> None:
    text = assert_equals_onnxruntime(tmp_path, CASES[name], reals(1, 3, *SHAPE))
    assert "cnn.gather %" in text


@of_cases
def test_on_the_chip(tmp_path: Path, name: str) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        result = model.node("Relu", CASES[name](model, tensor))
        return model.node("Flatten", result)

    deployed = assert_runs_on_the_chip(tmp_path, build)
    assert "split" not in str(deployed["layers"])


def test_a_view_costs_nothing(tmp_path: Path) -> None:
    def swapped(model: ModelBuilder, tensor: str) -> str:
        order = node("Gather", [1, 0, 3, 2], axis=1)(model, tensor)
        return convolution(model, order, SHAPE[0], 5)

    def plain(model: ModelBuilder, tensor: str) -> str:
        return convolution(model, tensor, SHAPE[0], 5)

    with_view, without = (assert_runs_on_the_chip(tmp_path, build) for build in (swapped, plain))
    assert with_view["latency_cycles"] == without["latency_cycles"]


def test_taking_everything_adds_no_reader(tmp_path: Path) -> None:
    """A slice of all rows is the tensor itself, which then is read by the next node alone."""
    model = ModelBuilder(("n", *SHAPE))
    whole = node("Slice", [0], [LAST], [2])(model, "x")
    network = imported(model.save(tmp_path / "net.onnx", model.node("Relu", whole)), raw=True)
    (tensor,) = next(iter(network.module.ops)).regions[0].block.args
    assert [use.operation.name for use in tensor.uses] == ["cnn.relu"]


@pytest.mark.parametrize("code", [None, SI8])
def test_values(code: Quantization | None) -> None:
    values = reals(1, 2, 3, 4, 5) if code is None else codes(1, code, 2, 3, 4, 5)
    text = "cnn.gather %a dimension 1 indices [3, 0 to 2, 1 times 2]"
    result = result_of(text, (values, code), target=code, shape=(3, 5, 5))
    np.testing.assert_array_equal(result, values[:, :, [3, 0, 1, 1, 1]])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (node("Gather", 0, axis=0), "changes the batch: the output 't0' has the shape"),
        (node("Gather", 4, axis=1), "has indices outside a dimension of 4"),
        (node("Slice", [2], [2], [1]), "takes nothing of axis 1"),
        (node("Slice", [0], [1], [0], [2]), "must not be the batch"),
        (node("Tile", [2, 1, 1, 1]), "changes the batch"),
        (node("Expand", [3, 4, 8, 8]), "changes the batch"),
    ],
)
def test_what_is_refused(tmp_path: Path, build: Build, message: str) -> None:
    model = ModelBuilder(("n", *SHAPE))
    file = model.save(tmp_path / "net.onnx", build(model, "x"), opset=18)
    with pytest.raises(SpatemError, match=message):
        imported(file)
