"""How the tools use the process they run in."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spatem_ir import __version__
from spatem_ir.support.messages import printable

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
    assert settings(tool) == "(300000, 5, 5) 4"


def test_the_user_sets_the_timeout_of_threads() -> None:
    assert settings("run", OPENBLAS_THREAD_TIMEOUT="20") == "(300000, 5, 5) 20"


STARTED = """
import gc, sys
from spatem_ir.cli import start
start.import_module = lambda tool: sys.exit(str((tool, *gc.get_threshold())))
start.run()
"""


def test_commands_tune_their_process_before_the_tool_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTED], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "('spatem_ir.cli.run', 300000, 5, 5)"


def run_tool(tool: str, *arguments: str, redirection: str = "") -> tuple[int, str, str]:
    """Exit status, stdout and stderr of an installed command in a shell."""
    command = shlex.join([str(Path(sys.executable).with_name(tool)), *arguments])
    done = subprocess.run(
        ["bash", "-c", f"{command} {redirection}"], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("tool", TOOLS)
def test_tools_tell_their_version(tool: str) -> None:
    status, printed, errors = run_tool(f"spatem-{tool}", "--version")
    assert (status, errors) == (0, "")
    assert printed.startswith(f"spatem-{tool} {__version__}")


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_a_stdout_that_takes_nothing_is_one_line(redirection: str) -> None:
    status, _, errors = run_tool("spatem-run", "--list", redirection=redirection)
    assert status == 1
    assert len(errors.splitlines()) == 1
    assert "cannot be" in errors and "written: " in errors


def test_closed_stdin_is_one_line_and_closed_stderr_is_none() -> None:
    status, _, errors = run_tool("spatem-opt", redirection="<&-")
    assert (status, len(errors.splitlines())) == (1, 1)
    assert "cannot be read" in errors
    assert run_tool("spatem-opt", "absent.mlir", redirection="2>&-") == (1, "", "")


def test_text_that_an_encoding_lacks_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    status, printed, errors = run_tool("spatem-bench", "study", "--help")
    assert (status, errors) == (0, "")
    assert printed.isascii()


def test_a_folder_that_is_gone_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    status, _, errors = run_tool("spatem-run", "lenet-digits", "--engine", "none")
    assert status == 1
    said = [line for line in errors.splitlines() if not line.startswith("shell-init:")]
    assert said == ["spatem-run: the working directory is gone; change to one that exists"]


def test_names_that_are_too_long_are_one_line() -> None:
    for arguments in (["lenet", "-o", "x" * 300], ["x" * 300 + ".mlir"]):
        status, _, errors = run_tool("spatem-opt", *arguments)
        assert (status, len(errors.splitlines())) == (1, 1)
        assert "too long" in errors


def test_control_characters_are_escaped() -> None:
    status, _, errors = run_tool("spatem-opt", "a\x1b[2J\nb\x9b.mlir")
    assert status == 1
    assert "\x1b" not in errors and "\x9b" not in errors
    assert r"a\x1b[2J" in errors
    assert printable("plain × ü") == "plain × ü"
    assert printable("\u202e\ud800\r\n") == "\\u202e\\ud800\\r\n"


@pytest.mark.parametrize("delay", [0.3, 1.0, 2.0])
def test_an_interrupt_is_one_line(delay: float) -> None:
    command = [str(Path(sys.executable).with_name("spatem-run")), "squeezenet"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.endswith("spatem-run: interrupted\n")
    assert "Traceback" not in errors


STUDIES = {"study": ["--jobs", "2", "--networks", "caffenet", "overfeat"], "pelke": ["--jobs", "2"]}


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_study_that_is_ended_leaves_no_process(number: int, study: str) -> None:
    command = [str(Path(sys.executable).with_name("spatem-bench")), study, *STUDIES[study]]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (workers := children(process.pid)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert workers
        process.send_signal(number)
        process.communicate(timeout=60)
    deadline = time.monotonic() + 60
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(is_running, workers))


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    return [int(n) for n in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def is_running(process: int) -> bool:
    """Whether a process is there, and not only its exit status."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
