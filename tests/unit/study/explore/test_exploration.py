"""Explorations: points once, whatever ends them; the same results however they are reached."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.study.explore.spaces import AXES, GRID, explored, names_of, written

from spatem_ir.cli.bench import main
from spatem_ir.study.explore import evaluation
from spatem_ir.study.explore.documents import csv_of, dict_of, front_table
from spatem_ir.study.explore.evaluation import Finding, StrayWorkerError, evaluate
from spatem_ir.study.explore.experiments import Experiment, Experimenter
from spatem_ir.study.explore.front import front_of
from spatem_ir.study.explore.space import grid_points
from spatem_ir.study.explore.space_file import load_space
from spatem_ir.study.explore.store import ResultStore
from spatem_ir.study.explore.workers import LocalWorkers, OwnProcess
from spatem_ir.study.runner import LOST
from spatem_ir.support.errors import SpatemError


class Counting(OwnProcess):
    """This process, which notes what it evaluates, and gives up before some experiment."""

    def __init__(self, most: int = 1000):
        self.evaluated: list[str] = []
        self.most = most

    def findings(self, experiments: Iterable[Experiment]) -> Iterator[Finding]:
        for experiment in experiments:
            if len(self.evaluated) == self.most:
                raise KeyboardInterrupt
            self.evaluated.append(experiment.key)
            yield evaluate(experiment)


class KillingOne(LocalWorkers):
    """Processes, of which one that is at work is killed when the first finding is there."""

    killed = False

    def findings(self, experiments: Iterable[Experiment]) -> Iterator[Finding]:
        for finding in super().findings(experiments):
            if not self.killed:
                self.killed = True
                victim = next(worker for worker in self.workers if worker.experiment is not None)
                victim.process.kill()
            yield finding


class Lethal:
    """What ends the process that receives it."""

    def __reduce__(self) -> Any:
        return os._exit, (1,)


def test_grid(tmp_path: Path) -> None:
    exploration, progress = explored(written(tmp_path, GRID))
    assert [point.point["ou.wordlines"] for point in exploration.points] == [2, 4, 32] * 2
    failures = [point.finding.failure for point in exploration.points]
    assert failures[:2] + failures[3:5] == [None] * 4
    assert (
        failures[2]
        == failures[5]
        == ("'tiny' with ou.wordlines = 32: ou.wordlines = 32 exceeds crossbar.wordlines = 16")
    )
    assert (progress.done, progress.failed, progress.kept) == (6, 2, 0)
    latencies = [
        None if failure else point.finding.metrics["latency_cycles"]
        for point, failure in zip(exploration.points, failures, strict=True)
    ]
    best = min(latency for latency in latencies if latency is not None)
    assert best in [latencies[number] for number in exploration.front]
    assert "| ou.wordlines |" in front_table(exploration)
    assert len(dict_of(exploration)["points"]) == 6


def test_interrupted_exploration_goes_on(tmp_path: Path) -> None:
    file = written(tmp_path, GRID)
    first, second = Counting(most=2), Counting()
    with pytest.raises(KeyboardInterrupt):
        explored(file, first)
    exploration, progress = explored(file, second)
    assert len(first.evaluated) == progress.kept == 2
    assert not set(first.evaluated) & set(second.evaluated)
    assert sorted(first.evaluated + second.evaluated) == sorted(names_of(exploration))
    whole, _ = explored(written(tmp_path / "..", GRID))
    assert csv_of(whole) == csv_of(exploration)


def test_a_killed_worker_changes_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, GRID)
    killing = KillingOne(2)
    exploration, progress = explored(file, killing)
    assert killing.killed
    assert (progress.done, progress.kept) == (6, 0)
    file.with_suffix(".sqlite").unlink()
    alone, _ = explored(file)
    assert csv_of(alone) == csv_of(exploration)


def test_what_kills_two_workers_has_failed(tmp_path: Path) -> None:
    space = load_space(written(tmp_path, GRID))
    experiment = Experimenter(space).experiment(next(grid_points(space)))
    lethal = replace(experiment, importing=Lethal())  # type: ignore[arg-type]
    lethal.__dict__["key"] = "lethal"
    with LocalWorkers(1) as workers:
        found = list(workers.findings([lethal, experiment]))
    assert found[0] == Finding("lethal", {}, LOST, is_lasting=False)
    assert (found[1].key, found[1].failure) == (experiment.key, None)


def test_random_points_are_different_and_follow_the_seed(tmp_path: Path) -> None:
    axes = AXES + "ou.wordlines = { from = 1, to = 16 }\nou.bitlines = { from = 1, to = 16 }\n"

    def drawn(seed: int, points: int) -> list[tuple[object, ...]]:
        text = f"[explore]\nmethod = 'random'\npoints = {points}\nseed = {seed}\n" + axes
        from spatem_ir.study.explore.proposals import drawn_points

        found = drawn_points(load_space(written(tmp_path, text)))
        return [tuple(point.values()) for point in found]

    assert len(set(drawn(0, 50))) == 50
    assert drawn(0, 50) == drawn(0, 50) != drawn(1, 50)
    assert len(drawn(0, 1000)) == 256


@pytest.mark.parametrize("method", ["nsga2", "tpe"])
def test_searches_propose_the_same_again(tmp_path: Path, method: str) -> None:
    pytest.importorskip("optuna")
    text = f"[explore]\nmethod = '{method}'\npoints = 12\npopulation = 4\nseed = 3\n" + AXES
    text += "strategy = ['spatem', 'minimum']\nou.wordlines = [2, 4, 8, 32]\n"
    text += "ou.bitlines = { values = [2, 4], when = { strategy = 'spatem' } }\n"
    file = written(tmp_path, text)
    exploration, _ = explored(file)
    again, progress = explored(file, Counting(most=0))
    assert csv_of(again) == csv_of(exploration)
    assert progress.kept == len(names_of(exploration)) > 3
    assert 4 < len(exploration.points) <= 12


def test_accuracy(tmp_path: Path) -> None:
    text = """\
[objectives]
accuracy = "max"
energy_nj = "min"
[values]
images = 30
[axes]
network = "lenet-digits"
strategy = "minimum"
analog.cell_sigma = [0.0, 0.5]
"""
    exploration, _ = explored(written(tmp_path, text))
    ideal, noisy = (point.finding.metrics for point in exploration.points)
    assert ideal["accuracy"] == ideal["agreement"] == 1
    assert isinstance(noisy["accuracy"], float)
    assert noisy["accuracy"] < 0.8
    assert exploration.front == [0]


def test_front() -> None:
    scores = [(1, 5), (2, 4), None, (2, 5), (1, 5), (3, 1)]
    assert front_of(scores, [False, False]) == [0, 1, 4, 5]
    assert front_of(scores, [True, False]) == [5]
    assert front_of([None], [False]) == []


def test_other_code_and_other_networks_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = load_space(written(tmp_path, GRID))
    experiment = Experimenter(space).experiment(next(grid_points(space)))
    with pytest.raises(StrayWorkerError, match="a worker finds another network there"):
        evaluate(replace(experiment, network_digest="0"))
    monkeypatch.setattr(evaluation, "code_version", lambda: "0.0")
    with pytest.raises(StrayWorkerError, match=r"a worker has spatem-ir 0\.0, this process has"):
        evaluate(experiment)


def test_stores_that_are_none_or_in_use(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    with ResultStore(file), pytest.raises(SpatemError, match="is in use by another run"):
        ResultStore(file)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE things (name TEXT)")
    with pytest.raises(SpatemError, match="is no store of explorations; name another --store"):
        ResultStore(other)
    (tmp_path / "text").write_text("This is a text." * 100, encoding="utf-8")
    with pytest.raises(SpatemError, match="is no usable store: file is not a database"):
        ResultStore(tmp_path / "text")


def test_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, GRID)
    arguments = ["explore", "space.toml", "--out", "results", "--jobs", "1"]
    assert main(arguments) == 0
    first = capsys.readouterr()
    assert first.out.startswith("6 points, ")
    assert first.err == ""
    assert main(arguments) == 0
    again = capsys.readouterr()
    assert again.out == first.out
    assert again.err == "spatem-bench: 4 points were in results/space.sqlite already\n"
    names = {path.name for path in Path("results").iterdir()}
    assert names >= {"explore.csv", "explore.json", "front.md", "space.sqlite"}
    assert main(["explore", "space.toml", "--jobs", "2", "--scheduler", "tcp://nowhere:1"]) == 1
    assert capsys.readouterr().err == (
        "spatem-bench: --jobs has no effect with --scheduler, which has workers of its own\n"
    )


def test_digests_are_those_of_another_process(tmp_path: Path) -> None:
    file = written(tmp_path, GRID)
    space = load_space(file)
    experiment = Experimenter(space).experiment(next(grid_points(space)))
    code = (
        "import sys; from pathlib import Path\n"
        "from spatem_ir.study.explore.space_file import load_space\n"
        "from spatem_ir.study.explore.experiments import Experimenter\n"
        "from spatem_ir.study.explore.space import grid_points\n"
        "space = load_space(Path(sys.argv[1]))\n"
        "print(Experimenter(space).experiment(next(grid_points(space))).key)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == experiment.key
