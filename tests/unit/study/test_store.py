"""Outcomes that are kept: a study goes on where it was, and what is kept is what was measured."""

from __future__ import annotations

import pickle
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from spatem_ir.frontend.load import ImportOptions
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.study import evaluation, runner, store
from spatem_ir.study.points import Outcome, Point, Setting
from spatem_ir.study.runner import run_points
from spatem_ir.study.store import OutcomeStore
from spatem_ir.support.errors import SpatemError

SETTING = Setting(load_accelerator("isaac-ou"), ImportOptions(), "reference")
SMALL = Point("lenet-digits", "isaac")
OTHER = Point("lenet-digits", "minimum")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "study.sqlite"


def ran(
    points: list[Point], file: Path, monkeypatch: pytest.MonkeyPatch, setting: Setting = SETTING
) -> tuple[dict[Point, Outcome], list[Point]]:
    """The outcomes of points, and the points that were evaluated for them."""
    evaluated: list[Point] = []
    evaluate = runner.evaluate

    def counted(point: Point, setting: Setting) -> Outcome:
        evaluated.append(point)
        return evaluate(point, setting)

    with monkeypatch.context() as patched, OutcomeStore(file) as kept:
        patched.setattr(runner, "evaluate", counted)
        return run_points(points, setting, 1, store=kept), evaluated


def test_what_is_kept_is_not_run_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, evaluated = ran([SMALL], file, monkeypatch)
    assert evaluated == [SMALL]
    both, evaluated = ran([SMALL, OTHER], file, monkeypatch)
    assert evaluated == [OTHER]
    assert both[SMALL] == first[SMALL]
    assert both[SMALL].metrics is not None
    assert both[SMALL].path is not None


@pytest.mark.parametrize(
    "setting",
    [
        replace(SETTING, accelerator=load_accelerator("li-isaac")),
        replace(SETTING, engine="fast"),
    ],
)
def test_what_depends_on_something_else_is_run(
    file: Path, monkeypatch: pytest.MonkeyPatch, setting: Setting
) -> None:
    ran([SMALL], file, monkeypatch)
    _, evaluated = ran([SMALL], file, monkeypatch, setting)
    assert evaluated == [SMALL]


def test_other_code_runs_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran([SMALL], file, monkeypatch)
    monkeypatch.setattr(store, "code_version", lambda: "0.0")
    _, evaluated = ran([SMALL], file, monkeypatch)
    assert evaluated == [SMALL]


def test_what_does_not_fit_is_not_run_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setting = replace(SETTING, accelerator=load_accelerator("tiny"))
    lenet = Point("lenet", "isaac", (), ((("pe", "buffer_bytes"), 8),))
    for expected in ([lenet], []):
        outcomes, evaluated = ran([lenet], file, monkeypatch, setting)
        assert evaluated == expected
        assert outcomes[lenet].failure is not None


def test_what_memory_did_not_suffice_for_is_run_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*_: object) -> Outcome:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(evaluation, "measured", short)
        outcomes, _ = ran([SMALL], file, monkeypatch)
        assert outcomes[SMALL].failure is not None
    _, evaluated = ran([SMALL], file, monkeypatch)
    assert evaluated == [SMALL]


def test_outcomes_from_elsewhere_run_no_code(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran([SMALL], file, monkeypatch)
    for blob in (pickle.dumps(print), pickle.dumps(run_points), b"", b"none"):
        with sqlite3.connect(file) as connection:
            connection.execute("UPDATE outcomes SET outcome = ?", (blob,))
        connection.close()
        with pytest.raises(SpatemError, match="has a damaged outcome; name another --store"):
            ran([SMALL], file, monkeypatch)
