"""Constants among joined tensors, and on the left of products."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from unit.frontend.onnx_builder import (
    ModelBuilder,
    executed,
    imported,
    random_images,
    reference,
)
from unit.operators.all_the_way import (
    SHAPE,
    Build,
    assert_equals_onnxruntime,
    assert_runs_on_the_chip,
    convolution,
)
from unit.runtime.evaluation import reals

from spatem_ir.support.errors import SpatemError

Constant = float | NDArray[Any]


def joined(axis: int, *parts: Constant | None) -> Build:
    """The tensor, twice where there are two gaps, between constants of one element per position."""

    def build(model: ModelBuilder, tensor: str) -> str:
        operands: list[str] = []
        for part in parts:
            if part is None:
                operands.append(tensor if tensor not in operands else model.node("Relu", tensor))
                continue
            shape = [1, *SHAPE]
            shape[axis] = 2
            operands.append(model.constant(np.broadcast_to(part, shape), dtype=np.float32))
        return model.node("Concat", *operands, axis=axis)

    return build


RAMP = np.linspace(-1, 1, 8)
JOINED = {
    "zeros around channels": joined(1, 0.0, None, 0.0),
    "a number between rows": joined(2, None, 1.5, None),
    "several numbers": joined(3, -1.0, 0.5, None, None, 2.0),
    "different values": joined(2, None, RAMP),
    "coordinates as channels": joined(1, None, RAMP, RAMP[:, None]),
}


@pytest.mark.parametrize("name", JOINED)
def test_joined_reals(tmp_path: Path, name: str) -> None:
    assert_equals_onnxruntime(tmp_path, JOINED[name], reals(2, 1, *SHAPE))


@pytest.mark.parametrize("name", JOINED)
def test_joined_on_the_chip(tmp_path: Path, name: str) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        return model.node("GlobalMaxPool", JOINED[name](model, tensor))

    assert_runs_on_the_chip(tmp_path, build)


def test_a_constant_that_does_not_fit(tmp_path: Path) -> None:
    model = ModelBuilder((2, 3, 4, 4))
    constant = model.constant(np.zeros((2, 3, 1, 4)), dtype=np.float32)
    path = model.save(tmp_path / "m.onnx", model.node("Concat", "x", constant, axis=2, name="c"))
    message = (
        r"Concat 'c': joins a constant of shape \[2, 3, 1, 4\] with \[batch, 3, 4, 4\]; only "
        r"dimension 2 may differ, and the batch is 1$"
    )
    with pytest.raises(SpatemError, match=message):
        imported(path, raw=True)


@pytest.mark.parametrize(
    ("weights", "shape"),
    [
        ((4, 6), (6, 5)),
        ((1, 4, 6), (6, 5)),
        ((4, 6), (3, 6, 5)),
        ((3, 4, 6), (3, 6, 5)),
        ((2, 3, 4, 6), (2, 3, 6, 5)),
        ((6,), (3, 6, 5)),
    ],
)
def test_product_from_the_left(
    tmp_path: Path, weights: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        matrices = model.random.standard_normal(weights)
        return model.node("MatMul", model.constant(matrices, dtype=np.float32), tensor)

    assert_equals_onnxruntime(tmp_path, build, reals(1, 3, *shape))


def test_product_from_the_left_on_the_chip(tmp_path: Path) -> None:
    """The rows of maps are mixed."""

    def build(model: ModelBuilder, tensor: str) -> str:
        weights = model.random.normal(size=(5, SHAPE[1])).astype(np.float32)
        maps = model.node("Relu", model.node("MatMul", model.constant(weights), tensor))
        return convolution(model, maps, SHAPE[0], 3)

    assert_runs_on_the_chip(tmp_path, build)


@pytest.mark.parametrize("axis", [0, None])
def test_product_of_codes_from_the_left(tmp_path: Path, axis: int | None) -> None:
    b = ModelBuilder(["N", 3, 6, 5])
    product = b.node("MatMul", b.weights(4, 6, axis=axis), b.input())
    path = b.save(tmp_path / "m.onnx", b.quantize(product, 0.05, np.uint8(120)))
    images = random_images(3, 3, 6, 5)
    (got,), (wanted,) = executed(imported(path), images), reference(path, images)
    assert len(np.unique(wanted)) > 20
    np.testing.assert_array_equal(got, wanted)


def test_stated_codes_on_the_right(tmp_path: Path) -> None:
    """QLinearMatMul."""
    b = ModelBuilder(["N", 6, 5])
    codes = b.quantize("x", 1 / 64, np.uint8(7))
    scale, zero = b.constant(1 / 64, dtype=np.float32), b.constant(np.uint8(7))
    weights = b.constant(b.random.integers(0, 255, (4, 6), np.uint8))
    factor, none = b.constant(0.01, dtype=np.float32), b.constant(np.uint8(128))
    result = [b.constant(0.1, dtype=np.float32), b.constant(np.uint8(120))]
    inputs = [weights, factor, none, codes, scale, zero, *result]
    path = b.save(tmp_path / "m.onnx", b.node("QLinearMatMul", *inputs))
    images = random_images(3, 6, 5)
    (got,), (wanted,) = executed(imported(path), images), reference(path, images)
    assert len(np.unique(wanted)) > 20
    np.testing.assert_array_equal(got, wanted)


def test_the_batch_is_not_multiplied(tmp_path: Path) -> None:
    model = ModelBuilder((6, 5))
    weights = model.constant(np.ones((4, 6)), dtype=np.float32)
    path = model.save(tmp_path / "m.onnx", model.node("MatMul", weights, "x", name="m"))
    with pytest.raises(SpatemError, match="MatMul 'm': multiplies along the batch"):
        imported(path, raw=True)
