"""Findings on disk: what an exploration has found is not looked for again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from spatem_ir.study.explore.evaluation import Finding
from spatem_ir.study.storage import Storage

if TYPE_CHECKING:
    from spatem_ir.study.explore.experiments import Experiment


class ResultStore(Storage):
    """Findings by the keys of their experiments."""

    what = "explorations"
    application = 0x53504154
    layout = 1
    table = """\
CREATE TABLE findings (
    key TEXT PRIMARY KEY,       -- digest of the description
    description TEXT NOT NULL,  -- network, accelerator, pipeline, images, version; JSON
    metrics TEXT NOT NULL,      -- JSON; empty if there is a failure
    failure TEXT,               -- why nothing was measured
    seconds REAL NOT NULL       -- CPU time
)
"""

    def get(self, key: str) -> Finding | None:
        """The finding of an experiment; None if there is none yet."""
        row = self._row("SELECT metrics, failure, seconds FROM findings WHERE key = ?", key)
        return None if row is None else Finding(key, json.loads(row[0]), row[1], row[2])

    def put(self, experiment: Experiment, finding: Finding) -> None:
        """Keep a finding.

        Raises:
            SpatemError: it cannot be written.
        """
        row = (
            finding.key,
            json.dumps(experiment.description),
            json.dumps(dict(finding.metrics)),
            finding.failure,
            finding.seconds,
        )
        self._insert("INSERT INTO findings VALUES (?, ?, ?, ?, ?)", row)
