"""The networks that were tried: their list, how they are measured, and the page about them."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from unit.frontend.onnx_builder import ModelBuilder

ROOT = Path(__file__).parents[3]
ZOO = ROOT / "benchmarks" / "zoo"


def run_zoo(*arguments: str) -> str:
    """What a module of the zoo prints, run as the documentation says."""
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), check=True, capture_output=True, text=True
    )
    return done.stdout


def calls(file: str, function: str) -> list[ast.Call]:
    """The calls of a function in a file of the zoo, which is not imported: it may need PyTorch."""
    nodes = ast.walk(ast.parse((ZOO / file).read_text()))
    found = [node for node in nodes if isinstance(node, ast.Call)]
    return [call for call in found if getattr(call.func, "id", "") == function]


def test_modules_of_the_list_are_there() -> None:
    modules = ast.parse((ZOO / "modules.py").read_text())
    classes = {node.name for node in modules.body if isinstance(node, ast.ClassDef)}
    named = {ast.literal_eval(call.args[0]) for call in calls("networks.py", "_own")}
    assert len(named) >= 3
    assert named <= classes


RESULT: dict[str, Any] = {
    "error": "",
    "tensors": 12,
    "elements": 3456,
    "check": [1.25, 100],
    "scale": 2,
    "cycles": 7890,
    "run": [2.5, 1200],
    "refusals": {"1": "spatem-run: order: the buffer of PE 0 is too small"},
}
REFUSED = {
    **RESULT,
    "error": "spatem-run: /a/net.onnx: LSTM 'l': this operator is not supported",
    "refusals": {},
}


def test_page_of_results(tmp_path: Path) -> None:
    exported, trained = tmp_path / "exported", tmp_path / "trained"
    not_run = {**RESULT, "scale": 0, "refusals": {}}
    for folder, results in (
        (exported, {"vgg16.dynamo": RESULT, "vgg16.script": not_run}),
        (trained, {"mtcnn_pnet": not_run, "silero_vad": REFUSED}),
    ):
        folder.mkdir()
        (folder / "results.json").write_text(json.dumps(results))
    page = run_zoo("benchmarks.zoo.page", str(exported), str(trained))
    rows = [line for line in page.splitlines() if line.startswith("|")]
    measured = "12 | 3,456 | 1.2 | 100"
    assert f"| vgg16 | 224 | dynamo | {measured} | x2 | 7,890 | 2.5 | 1,200 |" in rows
    assert f"| vgg16 | 224 | script | {measured} | — | — | — | — |" in rows
    assert "| vgg16 | order: the buffer of PE 0 is too small |" in rows
    (of_package,) = [row for row in rows if row.startswith("| mtcnn_pnet")]
    assert of_package.endswith(f"| face detection | 96 x 96 x 3 | {measured} | — | — | — | — |")
    (outside,) = [row for row in rows if row.startswith("| silero_vad")]
    assert outside.endswith("| LSTM | LSTM 'l': this operator is not supported |")
    widths = {row.count("|") for row in rows if row.startswith(("| vgg16 | 224", "|---|---:|---"))}
    assert len(widths) == 1


def test_page_in_the_documentation_lists_all() -> None:
    page = (ROOT / "docs" / "networks.md").read_text()
    sys_path = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from benchmarks.zoo import "
    code = sys_path + "networks, trained; print(*networks.NETWORKS, *trained.NETWORKS)"
    names = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert len(names) >= 40
    assert [name for name in names if f"\n| {name} | " not in page] == []


def test_measures_of_a_network(tmp_path: Path) -> None:
    """Import and execution of a small network, and the message of one that is refused."""
    b = ModelBuilder((1, 3, 6, 6))
    weights = b.constant(b.random.normal(size=(4, 3, 3, 3)), dtype=np.float32)
    b.save(tmp_path / "small.dynamo.onnx", b.node("Relu", b.node("Conv", "x", weights)))
    np.save(tmp_path / "small.npy", b.random.normal(size=(2, 3, 6, 6)).astype(np.float32))
    b = ModelBuilder((1, 3, 6, 6))
    b.save(tmp_path / "other.script.onnx", b.node("Sinh", "x", name="wave"))
    run_zoo("benchmarks.zoo.measure", "check", str(tmp_path))
    run_zoo("benchmarks.zoo.measure", "run", str(tmp_path), "small.dynamo")
    results = json.loads((tmp_path / "results.json").read_text())
    small = results["small.dynamo"]
    assert (small["error"], small["scale"], small["refusals"]) == ("", 1, {})
    assert small["tensors"] > 2 and small["elements"] > 100 and small["cycles"] > 10
    assert small["check"][0] > 0 and small["run"][1] > 50
    assert "Sinh 'wave': this operator is not supported" in results["other.script"]["error"]
