"""Outcomes on disk: what a study has measured is not measured again."""

from __future__ import annotations

import io
import json
import pickle
from importlib import import_module
from typing import TYPE_CHECKING, Any

from spatem_ir.study.digests import description_key, network_digest
from spatem_ir.study.storage import Storage
from spatem_ir.study.version import code_version
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.study.points import Outcome, Point, Setting


class OutcomeStore(Storage):
    """The outcomes of points by all that they depend on; that it failed too, if that is lasting."""

    what = "studies"
    application = 0x53505354
    layout = 1
    table = """\
CREATE TABLE outcomes (
    key TEXT PRIMARY KEY,       -- digest of the description
    description TEXT NOT NULL,  -- network, accelerator, pipeline, engine, version; JSON
    outcome BLOB NOT NULL
)
"""

    def get(self, point: Point, setting: Setting) -> Outcome | None:
        """The outcome of a point; None if there is none yet.

        Raises:
            SpatemError: the network cannot be imported, or what is kept is no outcome.
        """
        key = description_key(description_of(point, setting))
        row = self._row("SELECT outcome FROM outcomes WHERE key = ?", key)
        if row is None:
            return None
        try:
            return _Outcomes(io.BytesIO(row[0])).load()
        except (pickle.UnpicklingError, EOFError, TypeError, AttributeError) as error:
            raise SpatemError(
                f"{self.file}: has a damaged outcome; name another --store"
            ) from error

    def put(self, outcome: Outcome, setting: Setting) -> None:
        """Keep an outcome if it will be the same next time.

        Raises:
            SpatemError: it cannot be written.
        """
        if outcome.is_lasting:
            description = description_of(outcome.point, setting)
            row = (description_key(description), json.dumps(description), pickle.dumps(outcome))
            self._insert("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?)", row)


class _Outcomes(pickle.Unpickler):
    """Reads outcomes, and only classes of ours: a file from elsewhere runs no code."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if module_name.startswith("spatem_ir."):
            found = getattr(import_module(module_name), global_name)
            if isinstance(found, type):
                return found
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is no part of an outcome")


def description_of(point: Point, setting: Setting) -> dict[str, Any]:
    """All that the outcome of a point depends on, for JSON.

    Raises:
        SpatemError: the network cannot be imported.
    """
    return {
        "point": str(point),
        "network": network_digest(point.network, setting.importing),
        "accelerator": {"name": setting.accelerator.name, **setting.accelerator.tables},
        "changes": [[*key, value] for key, value in point.changes],
        "pipeline": point.pipeline,
        "engine": setting.engine,
        "version": code_version(),
    }
