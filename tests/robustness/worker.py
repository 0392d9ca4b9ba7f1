"""Runs the tools on mutated files in processes of their own, with limits on time and memory."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import random
import resource
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from robustness.mutations import mutated_model, mutated_text

SECONDS = 5
"""Longer runs count as hangs."""

MEMORY = 2 << 30
"""Bytes that a run may use beyond what its process has when it starts."""

PIPELINES = ("", "partition", "partition,pack,assign,order", "remove-identities,fuse-quantization")


class HangError(BaseException):
    """A run takes too long."""


@dataclass
class Findings:
    """How many runs ended how, and what is wrong, with the seed that shows it again."""

    ends: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def add(self, other: Findings) -> None:
        """Add the findings of other runs."""
        self.ends.update(other.ends)
        self.problems.extend(other.problems)
        self.slowest = max(self.slowest, other.slowest)


def run_mutations(kind: str, sources: Sequence[bytes], seeds: range, processes: int) -> Findings:
    """Run the tools on one mutated file per seed; `kind` is `onnx` or `mlir`."""
    total = Findings()
    size = 50
    chunks = [seeds[first : first + size] for first in range(0, len(seeds), size)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, max_tasks_per_child=10) as pool:
        futures = [pool.submit(run_chunk, kind, list(sources), chunk) for chunk in chunks]
        for future, chunk in zip(futures, chunks, strict=True):
            try:
                total.add(future.result())
            except BrokenProcessPool:
                total.problems.append(f"{kind} seeds {chunk.start} … {chunk.stop - 1}: crash")
                break
    return total


def run_chunk(kind: str, sources: list[bytes], seeds: range) -> Findings:
    """Run the tools on some mutated files in this process."""
    findings = Findings()
    signal.signal(signal.SIGALRM, _hang)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, resource.RLIM_INFINITY))
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            end, problem, seconds = run_one(kind, sources, seed, Path(folder))
            findings.ends[end] += 1
            findings.slowest = max(findings.slowest, seconds)
            if problem:
                findings.problems.append(f"{kind} seed {seed}: {problem}")
    return findings


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise HangError


def run_one(
    kind: str, sources: list[bytes], seed: int, folder: Path
) -> tuple[str, str | None, float]:
    """How a run on one mutated file ended, what is wrong with that, and its seconds."""
    from spatem_ir.cli.opt import main

    generator = random.Random(f"{kind} {seed}")
    source = generator.choice(sources)
    path = folder / f"input.{kind}"
    if kind == "onnx":
        path.write_bytes(mutated_model(source, generator))
        arguments = ["--raw"] if generator.random() < 0.5 else ["-p", "partition"]
        arguments += ["--calibration", "package:lenet-digits-calibration.npy"]
    else:
        path.write_text(mutated_text(source.decode(), generator), encoding="utf-8")
        arguments = ["-p", generator.choice(PIPELINES)]
    output = folder / "output.mlir"
    output.unlink(missing_ok=True)
    errors = io.StringIO()
    start = time.perf_counter()
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            status = main([str(path), "-o", str(output), *arguments])
    except HangError:
        return "hang", f"runs for more than {SECONDS} s", SECONDS
    except BaseException as error:
        return "traceback", f"{type(error).__name__}: {error}", time.perf_counter() - start
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    seconds = time.perf_counter() - start
    lines = [line for line in errors.getvalue().splitlines() if ": warning: " not in line]
    problem = None
    if status not in (0, 1):
        problem = f"exit status {status}"
    elif status == 0 and lines:
        problem = f"succeeds with a message: {lines[0]}"
    elif status == 1 and (len(lines) != 1 or "internal error" in lines[0]):
        problem = f"message of {len(lines)} lines: {' | '.join(lines[:3])}"
    elif status == 1 and "not enough memory" in lines[0]:
        problem = f"uses more than {MEMORY >> 30} GiB"
    elif status == 1 and output.exists():
        problem = "leaves a file behind"
    return f"exit {status}", problem, seconds
