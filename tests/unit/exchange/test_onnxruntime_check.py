"""The comparison of every tensor with onnxruntime finds what differs, and only that."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from differential.text import parsed
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.driver.pipeline import run_pipeline
from spatem_ir.exchange.onnxruntime_check import TensorCheck, TensorComparison, onnxruntime_outputs
from spatem_ir.runtime import interpreter
from spatem_ir.runtime.interpreter import execute
from spatem_ir.support.errors import SpatemError
from spatem_ir.universe import register_dialects
from spatem_ir.weights.store import ParameterStore

NETWORK = """
cnn.network @net(%image: tensor<1x6x6xui8>) {
  %first = cnn.conv @first %image <3x3> weights #cnn.seeded<1, tensor<2x1x3x3xsi8>> scale 0.01
    : tensor<1x6x6xui8> -> tensor<2x4x4xui8>
  %pool = cnn.max_pool @pool %first <2x2, strides 2x2> : tensor<2x4x4xui8> -> tensor<2x2x2xui8>
  %0 = cnn.flatten %pool : tensor<2x2x2xui8> -> tensor<8xui8>
  %last = cnn.dense @last %0 weights #cnn.seeded<2, tensor<3x8xsi8>> scale 1.0
    : tensor<8xui8> -> tensor<3xsi32>
  %real = cnn.dequantize %last : tensor<3xsi32> -> tensor<3xf32>
  cnn.output %real : tensor<3xf32>
}
"""

TENSORS = 6
"""Results of ops, and the network's output."""

ELEMENTS = 32 + 8 + 8 + 3 + 3 + 3
"""Elements of all tensors of an image."""

STORE = ParameterStore()


def images(count: int) -> NDArray[np.integer]:
    return np.random.default_rng(5).integers(0, 256, (count, 1, 6, 6))


def compared(check: TensorCheck, module: ModuleOp, count: int = 4) -> TensorComparison:
    return check.comparison(execute(module, [images(count)], STORE, check))


def lowered(pipeline: str) -> ModuleOp:
    context, module = Context(), parsed(NETWORK)
    register_dialects(context)
    run_pipeline(context, module, pipeline)
    return module


def corrupt(module: ModuleOp, name: str) -> None:
    """Give a layer other weights than those that were exported."""
    (op,) = [
        op for op in module.walk() if isinstance(op, WeightLayerOp) and op.sym_name.data == name
    ]
    values = STORE.values(op.weights).astype(np.int8)
    values.flat[-1] ^= 64
    op.weights = STORE.keep(f"corrupted {name}", values, op.weight_element)


@pytest.mark.parametrize("pipeline", ["", "partition", "partition,pack,assign,order"])
def test_every_tensor_is_compared_at_every_level(pipeline: str) -> None:
    module = lowered(pipeline)
    comparison = compared(TensorCheck(module, STORE), module)
    assert comparison == TensorComparison(TENSORS, 4 * ELEMENTS, None)


def values_of(module: ModuleOp) -> dict[str, NDArray[np.number]]:
    """All tensors of the network by name."""
    values: dict[str, NDArray[np.number]] = {}
    execute(
        module,
        [images(4)],
        STORE,
        lambda value, array: values.update({str(value.name_hint): array}),
    )
    return values


@pytest.mark.parametrize("pipeline", ["", "partition,pack,assign,order"])
@pytest.mark.parametrize(("layer", "operator"), [("first", "cnn.conv"), ("last", "cnn.dense")])
def test_a_corrupted_weight_is_found_in_its_layer(layer: str, operator: str, pipeline: str) -> None:
    module = lowered(pipeline)
    expected = values_of(module)[layer]
    check = TensorCheck(module, STORE)
    corrupt(module, layer)
    values = values_of(module)[layer]
    found = compared(check, module).first_difference
    assert found is not None
    assert found.tensor == f"%{layer}"
    assert found.op == f"{'mvm.layer' if pipeline else operator} @{layer}"
    different = np.argwhere(values != expected)
    assert (found.differing, found.elements) == (len(different), values.size)
    assert found.index == tuple(different[0])
    assert (found.value, found.expected) == (values[found.index], expected[found.index])


def test_batches_are_compared_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    module = parsed(NETWORK)
    check = TensorCheck(module, STORE)
    corrupt(module, "first")
    whole = compared(check, module)
    module = parsed(NETWORK)
    check = TensorCheck(module, STORE)
    corrupt(module, "first")
    monkeypatch.setattr(interpreter, "BATCH_ELEMENTS", 1)
    assert compared(check, module) == whole
    assert whole.first_difference is not None


def test_the_first_difference_may_be_in_a_later_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images of zeros hide a corrupted weight."""
    monkeypatch.setattr(interpreter, "BATCH_ELEMENTS", 1)
    module = parsed(NETWORK)
    check = TensorCheck(module, STORE)
    corrupt(module, "first")
    inputs = images(3)
    inputs[:2] = 0
    found = check.comparison(execute(module, [inputs], STORE, check)).first_difference
    assert found is not None
    assert found.index[0] == 2


FLOATS = """
cnn.network @net(%x: tensor<2xf32>) {{
  %y = cnn.dense @float %x weights dense<[[{}, 0.5]]> : tensor<1x2xf32>
    : tensor<2xf32> -> tensor<1xf32>
  cnn.output %y : tensor<1xf32>
}}
"""


@pytest.mark.parametrize(("weight", "same"), [("1.0000002", True), ("1.0001", False)])
def test_floats_may_differ_by_their_rounding(weight: str, same: bool) -> None:
    exported, module = parsed(FLOATS.format("1.0")), parsed(FLOATS.format(weight))
    check = TensorCheck(exported, STORE)
    values = np.array([[1.0, 1.0], [0.5, 2.0]], np.float32)
    (outputs,) = execute(module, [values], STORE)
    execute(exported, [values], STORE, check)
    found = check.comparison([outputs]).first_difference
    assert (found is None) == same
    if found is not None:
        assert (found.tensor, found.op, found.expected) == ("output 0", "cnn.output", 1.5)
        assert str(found) == (
            "output 0 of cnn.output: 2 of 2 elements, first at [0, 0]: 1.50010002 instead of 1.5"
        )


def test_fixed_point_requantisation_has_no_onnx_operator() -> None:
    module = parsed(NETWORK.replace("scale 0.01", 'scale 0.01 requantize "fixed-point"'))
    with pytest.raises(
        SpatemError, match=r"cnn\.conv @first: no ONNX operator requantises in fixed"
    ):
        TensorCheck(module, STORE)


def test_without_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(SpatemError, match="needs onnxruntime: pip install"):
        TensorCheck(parsed(NETWORK), STORE)


def test_a_model_that_onnxruntime_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(SpatemError, match=r"broken\.onnx: onnxruntime cannot run it"):
        onnxruntime_outputs(str(path), [images(1)])
