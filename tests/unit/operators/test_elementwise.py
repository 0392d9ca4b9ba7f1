"""Sub, Div, Max, Min and PRelu, of activations and of constants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from unit.frontend.onnx_builder import ModelBuilder, executed, imported
from unit.operators.all_the_way import (
    SHAPE,
    assert_equals_onnxruntime,
    assert_runs_on_the_chip,
    convolution,
)
from unit.runtime.evaluation import SI8, SI16, UI8, coded, codes, real, reals, result_of

from spatem_ir.support.errors import SpatemError

Build = Callable[[ModelBuilder, str], str]

ROW = np.linspace(-2, 3, 8)
CHANNELS = np.array([-1.5, 0.5, 2, 3]).reshape(4, 1, 1)


def with_itself(operator: str) -> Build:
    """The operator on a tensor and on its rectified mean, which differ."""

    def build(model: ModelBuilder, tensor: str) -> str:
        other = model.node("Softplus", model.node("GlobalAveragePool", tensor))
        return model.node(operator, tensor, other)

    return build


def behind(operator: str, constant: Any) -> Build:
    return lambda model, tensor: model.node(operator, tensor, number(model, constant))


def before(operator: str, constant: Any) -> Build:
    return lambda model, tensor: model.node(
        operator, number(model, constant), model.node("Softplus", tensor)
    )


def number(model: ModelBuilder, constant: Any) -> str:
    return model.constant(constant, dtype=np.float32)


CASES: dict[str, tuple[Build, str]] = {
    "a - b": (with_itself("Sub"), "cnn.sub @"),
    "a - c": (behind("Sub", CHANNELS), "cnn.affine @"),
    "c - a": (before("Sub", ROW), "cnn.affine @"),
    "a / b": (with_itself("Div"), "cnn.div @"),
    "a / c": (behind("Div", CHANNELS), "cnn.affine @"),
    "c / a": (before("Div", 3.0), "cnn.reciprocal @"),
    "max of activations": (with_itself("Max"), "cnn.max @"),
    "max with a number": (behind("Max", -0.5), "cnn.clip @max0.bound %x from -0.5"),
    "min of activations": (with_itself("Min"), "cnn.min @"),
    "min with numbers": (
        lambda m, x: m.node("Min", number(m, 4.0), x, number(m, [0.5])),
        "cnn.clip @min0.bound %x to 0.5",
    ),
    "mean": (with_itself("Mean"), "cnn.affine @mean"),
    "mean with a number": (behind("Mean", 2.0), "cnn.affine @mean"),
    "thresholded": (lambda m, x: m.node("ThresholdedRelu", x, alpha=0.5), "cnn.step @"),
    "prelu by channel": (behind("PRelu", CHANNELS), "cnn.prelu @prelu0 %x slope"),
    "prelu with one slope": (behind("PRelu", [0.25]), "cnn.prelu @"),
    "prelu by column": (behind("PRelu", ROW), "cnn.prelu @"),
}
of_cases = pytest.mark.parametrize("name", CASES)


@of_cases
def test_of_reals(tmp_path: Path, name: str) -> None:
    build, text = CASES[name]
    assert text in assert_equals_onnxruntime(tmp_path, build, reals(1, 3, *SHAPE))


@of_cases
def test_on_the_chip(tmp_path: Path, name: str) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        return convolution(model, CASES[name][0](model, tensor), SHAPE[0], 5)

    assert_runs_on_the_chip(tmp_path, build)


@pytest.mark.parametrize(
    ("op", "function"),
    [("sub", np.subtract), ("max", np.maximum), ("min", np.minimum)],
)
def test_codes(op: str, function: np.ufunc) -> None:
    first, second = codes(1, SI8, 2, 3, 4), codes(2, UI8, 2, 3, 4)
    result = result_of(f"cnn.{op} @f %a, %b", (first, SI8), (second, UI8), target=SI16)
    expected = coded(function(real(first, SI8), real(second, UI8)), SI16)
    np.testing.assert_array_equal(result, expected)


def test_quotients_of_codes_are_defined_at_zero() -> None:
    values = [
        np.array([[z + steps for steps in row]]) for z, row in ((-5, (3, -3, 0)), (117, (0, 0, 0)))
    ]
    result = result_of("cnn.div @f %a, %b", (values[0], SI8), (values[1], UI8), target=SI8)
    assert result.tolist() == [[127, -128, -5]]


def test_slopes_of_old_models_belong_to_channels(tmp_path: Path) -> None:
    """Also where there are as many columns, along which they would be broadcast today."""
    slopes = np.array([-1.0, 0.5, 2.0, 0.25], np.float32)
    graph = helper.make_graph(
        [helper.make_node("PRelu", ["x", "slopes"], ["y"], "act")],
        "old",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 3, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 3, 4])],
        [numpy_helper.from_array(slopes, "slopes")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 6)], ir_version=4)
    onnx.save(model, tmp_path / "old.onnx")
    images = reals(1, 2, 4, 3, 4)
    (result,) = executed(imported(str(tmp_path / "old.onnx"), raw=True), images)
    np.testing.assert_array_equal(
        result, np.where(images >= 0, images, images * slopes[:, None, None])
    )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (behind("Div", [2.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]), "Div 'div0': divides by 0"),
        (behind("Max", ROW), "Max 'max0': has a constant of several values"),
        (lambda m, x: m.node("PRelu", x, x), "its slopes are not constant"),
    ],
)
def test_what_is_refused(tmp_path: Path, build: Build, message: str) -> None:
    model = ModelBuilder(("n", *SHAPE))
    file = model.save(tmp_path / "net.onnx", build(model, "x"))
    with pytest.raises(SpatemError, match=message):
        imported(file)
