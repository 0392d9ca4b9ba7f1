"""IR names weight files relative to its own folder."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from spatem_ir.cli.opt import main as spatem_opt
from spatem_ir.cli.run import main as spatem_run
from spatem_ir.weights.store import packaged_file


def test_paths_are_relative_to_the_output_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, irs = tmp_path / "models", tmp_path / "irs"
    models.mkdir()
    irs.mkdir()
    shutil.copy(packaged_file("package:lenet-digits.onnx"), models / "net.onnx")
    with np.load(packaged_file("package:lenet-digits-test.npz")) as digits:
        np.save(models / "images.npy", digits["images"][:4])
    monkeypatch.chdir(models)
    assert spatem_opt(["net.onnx", "-p", "partition", "-o", "../irs/net.mlir"]) == 0
    text = (irs / "net.mlir").read_text()
    assert set(re.findall(r'#cnn.file<"([^"]*)"', text)) == {"../models/net.onnx"}
    monkeypatch.chdir("/")
    arguments = ["--inputs", str(models / "images.npy"), "--check", "reference"]
    assert spatem_run([str(irs / "net.mlir"), "--engine", "none", *arguments]) == 0
