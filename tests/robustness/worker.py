"""Runs the tools on mutated files in processes of their own, with limits on time and memory."""

from __future__ import annotations

import contextlib
import io
import json
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from robustness.mutations import mutated_model, mutated_text

SECONDS = 5
"""Longer runs count as hangs."""

MEMORY = 2 << 30
"""Bytes that a run may use beyond what its process has when it starts."""

CHUNK = 200
"""Files that one process tries."""

PIPELINES = (
    "",
    "partition{strategy=spatem}",
    "partition{strategy=spatem},pack,assign,order",
    "remove-identities,fuse-quantization",
)


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
    chunks = [seeds[first : first + CHUNK] for first in range(0, len(seeds), CHUNK)]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(processes) as threads:
        for number, source in enumerate(sources):
            (Path(folder) / f"{number:04}").write_bytes(source)
        for findings in threads.map(lambda chunk: _in_process(kind, folder, chunk), chunks):
            total.add(findings)
    return total


def _in_process(kind: str, folder: str, seeds: range) -> Findings:
    """Run some mutated files in a process of their own, which may crash."""
    numbers = [str(seeds.start), str(seeds.stop)]
    command = [sys.executable, "-m", "robustness.worker", kind, folder, *numbers]
    tests = Path(__file__).parents[1]
    ended = subprocess.run(command, cwd=tests, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        last = (ended.stderr.strip().splitlines() or ["no message"])[-1]
        what = f"{kind} seeds {seeds.start} to {seeds.stop - 1}"
        return Findings(problems=[f"{what}: exit status {ended.returncode}: {last}"])
    found = json.loads(ended.stdout)
    return Findings(Counter(found["ends"]), found["problems"], found["slowest"])


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
        arguments = ["--raw"] if generator.random() < 0.5 else ["-p", "partition{strategy=spatem}"]
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


def main(kind: str, folder: str, first: str, last: str) -> None:
    """Try mutated copies of the files of a folder and print the findings as JSON."""
    sources = [path.read_bytes() for path in sorted(Path(folder).iterdir())]
    findings = run_chunk(kind, sources, range(int(first), int(last)))
    print(json.dumps(vars(findings)))


if __name__ == "__main__":
    main(*sys.argv[1:])
