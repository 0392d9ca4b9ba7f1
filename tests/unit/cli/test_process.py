"""How the tools use the process they run in."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

TOOLS = ("bench", "opt", "run")

REPORT = """
import gc, os, sys
from spatem_ir.cli.{tool} import main
assert "numpy" not in sys.modules
assert main(["--help"]) == 0
print(gc.get_threshold(), os.environ["OPENBLAS_THREAD_TIMEOUT"], file=sys.stderr)
"""


def settings(tool: str, **variables: str) -> str:
    """Collector threshold and thread timeout in a process that has run a tool."""
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_THREAD_TIMEOUT"}
    done = subprocess.run(
        [sys.executable, "-c", REPORT.format(tool=tool)],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr.strip()


@pytest.mark.parametrize("tool", TOOLS)
def test_tools_tune_their_process_before_numpy_is_imported(tool: str) -> None:
    assert settings(tool) == "(50000, 5, 5) 4"


def test_the_user_sets_the_timeout_of_threads() -> None:
    assert settings("run", OPENBLAS_THREAD_TIMEOUT="20") == "(50000, 5, 5) 20"
