"""Findings on disk: a file of SQLite that keeps every one from the moment it is there."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Self

from spatem_ir.study.explore.evaluation import Finding
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.study.explore.experiments import Experiment

APPLICATION = 0x53504154
"""The number by which such a file says what it is: SPAT."""

LAYOUT = 1
"""The version of the tables."""

TABLE = """\
CREATE TABLE findings (
    key TEXT PRIMARY KEY,       -- digest of the description
    description TEXT NOT NULL,  -- network, accelerator, pipeline, images, version; JSON
    metrics TEXT NOT NULL,      -- JSON; empty if there is a failure
    failure TEXT,               -- why nothing was measured
    seconds REAL NOT NULL       -- CPU time
)
"""


class ResultStore:
    """Findings by the keys of their experiments, in a file that one exploration uses at a time.

    Every finding is on disk when :meth:`put` returns; whatever ends the process, nothing is lost.

    Raises:
        SpatemError: the file cannot be opened or made, is another one, or is in use.
    """

    def __init__(self, file: Path):
        self.file = file
        try:
            self.connection = sqlite3.connect(file, timeout=0, isolation_level=None)
            self._open()
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _open(self) -> None:
        self.connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self.connection.execute("BEGIN EXCLUSIVE")
        application, layout, tables = (
            self.connection.execute(query).fetchone()[0]
            for query in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT count(*) FROM sqlite_schema",
            )
        )
        if not tables:
            self.connection.execute(f"PRAGMA application_id = {APPLICATION}")
            self.connection.execute(f"PRAGMA user_version = {LAYOUT}")
            self.connection.execute(TABLE)
        elif (application, layout) != (APPLICATION, LAYOUT):
            raise SpatemError(f"{self.file}: is no store of explorations; name another --store")
        self.connection.execute("COMMIT")

    def _error(self, error: sqlite3.Error) -> SpatemError:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            return SpatemError(
                f"{self.file}: is in use by another exploration; wait for it, or name another "
                "--store"
            )
        return SpatemError(f"{self.file}: is no usable store: {error}; name another --store")

    def get(self, key: str) -> Finding | None:
        """The finding of an experiment; None if there is none yet."""
        query = "SELECT metrics, failure, seconds FROM findings WHERE key = ?"
        with closing(self.connection.execute(query, (key,))) as cursor:
            row = cursor.fetchone()
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
        try:
            self.connection.execute("INSERT INTO findings VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise self._error(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
