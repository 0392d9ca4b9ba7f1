"""Running a piece of Python in a fresh process and measuring it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass

ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
"""Environment that keeps numpy's matrix products on one core."""


@dataclass(frozen=True)
class Cost:
    """CPU seconds (user and system) and peak memory, MB, of a finished process."""

    cpu_seconds: float
    peak_mb: float
    output: str


def run_python(arguments: list[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run this Python with arguments in a process of its own, with more environment variables.

    Raises:
        RuntimeError: the process failed; holds what it wrote to stderr.
    """
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if process.returncode != 0:
            raise RuntimeError(errors.read())
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)
