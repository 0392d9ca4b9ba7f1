"""Where the installed commands begin: an interrupt is one line from here on, during imports too."""

from __future__ import annotations

import signal
import sys
from importlib import import_module


def opt() -> int:
    """Run `spatem-opt`."""
    return _run("opt")


def run() -> int:
    """Run `spatem-run`."""
    return _run("run")


def bench() -> int:
    """Run `spatem-bench`."""
    return _run("bench")


def _run(tool: str) -> int:
    try:
        status = import_module(f"spatem_ir.cli.{tool}").main()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    except KeyboardInterrupt:
        print(f"spatem-{tool}: interrupted", file=sys.stderr)
        return 1
    return status
