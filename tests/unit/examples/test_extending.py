"""The package that docs/extending.md spells out, and what the page shows of it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from unit.examples.installation import BIN, Installation

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "extending.md").read_text()
FILE = re.compile(r"In `(\S+)`:\n\n```(?:python|toml)\n(.*?)```", re.DOTALL)
SECTIONS = ("A strategy of your own", "A metric of your own")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the package is installed."""
    folder = tmp_path_factory.mktemp("my-chip")
    package = Installation(folder / "source", folder / "target")
    (package.source / "my_chip").mkdir(parents=True)
    (package.source / "my_chip" / "__init__.py").touch()
    for name, text in FILE.findall(PAGE):
        (package.source / name).write_text(text)
    package.install()
    return package.target


@pytest.mark.parametrize("section", SECTIONS)
def test_commands_print_what_the_page_shows(section: str, target: Path) -> None:
    text = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    shown = "".join(re.findall(r"```console\n(.*?)```", text, re.DOTALL)).splitlines()
    commands = [line.removeprefix("$ ") for line in shown if line.startswith("$ ")]
    path = f"{BIN}:{os.environ['PATH']}"
    printed: list[str] = []
    for command in commands:
        run = subprocess.run(
            ["bash", "-c", command],
            cwd=ROOT,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(target)},
            capture_output=True,
            text=True,
            check=False,
        )
        lines = run.stdout.splitlines() + (run.stderr.splitlines()[-1:] if run.returncode else [])
        printed += [f"$ {command}", *(line.rstrip() for line in lines)]
    assert printed == shown
    assert commands
