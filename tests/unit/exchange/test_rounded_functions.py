"""Codes that functions in float32 round: within one code; what reads them goes on from there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder, imported
from unit.frontend.quantized_models import QuantizedModel, Variant, expect_equal_tensors

from spatem_ir.exchange.onnxruntime_check import TensorCheck, TensorDifference
from spatem_ir.frontend.load import LoadedNetwork
from spatem_ir.runtime.interpreter import execute
from spatem_ir.weights.store import ParameterStore

IMAGES = np.random.default_rng(3).normal(0, 2, (4, 4, 24, 24)).astype(np.float32)


def function_between_layers(folder: Path, variant: Variant) -> LoadedNetwork:
    b = QuantizedModel(variant, ("n", 4, 24, 24))
    x = b.node("Tanh", b.qdq(b.conv(b.qdq("x"))))
    y = b.qdq(b.conv(b.qdq(x, 0.02)))
    return imported(b.save(folder / "m.onnx", y, opset=variant.opset))


@pytest.mark.parametrize("variant", [Variant(np.int16, opset=21), Variant()], ids=str)
def test_last_bits_of_functions_make_no_difference(tmp_path: Path, variant: Variant) -> None:
    expect_equal_tensors(function_between_layers(tmp_path, variant), IMAGES)


def difference_of(network: LoadedNetwork, name: str, steps: int) -> TensorDifference | None:
    """What is found if a tensor of a network has other codes than it should."""
    store = ParameterStore(arrays=network.arrays)
    check = TensorCheck(network.module, store)

    def observe(value: object, array: np.ndarray) -> None:  # type: ignore[type-arg]
        is_changed = getattr(value, "name_hint", None) == name
        check(value, array + array.dtype.type(steps) if is_changed else array)  # type: ignore[arg-type]

    outputs = execute(network.module, [IMAGES], store, observe)
    return check.comparison(outputs).first_difference


def test_two_codes_are_a_difference(tmp_path: Path) -> None:
    network = function_between_layers(tmp_path, Variant(np.int16, opset=21))
    names = [str(op.results[0].name_hint) for op in network.module.walk() if "tanh" in op.name]
    found = difference_of(network, names[0], 3)
    assert found is not None and found.op.startswith("cnn.tanh")


def test_layers_are_exact(tmp_path: Path) -> None:
    b = ModelBuilder(["n", 4, 24, 24])
    y = b.quantize(b.node("Conv", b.input(), b.weights(2, 4, 1, 1)), 0.3, np.uint8(7))
    network = imported(b.save(tmp_path / "m.onnx", y))
    names = [str(op.results[0].name_hint) for op in network.module.walk() if "conv" in op.name]
    found = difference_of(network, names[0], 1)
    assert found is not None and found.op.startswith("cnn.conv")
