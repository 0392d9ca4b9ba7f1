"""Where the installed commands begin: an interrupt is one line from here on, at any time."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from types import FrameType

from spatem_ir.cli.process import tune_process

FILES = "spatem_ir.support.files"
"""The module that writes outputs; where it is not imported, nothing is being written."""

PROCESSES = "multiprocessing"
"""The module of processes at work; where it is not imported, there are none."""


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
    """Run a tool; an interrupt ends it at once, unless something is to be cleaned up first.

    Outputs that were begun are taken back, processes at work are ended.

    Python's own way, an exception, can get lost: code that imports or collects garbage may catch
    whatever is raised in it.
    """

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        if FILES in sys.modules and sys.modules[FILES].is_writing():
            raise KeyboardInterrupt
        if PROCESSES in sys.modules and sys.modules[PROCESSES].active_children():
            raise KeyboardInterrupt
        os.write(sys.stderr.fileno(), f"spatem-{tool}: interrupted\n".encode())
        os._exit(1)

    signal.signal(signal.SIGINT, interrupted)
    tune_process()
    try:
        return import_module(f"spatem_ir.cli.{tool}").main()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
