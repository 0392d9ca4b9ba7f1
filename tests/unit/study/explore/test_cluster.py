"""Workers of a Dask cluster on this machine, one of which is killed in the middle."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from unit.study.explore.spaces import AXES, explored, written

from spatem_ir.study.explore.cluster import ClusterWorkers
from spatem_ir.study.explore.documents import csv_of
from spatem_ir.study.explore.evaluation import Finding
from spatem_ir.study.explore.experiments import Experiment
from spatem_ir.support.errors import SpatemError

distributed = pytest.importorskip("distributed")

SPACE = AXES + 'strategy = ["spatem", "minimum", "isaac"]\nou.wordlines = { from = 1, to = 8 }\n'


class LosingOne(ClusterWorkers):
    """A cluster that loses a worker when the first finding is there."""

    findings_given = 0

    def findings(self, experiments: Iterable[Experiment]) -> Iterator[Finding]:
        for finding in super().findings(experiments):
            if not self.findings_given:
                victim = next(iter(self.client.run(os.getpid).values()))
                os.kill(victim, signal.SIGKILL)
            self.findings_given += 1
            yield finding


def test_a_killed_worker_changes_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, SPACE)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None
    ) as cluster:
        workers = LosingOne(cluster.scheduler_address)
        exploration, progress = explored(file, workers)
    assert workers.findings_given == progress.done == len(exploration.points) == 24
    file.with_suffix(".sqlite").unlink()
    alone, _ = explored(file)
    assert csv_of(alone) == csv_of(exploration)


def test_no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spatem_ir.study.explore.cluster.CONNECT_SECONDS", 0.2)
    with pytest.raises(SpatemError, match=r"^--scheduler tcp://127\.0\.0\.1:9: no scheduler of D"):
        ClusterWorkers("tcp://127.0.0.1:9")
