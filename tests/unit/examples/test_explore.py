"""The design space of examples/explore, and what docs/explore.md shows of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spatem_ir.cli.bench import main
from spatem_ir.study.explore.proposals import whole_grid
from spatem_ir.study.explore.space_file import load_space

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "explore"
PAGE = (ROOT / "docs" / "explore.md").read_text(encoding="utf-8")


def test_page_shows_the_space_and_its_front(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = (EXAMPLES / "quick.toml").read_text(encoding="utf-8").partition("\n\n")[2]
    assert f"```toml\n{space}```\n" in PAGE
    arguments = ["explore", str(EXAMPLES / "quick.toml"), "--out", str(tmp_path), "--jobs", "1"]
    assert main(arguments) == 0
    assert f"--out results\n{capsys.readouterr().out}```\n" in PAGE
    pytest.importorskip("bokeh")
    page = (tmp_path / "explore.html").read_text(encoding="utf-8")
    assert "24 points, 5 on the front" in page
    assert "latency_cycles, cycles \\u2193" in page
    assert not re.search(r"<(script|link)\s[^>]*(src|href)=", page)


def test_a_thousand_points() -> None:
    assert len(whole_grid(load_space(EXAMPLES / "thousand.toml"))) == 1000
