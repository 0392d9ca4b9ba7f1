"""Other processes that evaluate what a search may look at next.

A search looks at one candidate after the other, and most bring nothing.  So it mostly foresees what
it will look at next: what follows if the present one brings nothing.  What another process finds
out about that is a *trial*: the executions, with the cycle in which each ended and its events, and
what came of them.  The search takes it for an evaluation of its own when it comes to the candidate,
so its result is the same with any number of processes.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.search.attempts import Attempt

if TYPE_CHECKING:
    from multiprocessing.context import ForkProcess

    from spatem_ir.search.evaluator import Candidate


class Trial(NamedTuple):
    """What came of a candidate: its executions, its latency, and its value.

    Both are infinite if it cannot be deployed or takes too long.
    """

    candidate: Candidate
    attempts: tuple[Attempt, ...]
    latency: float
    value: float


@dataclass
class Scout:
    """A process that makes trials, and what it makes one of; None if it is idle."""

    process: ForkProcess
    pipe: Connection
    candidate: Candidate | None = None

    def look_at(self, candidate: Candidate, latest: int) -> None:
        """Begin the trial of a candidate, until cycle `latest`."""
        self.candidate = candidate
        self.pipe.send((candidate, latest))

    def trial(self) -> Trial | None:
        """Wait for the trial that was begun; None if it could not be made."""
        self.candidate = None
        try:
            return self.pipe.recv()
        except EOFError:
            return None

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join()


@dataclass
class Scouts:
    """At most so many processes beside this one, which make trials by a function.

    It is given a candidate and the latest cycle.  Each process begins when it is needed first.
    """

    most: int
    trial_of: Callable[[Candidate, int], Trial | None]
    scouts: list[Scout] = field(default_factory=list)

    def trial(
        self, candidate: Candidate, foreseen: Iterable[Candidate], latest: int
    ) -> Trial | None:
        """The trial of a candidate; None if there is none, and it is to be evaluated here.

        Meanwhile trials of those that are `foreseen` are made, but of the one that will be
        evaluated here.
        """
        if not self.most:
            return None
        own = next((scout for scout in self.scouts if scout.candidate == candidate), None)
        following = list(islice(foreseen, 2 * self.most + 1))
        kept = {candidate, *following}
        for scout in self.scouts:
            if scout.candidate is not None and scout.candidate not in kept:
                scout.end()
        self.scouts = [scout for scout in self.scouts if scout.process.is_alive()]
        busy = {scout.candidate for scout in self.scouts}
        left = [each for each in following if each not in busy]
        for each in left if own is None else left[1:]:
            idle = self.idle()
            if idle is None:
                break
            idle.look_at(each, latest)
        return None if own is None else own.trial()

    def idle(self) -> Scout | None:
        """A process that has nothing to do, a new one if there may be one more."""
        if len(self.scouts) < self.most:
            self.scouts.append(begun(self.trial_of))
        return next((scout for scout in self.scouts if scout.candidate is None), None)

    def come_home(self) -> None:
        """End all processes."""
        for scout in self.scouts:
            scout.end()
        self.scouts.clear()


def begun(trial_of: Callable[[Candidate, int], Trial | None]) -> Scout:
    """A process that makes trials."""
    from multiprocessing import get_context

    context = get_context("fork")
    here, there = context.Pipe()

    def work() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        here.close()
        while True:
            there.send(trial_of(*there.recv()))

    process = context.Process(target=work, daemon=True)
    process.start()
    there.close()
    return Scout(process, here)
