"""Every mutation can be made: `python -m mutants` shows that each is noticed."""

from __future__ import annotations

import pytest
from mutants.rules import FAST, REFERENCE, Mutant


@pytest.mark.parametrize(
    "mutant", FAST + REFERENCE, ids=lambda mutant: f"{mutant.file} {mutant.rule}"
)
def test_mutations_are_programs(mutant: Mutant) -> None:
    compile(mutant.source(), mutant.file, "exec")
