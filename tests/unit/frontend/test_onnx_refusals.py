"""What of a model is not supported is said at once, in names of the file, with what works."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import defs
from unit.frontend.onnx_builder import ModelBuilder, imported

from spatem_ir.frontend.onnx_refusals import NEAREST
from spatem_ir.support.errors import SpatemError


def refusal(model: ModelBuilder, path: Path, *outputs: str) -> str:
    """The one line with which a model is refused, without the file's name."""
    file = model.save(path / "net.onnx", *outputs)
    with pytest.raises(SpatemError) as caught:
        imported(file)
    text = str(caught.value)
    assert text.startswith(f"{file}: ") and "\n" not in text
    return text.removeprefix(f"{file}: ")


def test_all_nodes_are_listed_with_their_number(tmp_path: Path) -> None:
    """Those behind a refused one count if they are refused for themselves."""
    model = ModelBuilder(("n", 3, 6, 6))
    result = "x"
    for number in range(5):
        result = model.node("Sinh", result, name=f"wave{number}")
    product = model.node("MatMul", "x", model.node("Relu", "x"), name="scores")
    best = model.node("NonZero", result, name="best")
    assert refusal(model, tmp_path, best, product, model.node("Neg", best)) == (
        "7 nodes are refused: Sinh 'wave0', 'wave1', 'wave2', … (5): this operator is not "
        "supported; a function of elements is one file as an operator of your own, see "
        "docs/operators.md; MatMul 'scores': its weights are not constant: crossbars hold "
        "constants; products of two activations, as in attention, are outside; NonZero 'best': "
        "this operator is not supported; cut the model in front of it (onnx.utils.extract_model) "
        "and leave the rest to the host"
    )


def test_nodes_without_a_name_are_called_after_their_results(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 3))
    result = "x"
    for operator in ("Tan", "Tan", "Sinh"):
        result = model.node(operator, result, name="")
    text = refusal(model, tmp_path, result)
    assert text.startswith("3 nodes are refused: Tan of 't0', of 't1': this operator")
    assert "; Sinh of 't2': this operator" in text


def test_what_works_instead_is_said_of_operators_that_there_are() -> None:
    known = {schema.name for schema in defs.get_all_schemas() if not schema.domain}
    for names in NEAREST.values():
        assert set(names) <= known
