"""Files that a command reads without naming them as inputs are not overwritten either."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from unit.cli.commands import error_of
from unit.frontend.onnx_builder import ModelBuilder
from unit.runtime.evaluation import reals

from spatem_ir.cli.opt import main as opt


@pytest.fixture(autouse=True)
def model_with_external_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`net.onnx`, whose weights are in `net.data`, and inputs for it."""
    monkeypatch.chdir(tmp_path)
    model = ModelBuilder(("n", 3, 6, 6))
    built = model.model(model.node("Conv", "x", model.constant(reals(1, 4, 3, 3, 3))))
    onnx.save(built, "net.onnx", save_as_external_data=True, location="net.data", size_threshold=0)
    np.save("images.npy", reals(2, 4, 3, 6, 6))


def test_external_data_of_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    data = Path("net.data").read_bytes()
    options = ("--calibration", "images.npy", "--accelerator", "tiny")
    message = error_of(capsys, "net.onnx", *options, "--json", "net.data")
    assert message.startswith("net.data: is an input (net.data), which is not overwritten")
    assert opt(["net.onnx", *options[:2], "-o", "net.data"]) == 1
    assert "net.data: is an input (net.data)" in capsys.readouterr().err
    assert Path("net.data").read_bytes() == data


def test_external_data_of_a_model_that_ir_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert opt(["net.onnx", "--raw", "-o", "net.mlir"]) == 0
    assert opt(["net.mlir", "-o", "net.data"]) == 1
    assert "net.data: is an input (net.data)" in capsys.readouterr().err


def test_files_in_options_of_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert opt(["net.onnx", "--raw", "-o", "net.mlir"]) == 0
    for pipeline in ('calibrate{inputs="images.npy"}', 'calibrate{method=mse inputs="images.npy"}'):
        assert opt(["net.mlir", "--pass-pipeline", pipeline, "-o", "images.npy"]) == 1
        assert "images.npy: is an input (images.npy)" in capsys.readouterr().err
        message = error_of(capsys, "net.mlir", "-p", pipeline, "--json", "images.npy")
        assert message.startswith("images.npy: is an input (images.npy)")
    assert np.load("images.npy").shape == (4, 3, 6, 6)


def test_weights_that_are_computed_are_no_input(capsys: pytest.CaptureFixture[str]) -> None:
    """The same command twice: the file of weights of the first time is not read."""
    command = ["net.onnx", "--calibration", "images.npy", "-o", "quantised.mlir"]
    assert opt(command) == 0
    weights = Path("quantised.npz").read_bytes()
    assert opt(command) == 0
    assert capsys.readouterr().err == ""
    assert Path("quantised.npz").read_bytes() == weights
