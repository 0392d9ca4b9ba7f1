"""Comparisons and choices: truth values are the numbers 1 and 0."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto
from unit.frontend.onnx_builder import ModelBuilder, imported
from unit.operators.all_the_way import assert_equals_onnxruntime, assert_runs_on_the_chip

from spatem_ir.support.errors import SpatemError

COMPARISONS = ("Greater", "GreaterOrEqual", "Less", "LessOrEqual")
TIED = np.array([[[-1, -0.25, 0, 0.25], [0.5, 0.25, -0.25, 2]]], np.float32)
"""An image with elements that equal the numbers with which they are compared."""


def number(model: ModelBuilder, value: float) -> str:
    return model.constant(value, dtype=np.float32)


def as_numbers(model: ModelBuilder, truth: str) -> str:
    return model.node("Cast", truth, to=TensorProto.FLOAT)


@pytest.mark.parametrize("operator", COMPARISONS)
@pytest.mark.parametrize("bound", [0.0, 0.25])
@pytest.mark.parametrize("number_first", [False, True])
def test_with_a_number(tmp_path: Path, operator: str, bound: float, number_first: bool) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        operands = [tensor, number(model, bound)]
        return as_numbers(model, model.node(operator, *operands[:: -1 if number_first else 1]))

    text = assert_equals_onnxruntime(tmp_path, build, TIED)
    assert text.count("cnn.step") == 1


@pytest.mark.parametrize("operator", COMPARISONS)
def test_of_two_activations(tmp_path: Path, operator: str) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        return as_numbers(model, model.node(operator, tensor, model.node("Abs", tensor)))

    assert_equals_onnxruntime(tmp_path, build, TIED)


@pytest.mark.parametrize("other", [0.0, 0.25, None])
@pytest.mark.parametrize("is_first", [False, True])
def test_equal(tmp_path: Path, other: float | None, is_first: bool) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        wanted = model.node("Abs", tensor) if other is None else number(model, other)
        operands = [tensor, wanted]
        return as_numbers(model, model.node("Equal", *operands[:: -1 if is_first else 1]))

    assert_equals_onnxruntime(tmp_path, build, TIED)


def test_logic(tmp_path: Path) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        above = model.node("Greater", tensor, number(model, 0.25))
        below = model.node("Less", tensor, number(model, -0.25))
        either = model.node("Or", above, below)
        both = model.node("And", either, model.node("Not", above))
        return as_numbers(
            model, model.node("And", both, model.node("Cast", tensor, to=TensorProto.BOOL))
        )

    assert_equals_onnxruntime(tmp_path, build, TIED)


def softplus(model: ModelBuilder, tensor: str) -> str:
    large = model.node("Greater", tensor, number(model, 1.0))
    return model.node("Where", large, tensor, model.node("Softplus", tensor))


def threshold(model: ModelBuilder, tensor: str) -> str:
    small = model.node("LessOrEqual", tensor, number(model, 0.25))
    return model.node("Where", small, number(model, 0.125), tensor)


def mask(model: ModelBuilder, tensor: str) -> str:
    return model.node(
        "Mul", tensor, as_numbers(model, model.node("Greater", tensor, number(model, 0.0)))
    )


@pytest.mark.parametrize("build", [softplus, threshold, mask])
def test_choices(tmp_path: Path, build: Callable[[ModelBuilder, str], str]) -> None:
    assert_equals_onnxruntime(tmp_path, build, TIED)
    assert_runs_on_the_chip(tmp_path, build)


def test_a_condition_that_is_constant_is_refused(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 2, 4))
    condition = model.constant(np.array([True, False, True, True]), dtype=np.bool_)
    file = model.save(
        tmp_path / "net.onnx", model.node("Where", condition, "x", number(model, 0)), rank=3
    )
    with pytest.raises(SpatemError, match="has a constant condition"):
        imported(file, raw=True)
