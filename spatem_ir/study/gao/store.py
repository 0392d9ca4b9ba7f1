"""Results of cases on disk: what has been run is not run again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.geometry.writing.schedule import StageWriting
from spatem_ir.study.digests import description_key
from spatem_ir.study.gao.runs import CaseResult, StrategyRun
from spatem_ir.study.storage import Storage
from spatem_ir.study.version import code_version
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.geometry.writing.mapping import Effort
    from spatem_ir.study.gao.runs import GaoCase


class GaoWork(NamedTuple):
    """A case, and what is done with it."""

    case: GaoCase
    strategies: tuple[str, ...]
    effort: Effort
    trained: str | None

    @property
    def key(self) -> str:
        """The digest of all that the result depends on."""
        weights = None
        if self.trained is not None and self.case.is_trained:
            weights = hashlib.sha256(Path(self.trained).read_bytes()).hexdigest()
        parts = {
            "case": asdict(self.case),
            "strategies": self.strategies,
            "effort": asdict(self.effort),
            "weights": weights,
            "version": code_version(),
        }
        return description_key(parts)


class GaoStore(Storage):
    """The results of cases by all that they depend on."""

    what = "cases of Gao et al."
    application = 0x53504741
    layout = 1
    table = """\
CREATE TABLE results (
    key TEXT PRIMARY KEY,  -- digest of the case, what is done with it, and the version of the code
    result TEXT NOT NULL   -- JSON
)
"""

    def get(self, work: GaoWork) -> CaseResult | None:
        """The result of some work; None if there is none yet.

        Raises:
            SpatemError: what is kept is no result.
        """
        row = self._row("SELECT result FROM results WHERE key = ?", work.key)
        if row is None:
            return None
        try:
            values = json.loads(row[0])
            runs = {
                name: StrategyRun(
                    **own | {"stages": tuple(StageWriting(**s) for s in own["stages"])}
                )
                for name, own in values.pop("runs").items()
            }
            return CaseResult(**values | {"case": work.case, "runs": runs})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise SpatemError(f"{self.file}: has a damaged result; name another --store") from error

    def put(self, work: GaoWork, result: CaseResult) -> None:
        """Keep a result.

        Raises:
            SpatemError: it cannot be written.
        """
        row = (work.key, json.dumps(asdict(result)))
        self._insert("INSERT OR REPLACE INTO results VALUES (?, ?)", row)
