"""A lit test format that runs spatem-opt and filecheck without starting processes.

Starting Python and importing xDSL takes 0.2 s for each command of a RUN line; a worker process
of lit that calls the tools' ``main`` functions pays for it once. A test runs in this way if each
of its RUN lines is a pipeline of ``[not] spatem-opt ... [2>&1]`` and ``[not] filecheck ...``.
Any other test (file redirections, other commands, ...) is left to lit's own shell, as is
``--disable-verify``, which xDSL applies to the whole process for good.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from filecheck.main import main as filecheck_main
from lit import Test, TestRunner
from lit.formats import ShTest
from lit.LitConfig import LitConfig
from lit.ShCommands import Command, Pipeline
from lit.ShUtil import ShParser

from spatem_ir.cli.opt import main as spatem_opt_main

TOOLS: dict[str, Callable[[list[str]], int | None]] = {
    "spatem-opt": spatem_opt_main,
    "filecheck": lambda arguments: filecheck_main(["filecheck", *arguments]),
}
STDERR_TO_STDOUT = ((">&", 2), "1")


@dataclass(frozen=True)
class Stage:
    """One command of a pipeline: ``[not] tool arguments... [2>&1]``."""

    tool: str
    arguments: tuple[str, ...]
    negated: bool
    merges_stderr: bool

    @classmethod
    def from_command(cls, command: Command) -> Stage | None:
        """The stage that does the same as ``command``, or None if it needs a process."""
        negated = command.args[0] == "not"
        words = command.args[1:] if negated else command.args
        if (
            not words
            or not all(isinstance(word, str) for word in words)  # file name patterns
            or words[0] not in TOOLS
            or "--disable-verify" in words
            or any("%{readfile:" in word for word in words)
            or command.redirects not in ([], [STDERR_TO_STDOUT])
        ):
            return None
        return cls(words[0], tuple(words[1:]), negated, bool(command.redirects))

    def __str__(self) -> str:
        return f"not {self.tool}" if self.negated else self.tool

    def run(self, stdin: bytes) -> tuple[int, bytes, bytes]:
        """Call the tool; returns its exit status, standard output and standard error.

        An exception becomes a traceback and status 1, as it does in a process.
        """
        out = text_stream()
        err = out if self.merges_stderr else text_stream()
        process = mock.patch.multiple(
            sys,
            argv=[self.tool, *self.arguments],
            stdin=text_stream(stdin),
            stdout=out,
            stderr=err,
        )
        with process, warnings.catch_warnings():
            try:
                status = TOOLS[self.tool](list(self.arguments)) or 0
            except SystemExit as exit_:
                status = exit_.code or 0
                if isinstance(status, str):
                    print(status, file=sys.stderr)
                    status = 1
            except Exception:
                traceback.print_exc()
                status = 1
        return status, content(out), b"" if self.merges_stderr else content(err)


def text_stream(data: bytes = b"") -> io.TextIOWrapper[io.BytesIO]:
    """A text stream in memory with a ``buffer``, like the standard streams of a process."""
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", write_through=True)


def content(stream: io.TextIOWrapper[io.BytesIO]) -> bytes:
    """All that was written to a ``text_stream``."""
    stream.flush()
    return stream.buffer.getvalue()


def parse_stages(line: str) -> list[Stage] | None:
    """The stages of an expanded RUN line, or None if the line needs a shell."""
    try:
        pipeline = ShParser(line).parse()
    except ValueError:
        return None
    if not isinstance(pipeline, Pipeline):
        return None
    stages = [Stage.from_command(command) for command in pipeline.commands]
    return None if None in stages else [stage for stage in stages if stage]


def run_stages(stages: list[Stage]) -> tuple[bool, str]:
    """Run a pipeline stage by stage; returns whether every stage succeeded, and a log."""
    data = b""
    succeeded = True
    log: list[str] = []
    for stage in stages:
        status, data, stderr = stage.run(data)
        if stderr:
            log.append(f"# standard error of {stage}:\n{stderr.decode(errors='replace')}")
        if (status == 0) == stage.negated:
            succeeded = False
            log.append(f"# error: {stage}: exit status {status}\n")
    if data:
        log.append(f"# standard output of {stages[-1]}:\n{data.decode(errors='replace')}")
    return succeeded, "".join(log)


def parse_script(test: Test.Test) -> list[tuple[str, list[Stage]]] | None:
    """The RUN lines of a test, each as a heading and its stages, or None if one needs a shell."""
    script = TestRunner.parseIntegratedTestScript(test)
    if isinstance(script, Test.Result):  # nothing to run: unsupported, no RUN line, ...
        return None
    lines = TestRunner.applySubstitutions(
        script,
        TestRunner.getDefaultSubstitutions(test, *TestRunner.getTempPaths(test)),
        dict.fromkeys(test.config.available_features, True),
        recursion_limit=test.config.recursiveExpansionLimit,
    )
    pipelines: list[tuple[str, list[Stage]]] = []
    for line in lines:
        match = re.fullmatch(TestRunner.kPdbgRegex, line)
        stages = parse_stages(match[2]) if match else None
        if not match or not stages:
            return None
        pipelines.append((f"# {match[1]}\n{match[2].strip()}\n", stages))
    return pipelines


class InProcessShTest(ShTest):
    """lit's shell test format, calling the tools as functions where it can."""

    def execute(self, test: Test.Test, litConfig: LitConfig) -> Test.Result:
        is_plain = not (
            test.config.unsupported or litConfig.noExecute or litConfig.maxIndividualTestTime
        )
        pipelines = parse_script(test) if is_plain else None
        if pipelines is None:
            result = super().execute(test, litConfig)
            assert isinstance(result, Test.Result)
            return result

        temporary_directory = Path(TestRunner.getTempPaths(test)[0])
        temporary_directory.mkdir(parents=True, exist_ok=True)
        output = ""
        with (
            contextlib.chdir(temporary_directory.parent),
            mock.patch.dict(os.environ, test.config.environment, clear=True),
        ):
            for heading, stages in pipelines:
                succeeded, log = run_stages(stages)
                output += heading + log
                if not succeeded:
                    return Test.Result(Test.FAIL, output)
        return Test.Result(Test.PASS, output)
