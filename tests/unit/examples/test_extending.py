"""The package that docs/extending.md spells out, and what the page shows of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "extending.md").read_text()
FILE = re.compile(r"In `(\S+)`:\n\n```(?:python|toml)\n(.*?)```", re.DOTALL)
PROGRESS = re.compile(r"spatem-run: .* …")
SECTIONS = ("A strategy of your own", "A metric of your own")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the package is installed."""
    folder = tmp_path_factory.mktemp("my-chip")
    package = folder / "source"
    (package / "my_chip").mkdir(parents=True)
    (package / "my_chip" / "__init__.py").touch()
    for name, text in FILE.findall(PAGE):
        (package / name).write_text(text)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, *offline, "--target", folder / "target", package], check=True)
    return folder / "target"


@pytest.mark.parametrize("section", SECTIONS)
def test_commands_print_what_the_page_shows(section: str, target: Path) -> None:
    text = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    shown = "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()
    commands = [line.removeprefix("$ ") for line in shown if line.startswith("$ ")]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    printed: list[str] = []
    for command in commands:
        run = subprocess.run(
            ["bash", "-c", command],
            cwd=ROOT,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(target)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        lines = [line.rstrip() for line in run.stdout.splitlines()]
        printed += [f"$ {command}", *(line for line in lines if not PROGRESS.fullmatch(line))]
    assert printed == shown
    assert commands
