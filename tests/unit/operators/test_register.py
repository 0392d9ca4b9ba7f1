"""The register finds the operators of this package and those of others, and says what is wrong."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from spatem_ir import operators as package
from spatem_ir.dialects.cnn import CNN_OPERATIONS
from spatem_ir.operators import relu
from spatem_ir.operators.core import register
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.register import entries_of


def with_entry(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Let an installed package have an entry point of the group."""
    entry = EntryPoint(name, value, register.GROUP)
    entries_of.cache_clear()
    monkeypatch.setattr("spatem_ir.support.register.entry_points", lambda group: [entry])


@pytest.fixture(autouse=True)
def no_entries_stay() -> object:
    yield
    entries_of.cache_clear()


def test_every_file_is_an_operator() -> None:
    files = {file.stem for file in Path(package.__path__[0]).glob("*.py")} - {"__init__"}
    names = {operator.op.name.partition(".")[2] for operator in register.operators()}
    assert names == files


def test_the_dialect_has_the_network_and_all_operators() -> None:
    names = {op.name for op in register.cnn_dialect().operations}
    of_operators = {operator.op.name for operator in register.operators()} - {"mvm.layer"}
    assert names == of_operators | {op.name for op in CNN_OPERATIONS}


def test_operators_are_found_by_their_names_in_onnx() -> None:
    assert register.imports()["Relu"] is relu.OPERATOR.onnx["Relu"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "pi",
            "math:pi",
            "cnn operator 'pi' of math:pi: math:pi must be an Operator whose op has a",
        ),
        (
            "layer2",
            "spatem_ir.operators.layer:OPERATOR",
            "must be an Operator whose op has a name that begins with cnn",
        ),
        (
            "none",
            "no_such_module:OPERATOR",
            "cnn operator 'none' of .*: ModuleNotFoundError: No mod",
        ),
        (
            "relu2",
            "spatem_ir.operators.relu:OPERATOR",
            "clash: spatem-ir and .* both have an operator for 'cnn.relu'; uninstall one of them",
        ),
        ("relu", "math:pi", "clash: spatem-ir and math:pi both have a cnn operator 'relu'"),
    ],
)
def test_what_is_wrong_with_an_entry_point_is_said(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    with_entry(monkeypatch, name, value)
    with pytest.raises(SpatemError, match=message):
        register.operators.__wrapped__()


def test_every_operator_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "levels.md").read_text()
    missing = [o.op.name for o in register.operators() if f"`{o.op.name} " not in page]
    assert missing == ["mvm.layer"]
