"""Operators of packages go all the way: import, quantisation, levels, values, export, cycles."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "operators.md"
OUTSIDE = Path(__file__).parent / "outside"
BIN = Path(sys.executable).parent


def installed(folder: Path, entries: str) -> None:
    """Make a folder of modules an installed package with these operators."""
    metadata = folder / "operators-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: operators\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[spatem_ir.operators]\n{entries}\n")


def run(folder: Path, tool: str, *arguments: str) -> str:
    """What a tool prints that runs in a folder whose package is installed."""
    paths = [str(folder), os.environ.get("PYTHONPATH")]
    process = subprocess.run(
        [BIN / tool, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def results(folder: Path, *arguments: str) -> dict[str, Any]:
    options = ["--calibration", "inputs.npy", "--images", "20", "--json", "-"]
    return json.loads(run(folder, "spatem-run", "net.onnx", *options, *arguments))


def assert_goes_all_the_way(folder: Path, tensors: int) -> None:
    checked = results(folder, "--check", "onnxruntime")
    assert checked["outputs_match"] is True
    assert checked["tensors"]["tensors"] == tensors
    assert checked["tensors"]["first_difference"] is None
    deployed = results(folder, "--check", "levels", "--engine", "reference")
    assert deployed["outputs_match"] is True
    assert deployed["latency_cycles"] == checked["latency_cycles"] > 0


def test_the_operator_of_the_documentation(tmp_path: Path) -> None:
    blocks = re.findall(r"```(?:python|toml)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names = ("softsign.py", "pyproject.toml", "make_model.py")
    for name, text in zip(names, blocks, strict=True):
        (tmp_path / name).write_text(text)
    (entries,) = re.findall(r'"spatem_ir.operators"\]\n(.*?)\n\n', blocks[1], re.DOTALL)
    installed(tmp_path, entries.replace('"', ""))
    run(tmp_path, "python", "make_model.py")
    module = run(
        tmp_path, "spatem-opt", "net.onnx", "--calibration", "inputs.npy", "--weights", "w.npz"
    )
    assert re.search(r"%softsign = cnn.softsign @softsign %conv1 : .*!cnn.quant<si8", module)
    assert_goes_all_the_way(tmp_path, tensors=6)


@pytest.fixture
def parts_model(tmp_path: Path) -> Path:
    """A model whose first layer is split; the larger one of the halves goes on."""
    random = np.random.default_rng(1)
    shapes = {"first": (8, 3, 3, 3), "second": (4, 4, 3, 3)}
    weights = {n: random.normal(0, 0.2, s).astype(np.float32) for n, s in shapes.items()}
    nodes = [
        helper.make_node("Conv", ["x", "first"], ["sums"], "conv1"),
        helper.make_node(
            "Parts", ["sums"], ["upper", "lower"], "parts", axis=1, domain="org.example"
        ),
        helper.make_node("Larger", ["upper", "lower"], ["more"], "larger", domain="org.example"),
        helper.make_node("Conv", ["more", "second"], ["y"], "conv2"),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 3, 10, 10])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 4, 6, 6])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("org.example", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "net.onnx")
    np.save(tmp_path / "inputs.npy", random.normal(size=(20, 3, 10, 10)).astype(np.float32))
    return tmp_path


def test_views_with_several_results_and_several_operands(parts_model: Path) -> None:
    for file in OUTSIDE.glob("*.py"):
        (parts_model / file.name).write_text(file.read_text())
    installed(parts_model, "larger = larger:OPERATOR\nparts = parts:OPERATOR")
    module = run(
        parts_model, "spatem-opt", "net.onnx", "--calibration", "inputs.npy", "--weights", "w.npz"
    )
    assert "cnn.channels %conv1 from 4 count 4" in module
    assert "cnn.larger @larger %parts, %parts_1" in module
    assert_goes_all_the_way(parts_model, tensors=8)
