"""`spatem-bench study` on a network and a machine that take no time."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spatem_ir.cli.bench import argument_parser, main

NETWORK = """\
cnn.network @net(%x: tensor<12xui8>) {
  %fc = cnn.dense @fc %x weights #cnn.seeded<1, tensor<5x12xsi4>> scale 0.01
    : tensor<12xui8> -> tensor<5xsi8>
  cnn.output %fc : tensor<5xsi8>
}
"""
REAL = """\
cnn.network @real(%x: tensor<3xf32>) {
  %fc = cnn.dense @fc %x weights dense<1.0> : tensor<2x3xf32> : tensor<3xf32> -> tensor<2xf32>
  cnn.output %fc : tensor<2xf32>
}
"""
STUDY = ["study", "--networks", "net.mlir", "real.mlir", "--strategies", "spatem,minimum"]
STUDY += ["--accelerator", "tiny", "--jobs", "1"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with two networks as the current one; one of them cannot be deployed."""
    monkeypatch.chdir(tmp_path)
    Path("net.mlir").write_text(NETWORK, encoding="utf-8")
    Path("real.mlir").write_text(REAL, encoding="utf-8")


def output_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 0
    captured = capsys.readouterr()
    assert "points have no results" in captured.err
    return captured.out


def error_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err.removeprefix("spatem-bench: ").removesuffix("\n")


def test_tables_of_networks_with_and_without_results(capsys: pytest.CaptureFixture[str]) -> None:
    text = output_of(capsys, *STUDY)
    assert text.startswith(
        "# spatem and others on tiny\n\n```sh\nspatem-bench study --networks net.mlir real.mlir "
        "--strategies spatem minimum --accelerator tiny\n```\n\n## Averages\n"
    )
    assert "\n| minimum (net.mlir only) | " in text
    assert (
        "\n- real.mlir, minimum: partition: cnn.dense @fc works on float32; run quantize first\n"
    ) in text
    assert {path.name for path in Path().iterdir()} == {"net.mlir", "real.mlir"}


def test_files_do_not_depend_on_processes(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", exc_type=ImportError)
    quick = [*STUDY, "--without", "sensitivity"]
    text = output_of(capsys, *quick, "--out", "alone")
    assert output_of(capsys, *quick, "--out", "together", "--jobs", "2") == text
    names = {path.name for path in Path("alone").iterdir()}
    assert names >= {"study.json", "study.csv", "study.md", "timings.json", "latency.svg"}
    assert names == {path.name for path in Path("together").iterdir()}
    for name in names - {"timings.json"}:
        assert Path("alone", name).read_bytes() == Path("together", name).read_bytes(), name
    assert Path("alone", "study.md").read_text(encoding="utf-8") == text


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    document: dict[str, Any] = json.loads(output_of(capsys, *STUDY, "--json"))
    parts = [point["part"] for point in document["points"]]
    assert parts == ["comparison"] * 4 + ["ablation"] * 10 + ["sensitivity"] * 40
    ours, theirs = document["points"][:2]
    assert (ours["strategy"], theirs["strategy"]) == ("spatem", "minimum")
    comparison = document["summary"]["comparisons"][0]
    assert comparison["network"] == "net.mlir"
    assert comparison["latency_reduction"] == pytest.approx(
        1 - ours["latency_cycles"] / theirs["latency_cycles"]
    )


def test_without_matplotlib(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "matplotlib" else find_spec(name, *rest),
    )
    assert main([*STUDY, "--without", "ablation", "sensitivity", "--out", "results"]) == 0
    assert (
        "spatem-bench: no figures: matplotlib is not installed; install the extra report: "
        "spatem-ir[report]\n"
    ) in capsys.readouterr().err
    assert {path.name for path in Path("results").iterdir()} == {
        "study.json",
        "study.csv",
        "study.md",
        "timings.json",
    }


def test_tables_in_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    Path("doc.md").write_text("<!-- study -->\n<!-- end of study -->\nend\n", encoding="utf-8")
    text = output_of(capsys, *STUDY, "--without", "sensitivity", "--document", "doc.md")
    _, _, body = text.partition("\n\n")
    assert Path("doc.md").read_text(encoding="utf-8") == (
        f"<!-- study -->\n\n{body}\n<!-- end of study -->\nend\n"
    )


def test_files_that_are_there_already_are_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    Path("results").mkdir()
    Path("results", "study.md").write_text("old", encoding="utf-8")
    Path("results", "notes.md").write_text("mine", encoding="utf-8")
    text = output_of(capsys, *STUDY, "--without", "ablation", "sensitivity", "--out", "results")
    assert Path("results", "study.md").read_text(encoding="utf-8") == text
    assert Path("results", "notes.md").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--networks", "lenet", "nonet"],
            "unknown network 'nonet': neither an .onnx or .mlir file nor one of lenet, ",
        ),
        (["--networks", "none.onnx"], "unknown network 'none.onnx': neither "),
        (["--sensitivity-networks", "nonet"], "unknown network 'nonet': neither "),
        (
            ["--strategies", "spatem", "best"],
            "partition: unknown strategy 'best'; one of exact-",
        ),
        (
            ["--strategies", "spatem{dealt=blocks}"],
            "partition: strategy spatem has no option 'dealt'; it has deal",
        ),
        (
            ["--accelerator", "none"],
            "unknown accelerator 'none': neither a TOML file nor one of the presets "
            "gao-16mb, gao-32mb, isaac-ou, li-isaac, ntu-ppsim, pelke-bus, tiny",
        ),
        (["--networks", ","], "name at least one network and one strategy"),
        (["--jobs", "0"], "--jobs is 0; it must be at least 1"),
        (["--without", "everything"], "argument --without: invalid choice: 'everything'"),
        (["--out", "net.mlir"], "net.mlir: cannot be a folder: net.mlir is a file"),
        (["--document", "none.md"], "none.md: cannot be read as Markdown"),
    ],
)
def test_errors(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = [] if "--out" in arguments else ["--out", "results"]
    assert error_of(capsys, *STUDY, *folder, *arguments).startswith(message)
    assert not Path("results").exists()


def test_a_command_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert error_of(capsys) == ("the following arguments are required: COMMAND (see --help)")


def test_defaults_are_the_evaluation_of_the_paper_and_strategies_beside_it() -> None:
    arguments = argument_parser().parse_args(["study"])
    assert arguments.networks == ["lenet", "deepid", "deepface", "caffenet", "overfeat"]
    assert arguments.strategies == [
        "spatem",
        "isaac",
        "hitm",
        "exact-additive",
        "search{effort=0}",
        "search{effort=0 prefer=communication}",
    ]


def test_help_needs_no_large_libraries() -> None:
    program = (
        "import sys\n"
        "from spatem_ir.cli.bench import main\n"
        "assert main(['study', '--help']) == 0\n"
        "assert not {'numpy', 'matplotlib', 'onnx', 'numba'} & set(sys.modules)\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert "study.json" in finished.stdout
