"""Tanh: from ONNX, on reals and on codes, as numpy and as onnxruntime compute it."""

from __future__ import annotations

from math import tanh
from pathlib import Path

import numpy as np
import pytest
from differential.text import parsed
from numpy.typing import NDArray
from unit.frontend.onnx_builder import ModelBuilder, executed, imported, reference, text_of
from unit.runtime.evaluation import (
    EVERY_CODE,
    SI8,
    SI16,
    UI8,
    coded,
    real,
    reals,
    result_of,
    tensor,
)

from spatem_ir.dialects.cnn.attributes import Quantization
from spatem_ir.exchange.onnxruntime_check import TensorCheck
from spatem_ir.runtime.interpreter import execute
from spatem_ir.weights.store import ParameterStore

TANH = "cnn.tanh @f %a"
UNIT = Quantization(8, signed=True, scale=1 / 128, zero_point=0)


def expected(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.array([tanh(value) for value in values.ravel().tolist()], np.float32).reshape(
        values.shape
    )


def test_of_reals() -> None:
    values = np.append(reals(0, 1, 100), [[-1e30, -20, 0, 20, 1e30]], axis=1).astype(np.float32)
    result = result_of(TANH, (values, None), target=None)
    np.testing.assert_array_max_ulp(result, expected(values), 1)


@pytest.mark.parametrize("source", EVERY_CODE)
@pytest.mark.parametrize("target", [UNIT, UI8, SI16])
def test_of_codes(source: Quantization, target: Quantization) -> None:
    values = np.arange(source.minimum, source.maximum + 1)[None, :]
    result = result_of(TANH, (values, source), target=target)
    np.testing.assert_array_equal(result, coded(expected(real(values, source)), target))


@pytest.mark.parametrize(
    "source", [SI8, UI8, Quantization(8, signed=True, scale=0.001, zero_point=0)]
)
@pytest.mark.parametrize(
    "target", [UNIT, Quantization(8, signed=False, scale=0.0079, zero_point=127)]
)
def test_all_codes_are_those_of_onnxruntime(source: Quantization, target: Quantization) -> None:
    types = f"{tensor((256,), source)} -> {tensor((256,), target)}"
    module = parsed(f"""
      cnn.network @net(%a: {tensor((256,), source)}) {{
        %y = {TANH} : {types}
        cnn.output %y : {tensor((256,), target)}
      }}""")
    check = TensorCheck(module, ParameterStore())
    codes = np.arange(source.minimum, source.maximum + 1)[None, :]
    comparison = check.comparison(execute(module, [codes], ParameterStore(), check))
    assert comparison.first_difference is None


def test_from_onnx(tmp_path: Path) -> None:
    builder = ModelBuilder(("n", 2, 5))
    path = builder.save(tmp_path / "tanh.onnx", builder.node("Tanh", "x"))
    network = imported(path, raw=True)
    assert "cnn.tanh @tanh0 %x : tensor<2x5xf32> -> tensor<2x5xf32>" in text_of(network)
    images = reals(3, 4, 2, 5)
    (result,), (wanted,) = executed(network, images), reference(path, images)
    np.testing.assert_allclose(result, wanted, rtol=1e-5)
