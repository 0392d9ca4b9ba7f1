"""Functions of each element: from ONNX, on reals and on all codes, as onnxruntime computes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from differential.text import parsed
from unit.frontend.onnx_builder import ModelBuilder, executed, imported, text_of
from unit.operators.all_the_way import (
    SHAPE,
    assert_equals_onnxruntime,
    assert_runs_on_the_chip,
    convolution,
)
from unit.runtime.evaluation import SI8, SI16, UI8, reals, result_of, tensor

from spatem_ir.dialects.cnn.attributes import Quantization
from spatem_ir.exchange.onnxruntime_check import TensorCheck
from spatem_ir.runtime.interpreter import execute
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import ParameterStore

FINE = Quantization(8, signed=True, scale=0.001, zero_point=0)
UNIT = Quantization(8, signed=False, scale=0.0079, zero_point=127)
WIDE = Quantization(8, signed=True, scale=1 / 8, zero_point=3)


@dataclass(frozen=True)
class Function:
    """An operator of ONNX, and the op that it becomes."""

    operator: str
    op: str
    attributes: dict[str, Any] = field(default_factory=dict)
    constants: tuple[float, ...] = ()
    opset: int = 18
    positive: bool = False

    def build(self, model: ModelBuilder, tensor: str) -> str:
        constants = [model.constant(value, dtype=np.float32) for value in self.constants]
        return model.node(self.operator, tensor, *constants, **self.attributes)


FUNCTIONS = [
    Function("HardSwish", "hard_swish @f %a"),
    Function("HardSigmoid", "hard_sigmoid @f %a alpha 0.2 beta 0.5"),
    Function("HardSigmoid", "hard_sigmoid @f %a alpha 0.3 beta 0.1", {"alpha": 0.3, "beta": 0.1}),
    Function("Elu", "elu @f %a alpha 1.5 gamma 1.0", {"alpha": 1.5}),
    Function("Selu", "elu @f %a alpha 1.6732632 gamma 1.050701"),
    Function("Celu", "celu @f %a alpha 1.5", {"alpha": 1.5}),
    Function("Gelu", "gelu @f %a", opset=20),
    Function("Gelu", "gelu @f %a tanh", {"approximate": "tanh"}, opset=20),
    Function("Erf", "erf @f %a"),
    Function("Softplus", "softplus @f %a"),
    Function("Mish", "mish @f %a"),
    Function("Exp", "exp @f %a"),
    Function("Neg", "neg @f %a"),
    Function("Abs", "abs @f %a"),
    Function("Sqrt", "sqrt @f %a", positive=True),
    Function("Log", "log @f %a", positive=True),
    Function("Reciprocal", "reciprocal @f %a"),
    Function("Round", 'round @f %a "half-even" step 1.0'),
    Function("Floor", 'round @f %a "floor" step 1.0'),
    Function("Ceil", 'round @f %a "ceil" step 1.0'),
    Function("Pow", "pow @f %a exponent 2.0", constants=(2,)),
    Function("Pow", "pow @f %a exponent 3.0", constants=(3,)),
    Function("Pow", "pow @f %a exponent -1.0", constants=(-1,)),
    Function("Pow", "pow @f %a exponent 0.75", constants=(0.75,), positive=True),
    Function("Pow", "sqrt @f %a", constants=(0.5,), positive=True),
    Function("Sign", "sign @f %a"),
    Function("Sin", "sin @f %a"),
    Function("Cos", "cos @f %a"),
    Function("Atan", "atan @f %a"),
]
of_functions = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.op)


@of_functions
def test_of_reals(tmp_path: Path, function: Function) -> None:
    values = np.append(reals(3, 40, 6), [[-80, -20, -1, 0, 20, 80]], axis=0).astype(np.float32)
    if function.positive:
        values = np.abs(values)
    text = assert_equals_onnxruntime(tmp_path, function.build, values, opset=function.opset)
    op, _, rest = function.op.partition(" @f %a")
    assert f"cnn.{op} @{function.operator.lower()}" in text and f"%x{rest} : " in text


@of_functions
@pytest.mark.parametrize("source", [SI8, UI8, FINE, WIDE, SI16])
@pytest.mark.parametrize("target", [UNIT, WIDE])
def test_all_codes_are_those_of_onnxruntime(
    function: Function, source: Quantization, target: Quantization
) -> None:
    count = 1 << source.bits
    types = f"{tensor((count,), source)} -> {tensor((count,), target)}"
    module = parsed(f"""
      cnn.network @net(%a: {tensor((count,), source)}) {{
        %y = cnn.{function.op} : {types}
        cnn.output %y : {tensor((count,), target)}
      }}""")
    check = TensorCheck(module, ParameterStore())
    codes = np.arange(source.minimum, source.maximum + 1)[None, :]
    comparison = check.comparison(execute(module, [codes], ParameterStore(), check))
    assert comparison.first_difference is None


@pytest.mark.parametrize("function", FUNCTIONS[::2], ids=lambda f: f.op)
def test_on_the_chip(tmp_path: Path, function: Function) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        tensor = model.node("Abs", tensor) if function.positive else tensor
        return convolution(model, function.build(model, tensor), SHAPE[0], 5)

    assert_runs_on_the_chip(tmp_path, build, opset=function.opset)


def test_logarithms_of_codes_below_zero_are_the_least() -> None:
    result = result_of("cnn.log @f %a", (np.array([[-4, 3, 11]]), WIDE), target=WIDE)
    assert result.tolist() == [[-128, -128, 3]]


def test_roots_of_codes_below_zero_are_zero() -> None:
    result = result_of("cnn.sqrt @f %a", (np.array([[-4, 0, 4]]), WIDE), target=WIDE)
    assert result.tolist() == [[3, 3, 6]]


def swish(model: ModelBuilder, tensor: str) -> str:
    """As exporters write it."""
    return model.node("Mul", tensor, model.node("Sigmoid", tensor))


def test_swish_is_one_function(tmp_path: Path) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        return convolution(model, swish(model, tensor), SHAPE[0], 5)

    assert_runs_on_the_chip(tmp_path, build)
    model = ModelBuilder(("n", 3, 4, 4))
    path = model.save(tmp_path / "net.onnx", build(model, convolution(model, "x", 3, SHAPE[0])))
    text = text_of(imported(path))
    assert text.count("cnn.swish") == 1
    assert "cnn.sigmoid" not in text and "cnn.mul" not in text


@pytest.mark.parametrize("source", [SI8, UI8, FINE, WIDE, SI16])
@pytest.mark.parametrize("target", [UNIT, WIDE])
def test_swish_of_all_codes(source: Quantization, target: Quantization) -> None:
    test_all_codes_are_those_of_onnxruntime(Function("Swish", "swish @f %a"), source, target)


@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_swish(tmp_path: Path, alpha: float) -> None:
    """The node and its two parts; onnxruntime does not know the node yet."""
    model = ModelBuilder(("n", 4, 5))
    one = imported(
        model.save(tmp_path / "one.onnx", model.node("Swish", "x", alpha=alpha), opset=24),
        raw=True,
    )
    model = ModelBuilder(("n", 4, 5))
    inner = model.node("Mul", "x", model.constant(alpha, dtype=np.float32))
    result = model.node("Mul", "x", model.node("Sigmoid", inner))
    two = imported(model.save(tmp_path / "two.onnx", result), raw=True)
    values = reals(1, 3, 4, 5)
    for results in zip(executed(one, values), executed(two, values), strict=True):
        np.testing.assert_array_equal(*results)
    assert ("cnn.swish" in text_of(one)) == (alpha == 1)


def test_several_exponents_are_refused(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 2))
    power = model.node("Pow", "x", model.constant([1.0, 2.0], dtype=np.float32))
    with pytest.raises(SpatemError, match="has several exponents"):
        imported(model.save(tmp_path / "net.onnx", power))
