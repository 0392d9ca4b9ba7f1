"""Factors and spelled-out functions of float models take no operators on the chip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.frontend.onnx_builder import (
    ModelBuilder,
    executed,
    imported,
    random_images,
    reference,
    text_of,
)
from unit.passes.deployed import applied

from spatem_ir.passes.fold_scales import FoldScalesPass
from spatem_ir.passes.join_functions import JoinFunctionsPass
from spatem_ir.runtime.interpreter import execute
from spatem_ir.weights.store import ParameterStore

IMAGES = random_images(12, 3, 8, 8)


class Chains(ModelBuilder):
    """Layers followed by arithmetic with constants."""

    def number(self, value: float) -> str:
        return self.constant(value, dtype=np.float32)

    def convolution(self, tensor: str, *shape: int, **attributes: Any) -> str:
        kernels = self.constant(self.random.normal(0, 0.5, shape), dtype=np.float32)
        bias = self.constant(self.random.normal(0, 0.5, shape[0]), dtype=np.float32)
        return self.node("Conv", tensor, kernels, bias, **attributes)

    def gate(self, tensor: str) -> str:
        shifted = self.node("Add", tensor, self.number(3))
        clipped = self.node("Clip", shifted, self.number(0), self.number(6))
        return self.node("Div", clipped, self.number(6))


def behind_a_layer(b: Chains) -> str:
    """Factors behind ReLUs and poolings, and a gate behind a layer alone."""
    first = b.node("Relu", b.convolution("x", 4, 3, 3, 3))
    scaled = b.node("Mul", first, b.number(0.25))
    pooled = b.node("MaxPool", scaled, kernel_shape=[2, 2], strides=[2, 2])
    second = b.convolution(b.node("Mul", b.number(3), pooled), 5, 4, 1, 1)
    return b.convolution(b.gate(second), 2, 5, 1, 1)


def swish(b: Chains) -> str:
    """The hard swish of exporters, in both forms; the second one and a gate of it are one table."""
    first = b.convolution("x", 4, 3, 1, 1)
    second = b.convolution(b.node("Mul", first, b.gate(first)), 4, 4, 1, 1)
    clipped = b.node("Clip", b.node("Add", second, b.number(3)), b.number(0), b.number(6))
    third = b.node("Div", b.node("Mul", second, clipped), b.number(6))
    return b.convolution(b.node("Add", b.gate(third), third), 2, 4, 1, 1)


@pytest.mark.parametrize(
    ("chain", "operators"),
    [
        (behind_a_layer, {"conv": 3, "max_pool": 1}),
        (swish, {"conv": 3, "hard_swish": 1, "table": 1}),
    ],
)
def test_chains_cost_nothing_or_one_function(
    tmp_path: Path, chain: Any, operators: dict[str, int]
) -> None:
    b = Chains(["N", 3, 8, 8])
    path = b.save(tmp_path / "m.onnx", chain(b), rank=4)
    np.save(tmp_path / "calibration.npy", IMAGES)
    network = imported(path, calibration=str(tmp_path / "calibration.npy"))
    text = text_of(network)
    assert {name: text.count(f"cnn.{name} @") for name in operators} == operators
    assert text.count(" = cnn.") == sum(operators.values()) + 2, "with quantize and dequantize"
    (wanted,), (got,) = reference(path, IMAGES), executed(network, IMAGES)
    assert np.sqrt(np.mean(np.square(got - wanted))) < 0.05 * wanted.std()


@pytest.mark.parametrize("chain", [behind_a_layer, swish])
def test_float_results_stay(tmp_path: Path, chain: Any) -> None:
    b = Chains(["N", 3, 8, 8])
    network = imported(b.save(tmp_path / "m.onnx", chain(b), rank=4), raw=True)
    store = ParameterStore(arrays=network.arrays)
    (before,) = execute(network.module, [IMAGES], store)
    with store.in_use():
        applied(network.module, [JoinFunctionsPass(), FoldScalesPass()])
    (after,) = execute(network.module, [IMAGES], store)
    np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-5)
