"""Packages of users, installed into a folder of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

BIN = Path(sys.executable).parent


class Installation(NamedTuple):
    """A package, and the folder in which it is installed."""

    source: Path
    target: Path

    def install(self) -> None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        offline = ["--no-index", "--no-deps", "--no-build-isolation"]
        process = subprocess.run(
            [*pip, *offline, "--target", self.target, self.source],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stdout

    def run(self, tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        paths = [str(self.target), os.environ.get("PYTHONPATH")]
        return subprocess.run(
            [BIN / tool, *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            capture_output=True,
            text=True,
            check=False,
        )

    def lower(
        self, pipeline: str, output: Path, accelerator: str = "edge-chip.toml"
    ) -> subprocess.CompletedProcess[str]:
        chip = self.source / accelerator
        return self.run("spatem-opt", "lenet", "--accelerator", chip, "-p", pipeline, "-o", output)

    def results(self, file: Path, *arguments: str | Path) -> dict[str, Any]:
        process = self.run("spatem-run", file, "--json", "-", *arguments)
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout)
