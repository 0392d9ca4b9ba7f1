"""What is said while a run works, and how long its steps took."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from unit.cli.commands import TINY

import spatem_ir as sp
from spatem_ir.cli import progress
from spatem_ir.cli.progress import ProgressLines, duration
from spatem_ir.cli.run import main
from spatem_ir.runtime.machine.engine import ENGINES
from spatem_ir.runtime.machine.fast import start as fast
from spatem_ir.runtime.machine.reference import clock

pytestmark = pytest.mark.usefixtures("networks_folder")


@pytest.mark.parametrize("engine", ENGINES)
def test_the_engines_tell_how_far_they_are(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "EVENTS_PER_REPORT", 500)
    monkeypatch.setattr(clock, "CYCLES_PER_WATCH", 100)
    deployment = sp.compile("lenet", "isaac-ou")
    silently = deployment.simulate(engine=engine)
    shares: list[float] = []
    watched = deployment.simulate(engine=engine, say=sp.Messages(progress=shares.append))
    assert len(shares) >= 3 and shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1
    assert watched.to_dict() == silently.to_dict()


def test_a_calibration_tells_how_far_it_is() -> None:
    shares: list[float] = []
    sp.compile("lenet-digits-float", level="cnn", say=sp.Messages(progress=shares.append))
    assert len(shares) > 3 and shares == sorted(shares)
    assert shares[-1] == 1


def test_a_long_step_says_how_far_it_is_and_what_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = progress_of_minutes(monkeypatch, is_shown=True)
    assert capsys.readouterr().err.splitlines() == [
        "tool: simulating 7 visits …",
        "tool: simulating 7 visits: 0%",
        "tool: simulating 7 visits: 25%, 6 min 00 s left",
    ]
    assert lines.seconds == [("reading", 3.0), ("simulating 7 visits", 124.0)]


def test_nothing_is_said_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = progress_of_minutes(monkeypatch, is_shown=None)
    assert capsys.readouterr().err == ""
    assert lines.seconds == [("reading", 3.0), ("simulating 7 visits", 124.0)]


def test_a_note_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressLines("tool", is_shown=False).watching() as say:
        for note in ("compiling", "a doubt", "compiling"):
            say.note(note)
    assert capsys.readouterr().err.splitlines() == ["tool: compiling", "tool: a doubt"]


def progress_of_minutes(monkeypatch: pytest.MonkeyPatch, is_shown: bool | None) -> ProgressLines:
    """What is said in two steps of 127 seconds together."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 1.0)
    lines = ProgressLines("tool", is_shown)
    with lines.watching() as say:
        say.step("reading")
        now[0] = 3.0
        say.step("simulating 7 visits")
        say.progress(0.01)
        now[0] += 60
        say.progress(0.0)
        now[0] += 60
        say.progress(0.25)
        say.progress(0.26)
        now[0] += 4
    return lines


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.7, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_times_are_in_the_report_and_in_json_when_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*TINY, "--times", "--json", "-"]) == 0
    times = json.loads(capsys.readouterr().out)["times"]
    assert [each["step"] for each in times][:2] == ["reading net.mlir", "pass partition"]
    assert all(each["seconds"] >= 0 for each in times)
    assert main([*TINY, "--times"]) == 0
    lines = capsys.readouterr().out.splitlines()
    steps = [line.split() for line in lines]
    assert ["step", "seconds"] in steps
    assert any(line[:2] == ["pass", "partition"] for line in steps)
    assert any(line[:2] == ["all", "steps"] for line in steps)
    assert main([*TINY, "--json", "-"]) == 0
    assert "times" not in json.loads(capsys.readouterr().out)


def test_times_have_the_writing_of_a_trace(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("perfetto")
    trace, results = str(tmp_path / "net.pftrace"), tmp_path / "net.json"
    assert main([*TINY, "--times", "--trace", trace, "--json", str(results)]) == 0
    steps = [each["step"] for each in json.loads(results.read_text())["times"]]
    assert steps[-2:] == ["simulating with a log", "writing the trace"]
    assert "writing the trace" in capsys.readouterr().out
