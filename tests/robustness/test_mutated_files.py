"""No file, however broken, gets more out of the tools than one clear line.

`make test` tries some; `python -m robustness --files 10000` (in the folder tests) tries more.
"""

from __future__ import annotations

import pytest
from robustness.__main__ import SOURCES
from robustness.worker import run_mutations

FILES = 200


@pytest.mark.parametrize("kind", SOURCES)
def test_mutated_files(kind: str) -> None:
    findings = run_mutations(kind, SOURCES[kind](), range(FILES), processes=2)
    assert not findings.problems
    assert sum(findings.ends.values()) == FILES
    assert findings.ends["exit 1"] > FILES // 4 and findings.ends["exit 0"] > 0
