"""Trials of other processes, and what is made of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from xdsl.context import Context

from spatem_ir.driver.compile import compile_network
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.runtime.machine.fast.engine import LateError
from spatem_ir.runtime.machine.fast.start import EVENTS_PER_REPORT
from spatem_ir.search.attempts import Attempt
from spatem_ir.search.evaluator import Candidate, Evaluator
from spatem_ir.search.scouts import Scouts, Trial

CANDIDATES = [Candidate((), None, number, None, None) for number in range(8)]


def tried(candidate: Candidate, latest: int) -> Trial:
    """A trial that tells what was asked for."""
    return Trial(candidate, (Attempt(latest, candidate.spare),), latest, 1.0)


@pytest.fixture(name="scouts")
def two_scouts() -> Iterator[Scouts]:
    scouts = Scouts(2, tried)
    yield scouts
    scouts.come_home()


def test_what_is_foreseen_is_tried_elsewhere(scouts: Scouts) -> None:
    """One candidate here, the next two in other processes, then one here again."""
    found = [scouts.trial(each, CANDIDATES[n + 1 :], 9) for n, each in enumerate(CANDIDATES)]
    assert [trial is None for trial in found[:3]] == [True, False, False]
    assert sum(trial is not None for trial in found) >= 4
    for candidate, trial in zip(CANDIDATES, found, strict=True):
        assert trial is None or trial == tried(candidate, 9)


def test_who_tries_what_is_not_looked_at_comes_home(scouts: Scouts) -> None:
    scouts.trial(CANDIDATES[0], CANDIDATES[1:3], 9)
    first = [scout.process for scout in scouts.scouts]
    assert scouts.trial(CANDIDATES[5], [], 9) is None
    assert not any(process.is_alive() for process in first)
    assert scouts.trial(CANDIDATES[6], CANDIDATES[7:], 9) is None
    assert scouts.trial(CANDIDATES[7], [], 9) == tried(CANDIDATES[7], 9)


def test_an_execution_that_is_late_counts_the_same_whenever_it_was_ended() -> None:
    """Two reports until cycle 400, the next at 700: until 500, less than three."""
    evaluator = Evaluator(
        Context(), compile_network("lenet", level="cnn").module, load_accelerator("isaac-ou"), ()
    )
    evaluator.count(Attempt(500, 100))
    evaluator.latest = 500
    for late in (
        Attempt(501, 2_345_678, (300, 400)),
        Attempt(900, 4_200_000, (300, 400, 700, 800)),
    ):
        evaluator.simulated = 0
        with pytest.raises(LateError, match="after cycle 500"):
            evaluator.count(late)
        assert evaluator.simulated == 3 * EVENTS_PER_REPORT
