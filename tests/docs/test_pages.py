"""What pages show is what happens, and the site has no dead link."""

from __future__ import annotations

import re
import shlex
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from docs.pages import BIN, PAGES, REASON, ROOT, SHELLS, blocks_of, is_shown, run_page

from spatem_ir.cli import bench, run
from spatem_ir.cli.opt import SpatemOptMain

NAMES = [page.name for page in PAGES]
OTHER_TOOLS = {".", "cd", "make", "mkdir", "pip", "python", "python3", "dask"}
"""The commands of blocks without outputs that are not ours."""


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_print_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    problems = run_page(page, tmp_path, long=False)
    assert not problems, "\n\n".join(problems)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_blocks_that_are_not_run_say_why(page: Path) -> None:
    for block in blocks_of(page):
        if block.mark is not None:
            reason = REASON.match(block.mark)
            assert reason, f"{block}: {block.mark}"
            if reason[2] is not None:
                test = (ROOT / reason[2]).read_text(encoding="utf-8")
                assert page.name in test, f"{block}: {reason[2]} does not read this page"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_without_output_have_possible_arguments(page: Path) -> None:
    for block in blocks_of(page):
        if block.language not in SHELLS or (block.language == "" and not block.is_session):
            continue
        if block.mark is not None and block.mark.startswith("run by "):
            continue
        lines = block.text.replace("\\\n", " ").splitlines()
        if block.is_session:
            lines = [command.text.replace("\\\n", " ") for command in block.commands()]
        for line in lines:
            for part in re.split(r"&&|[|;&]", line.partition("  #")[0]):
                check_arguments(part, f"{block}: {line}", known_only=not block.is_session)


def check_arguments(text: str, where: str, *, known_only: bool) -> None:
    """Check the arguments of a command if it is one of ours."""
    try:
        words = shlex.split(text)
    except ValueError:  # a part of a quoted text
        return
    while words and re.match(r"\d?>", words[-2 if len(words) > 1 else -1]):
        words = words[:-2]
    if not words:
        return
    tool, *arguments = words
    if tool == "spatem-run":
        with suppress(SystemExit):  # of --print-completion
            run.argument_parser().parse_args(arguments)
    elif tool == "spatem-bench":
        bench.argument_parser().parse_args(arguments)
    elif tool == "spatem-opt":
        SpatemOptMain(arguments)
    elif known_only:
        assert tool in OTHER_TOOLS, where


def test_lines_left_out() -> None:
    assert is_shown(["a", "…", "b"], ["a", "x", "y", "b"])
    assert is_shown(["…", "b"], ["b"])
    assert not is_shown(["a", "b"], ["a", "x", "b"])
    assert is_shown([], ["anything"])


def test_the_site_is_built_and_no_link_is_dead(tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    sphinx = [BIN / "sphinx-build", "-q", "-W", "--keep-going", "-d", tmp_path / "trees"]
    done = subprocess.run(
        [*sphinx, ROOT / "docs", tmp_path / "site"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    passes = (tmp_path / "site" / "reference" / "passes.html").read_text(encoding="utf-8")
    assert "partition" in passes and "expand-ou" in passes


LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", [ROOT / "README.md", *ROOT.glob("C*.md")], ids=lambda p: p.name)
def test_links_of_pages_beside_the_site(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in LINK.findall(text) if "://" not in link]
    assert [link for link in links if link and not (page.parent / link).exists()] == []
