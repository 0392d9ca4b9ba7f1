"""Sums and products of integers that stand for themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from unit.frontend.onnx_builder import imported, text_of
from unit.runtime.evaluation import UI8, codes, result_of

from spatem_ir.dialects.cnn.attributes import Quantization
from spatem_ir.exchange.onnxruntime_check import TensorCheck
from spatem_ir.runtime.interpreter import execute
from spatem_ir.weights.store import ParameterStore

SIGNED = Quantization(8, signed=True, scale=1.0, zero_point=0)


@pytest.mark.parametrize(("operator", "function"), [("Add", np.add), ("Mul", np.multiply)])
@pytest.mark.parametrize("kind", ["INT8", "UINT8", "INT16", "UINT16"])
def test_they_wrap_as_in_onnx(tmp_path: Path, operator: str, function: np.ufunc, kind: str) -> None:
    element = getattr(TensorProto, kind)
    inputs = [helper.make_tensor_value_info(name, element, (2, 3, 4)) for name in "ab"]
    output = helper.make_tensor_value_info("y", element, (2, 3, 4))
    node = helper.make_node(operator, ["a", "b"], ["y"], "node")
    path = tmp_path / "net.onnx"
    opsets = [helper.make_opsetid("", 17)]
    graph = helper.make_graph([node], "net", inputs, [output])
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    network, dtype = imported(str(path), raw=True), np.dtype(kind.lower())
    assert f"cnn.integer_{operator.lower()} @node" in text_of(network)
    limits, random = np.iinfo(dtype), np.random.default_rng(1)
    a, b = random.integers(limits.min, limits.max, (2, 2, 3, 4), dtype, endpoint=True)
    store = ParameterStore(arrays=network.arrays)
    check = TensorCheck(network.module, store)
    (result,) = execute(network.module, [a, b], store, check)
    np.testing.assert_array_equal(result, function(a, b))
    assert check.comparison([result]).first_difference is None


def test_an_extent_of_1_is_repeated() -> None:
    first, second = codes(1, SIGNED, 2, 3, 4), codes(2, SIGNED, 2, 3, 1)
    text = "cnn.integer_add @f %a, %b"
    result = result_of(text, (first, SIGNED), (second, SIGNED), target=SIGNED, shape=(3, 4))
    np.testing.assert_array_equal(result, (first + second).astype(np.int8))


def test_other_codes_are_refused() -> None:
    values = codes(1, UI8, 2, 3)
    with pytest.raises(Exception, match="integers of 8 or 16 bits that stand for themselves"):
        result_of("cnn.integer_add @f %a, %b", (values, UI8), (values, UI8), target=UI8)
