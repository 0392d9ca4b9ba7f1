"""Values that `spatem-run` executes and compares, at each level."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from unit.cli.commands import TINY, VALUES_ONLY, error_of, result_of

from spatem_ir.cli.opt import main as spatem_opt
from spatem_ir.cli.run import main
from spatem_ir.exchange import onnxruntime_check
from spatem_ir.exchange.session import Session

pytestmark = pytest.mark.usefixtures("networks_folder")


@pytest.mark.parametrize("check", ["reference", "levels", "onnxruntime"])
def test_check(check: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = result_of(capsys, *VALUES_ONLY, "--check", check, "--images", "5")
    assert (result["check"], result["images"], result["outputs_match"]) == (check, 5, True)


@pytest.mark.parametrize("level", ["cnn", "mvm", "vxb", "pxb"])
def test_levels_above_ou_have_values_but_no_cycles(
    level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result = result_of(capsys, *TINY, "--level", level, "--check", "reference")
    assert result["outputs_match"] is True
    assert result.get("latency_cycles") is None
    assert bool(result["layers"]) is (level == "pxb")
    assert main([*TINY, "--level", level, "--check", "onnxruntime"]) == 0
    report = capsys.readouterr().out
    assert "tensors" in report and "latency" not in report
    assert ("strategy" in report.splitlines()[0]) is (level != "cnn")


def test_levels_above_that_of_the_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert spatem_opt([*TINY, "-p", "partition{strategy=minimum}", "-o", "cut.mlir"]) == 0
    message = error_of(capsys, "cut.mlir", "--level", "cnn")
    assert message == "cut.mlir: is at level mvm; --level cnn is above that"
    message = error_of(capsys, *TINY, "--level", "pxb", "--images-in-flight", "2")
    assert message == "--images-in-flight needs cycles: --level ou and an engine"


def test_check_of_a_wrong_deployment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A difference is an error, but the results are written."""
    monkeypatch.setattr(onnxruntime_check, "differences", lambda *_: 1)
    assert main([*VALUES_ONLY, "--check", "reference", "--json", "result.json"]) == 1
    captured = capsys.readouterr()
    assert captured.err == "spatem-run: net.mlir: outputs differ from reference\n"
    assert "DIFFERENT from reference" in captured.out
    assert json.loads(Path("result.json").read_text())["outputs_match"] is False


def test_check_of_every_tensor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tensor that differs is named in the report, in the JSON file and in the error."""
    check = [*VALUES_ONLY, "--check", "onnxruntime"]
    tensors = result_of(capsys, *check)["tensors"]
    assert tensors["tensors"] > 2
    assert tensors["elements"] > 36
    assert tensors["first_difference"] is None
    compute = Session.run
    monkeypatch.setattr(Session, "run", lambda *arguments: [x + 1 for x in compute(*arguments)])
    assert main([*check, "--json", "result.json"]) == 1
    captured = capsys.readouterr()
    assert "net.mlir: tensors differ from onnxruntime, first %conv of mvm.layer" in captured.err
    assert "first difference" in captured.out
    found = json.loads(Path("result.json").read_text())
    assert found["outputs_match"] is False
    assert found["tensors"]["first_difference"]["tensor"] == "%conv"


def test_digits_are_classified_as_onnxruntime_does(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--strategy", "minimum", "--engine", "none", "--images", "20"]
    result = result_of(capsys, "lenet-digits", *options, "--check", "onnxruntime")
    assert (result["accelerator"], result["images"]) == ("isaac-ou", 20)
    assert result["outputs_match"] is True
    assert result["accuracy"] >= 0.9
