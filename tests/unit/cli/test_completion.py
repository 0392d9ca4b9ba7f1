"""Scripts that complete the arguments of the tools."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spatem_ir.cli import bench, opt, run

TOOLS: dict[str, Callable[[list[str]], int]] = {
    "spatem-bench": bench.main,
    "spatem-opt": opt.main,
    "spatem-run": run.main,
}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_scripts(tool: str, shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("shtab")
    assert TOOLS[tool](["--print-completion", shell]) == 0
    captured = capsys.readouterr()
    assert tool in captured.out and "version" in captured.out
    assert captured.err == ""


def test_without_shtab(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert run.main(["--print-completion", "bash"]) == 1
    assert capsys.readouterr().err == (
        "spatem-run: --print-completion needs shtab; install the extra completion: "
        "pip install 'spatem-ir[completion]'\n"
    )


def test_examples_are_copied_into_a_new_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "examples"
    assert run.main(["--copy-examples", str(folder)]) == 0
    assert (folder / "edge-chip" / "edge_chip" / "traffic.py").is_file()
    assert run.main(["--copy-examples", str(folder)]) == 1
    assert capsys.readouterr().err == f"spatem-run: {folder}: is there already; name a new folder\n"
