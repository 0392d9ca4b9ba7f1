"""Einsum and CumSum: products with constant matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder, imported
from unit.operators.all_the_way import (
    SHAPE,
    assert_equals_onnxruntime,
    assert_runs_on_the_chip,
    convolution,
)
from unit.runtime.evaluation import reals

from spatem_ir.support.errors import SpatemError

SUMS = {
    "nk,kj->nj": ((6,), (6, 4)),
    "nchw,dc->ndhw": ((3, 4, 5), (2, 3)),
    "nhwc, cd -> nhwd": ((3, 4, 5), (5, 2)),
    "nchw,chd->ndwc": ((3, 4, 5), (3, 4, 2)),
    "nchw,chwj->nj": ((3, 4, 5), (3, 4, 5, 2)),
    "nchw,hw->nc": ((3, 4, 5), (4, 5)),
    "nih,hij->njh": ((3, 4), (4, 3, 2)),
}


@pytest.mark.parametrize("equation", SUMS)
@pytest.mark.parametrize("first", [True, False])
def test_einstein_sums(tmp_path: Path, equation: str, first: bool) -> None:
    shape, matrix = SUMS[equation]
    terms, _, result = equation.partition("->")
    activation, weights = terms.split(",")

    def build(model: ModelBuilder, tensor: str) -> str:
        constant = model.constant(model.random.standard_normal(matrix), dtype=np.float32)
        if first:
            return model.node("Einsum", tensor, constant, equation=equation)
        swapped = f"{weights},{activation}->{result}"
        return model.node("Einsum", constant, tensor, equation=swapped)

    assert_equals_onnxruntime(tmp_path, build, reals(1, 3, *shape))


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("nchw,cd->ndw", "sums over 'h' of one term"),
        ("nchw,cd->dnhw", "whose result has the batch not in front"),
        ("nchh,cd->ndh", "in which a label stands twice in a term"),
        ("n...c,cd->n...d", "one like 'nij,jk->nik' is supported"),
    ],
)
def test_other_sums_are_refused(tmp_path: Path, equation: str, message: str) -> None:
    model = ModelBuilder(("n", 3, 3, 3))
    weights = model.constant(np.ones((3, 2)), dtype=np.float32)
    result = model.node("Einsum", "x", weights, equation=equation, name="e")
    path = model.save(tmp_path / "m.onnx", result, rank=equation.partition("->")[2].count("") - 1)
    with pytest.raises(SpatemError, match=f"Einsum 'e': has the equation .*{message}"):
        imported(path, raw=True)


def test_of_two_activations(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 3, 4))
    result = model.node("Einsum", "x", model.node("Relu", "x"), equation="nij,nkj->nik", name="e")
    path = model.save(tmp_path / "m.onnx", result)
    with pytest.raises(SpatemError, match="products of two activations, as in attention"):
        imported(path, raw=True)


@pytest.mark.parametrize("axis", [1, 2, -1])
@pytest.mark.parametrize("reverse", [0, 1])
@pytest.mark.parametrize("exclusive", [0, 1])
def test_cumulated(tmp_path: Path, axis: int, reverse: int, exclusive: int) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        along = model.constant(axis, dtype=np.int64)
        return model.node("CumSum", tensor, along, reverse=reverse, exclusive=exclusive)

    assert_equals_onnxruntime(tmp_path, build, reals(1, 3, 3, 4, 5))


@pytest.mark.parametrize("operator", ["Einsum", "CumSum"])
def test_on_the_chip(tmp_path: Path, operator: str) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        if operator == "CumSum":
            result = model.node("CumSum", tensor, model.constant(3, dtype=np.int64))
        else:
            weights = model.constant(model.random.normal(size=(5, 8)), dtype=np.float32)
            result = model.node("Einsum", weights, tensor, equation="jh,nchw->ncjw")
        return convolution(model, model.node("Relu", result), SHAPE[0], 2)

    assert_runs_on_the_chip(tmp_path, build)
