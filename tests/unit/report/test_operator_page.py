"""The page on the operators of ONNX is what the tool prints."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from spatem_ir.cli.run import main
from spatem_ir.operators.core.register import imports

PAGE = Path(__file__).parents[3] / "docs" / "onnx-operators.md"


@pytest.mark.skipif(
    not onnx.__version__.startswith("1.23."), reason="the page lists the operators of onnx 1.23"
)
def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-operators"]) == 0
    assert capsys.readouterr().out == PAGE.read_text(encoding="utf-8")


def test_the_page_has_a_row_for_every_operator(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-operators"]) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if " | `" in line]
    places = {name.removeprefix("| "): place.removesuffix(" |") for name, _, place in rows}
    assert places.keys() == imports().keys()
    assert places["Conv"] == places["com.microsoft.QGemm"] == "crossbars"
    assert places["MaxPool"] == "pooling units"
    assert places["Softmax"] == "activation units; host at the end of a network"
    assert places["Transpose"].startswith("nothing")
