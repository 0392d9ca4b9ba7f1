"""Operators along dimensions other than the channels: what onnxruntime computes, in raw form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder, executed, imported, random_images, reference


def expect_reference(b: ModelBuilder, path: Path, *outputs: str) -> None:
    """Compare the interpreter with onnxruntime on three images."""
    saved = b.save(path / "m.onnx", *outputs)
    images = random_images(3, *(int(extent or 0) for extent in b.shape[1:]))
    network = imported(saved, raw=True)
    for got, wanted in zip(executed(network, images), reference(saved, images), strict=True):
        assert got.dtype == wanted.dtype and got.shape == wanted.shape
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "weights"),
    [
        ((5, 6), (6, 4)),
        ((3, 5, 6), (6, 4)),
        ((3, 5, 6), (3, 6, 4)),
        ((2, 3, 5, 6), (3, 6, 4)),
        ((2, 3, 5, 6), (2, 3, 6, 4)),
        ((3, 5, 6), (1, 1, 6, 4)),
        ((3, 5, 6), (6,)),
        ((5, 6), (6,)),
    ],
)
def test_product_of_stacks(
    tmp_path: Path, shape: tuple[int, ...], weights: tuple[int, ...]
) -> None:
    b = ModelBuilder(["N", *shape])
    matrices = b.constant(b.random.standard_normal(weights), dtype=np.float32)
    expect_reference(b, tmp_path, b.node("MatMul", "x", matrices))


@pytest.mark.parametrize(("shape", "axis"), [((6, 4), 1), ((3, 6, 4), None)])
def test_quantized_product_of_stacks(
    tmp_path: Path, shape: tuple[int, ...], axis: int | None
) -> None:
    b = ModelBuilder(["N", 3, 5, 6])
    product = b.node("MatMul", b.input(), b.weights(*shape, axis=axis))
    path = b.save(tmp_path / "m.onnx", b.quantize(product, 0.05, np.uint8(120)))
    images = random_images(3, 3, 5, 6)
    (got,), (wanted,) = executed(imported(path), images), reference(path, images)
    assert len(np.unique(wanted)) > 20
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("axis", [1, 2, 3, -1, -2, -3])
def test_concat(tmp_path: Path, axis: int) -> None:
    b = ModelBuilder(["N", 3, 4, 5])
    expect_reference(b, tmp_path, b.node("Concat", "x", b.node("Relu", "x"), axis=axis))


@pytest.mark.parametrize("operator", ["Add", "Mul"])
@pytest.mark.parametrize(
    "constant", [(), (1,), (5,), (4, 1), (3, 1, 1), (3, 1, 5), (4, 5), (3, 4, 5), (1, 1, 4, 5)]
)
def test_constant_operand(tmp_path: Path, operator: str, constant: tuple[int, ...]) -> None:
    b = ModelBuilder(["N", 3, 4, 5])
    numbers = b.constant(b.random.standard_normal(constant), dtype=np.float32)
    expect_reference(b, tmp_path, b.node(operator, numbers, "x"))


def test_gemm_with_an_addend(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 4])
    matrix = b.constant(b.random.standard_normal((4, 4)), dtype=np.float32)
    expect_reference(b, tmp_path, b.node("Gemm", "x", matrix, b.node("Relu", "x"), alpha=0.5))


def test_clip_whose_bounds_cross(tmp_path: Path) -> None:
    b = ModelBuilder(["N", 4])
    bounds = [b.constant(bound, dtype=np.float32) for bound in (2, 1)]
    expect_reference(b, tmp_path, b.node("Clip", "x", *bounds))
