"""The search: which deployment, judged by the machine.

The first proposal is the floor plan of the default prices, then come the partitions of all other
strategies.  What follows are floor plans again: of prices that are drawn, or near those of the best
floor plan so far.  Between them come the steps of a walk through spread deployments
(:mod:`spatem_ir.search.annealing`).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.mvm import layer_ops
from spatem_ir.passes.partition.fall_backs import fall_backs
from spatem_ir.passes.partition.register import (
    DEFAULT_STRATEGY,
    STAND_IN,
    strategy_names,
    strategy_type,
)
from spatem_ir.runtime.machine.fast.computer import MemoryShortError
from spatem_ir.runtime.machine.fast.engine import LateError
from spatem_ir.search.annealing import Annealing, Design, DesignSpace
from spatem_ir.search.evaluator import Candidate, Evaluation, Evaluator
from spatem_ir.search.floor_plans import DEFAULT, QUICK, FloorPlans, Proposal, proposed
from spatem_ir.search.pacing import Lead, lowered
from spatem_ir.search.preferences import BASELINE, LATENCY, OBJECTIVES
from spatem_ir.search.scouts import Scouts, Trial
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.messages import SILENT

if TYPE_CHECKING:
    from spatem_ir.passes.partition.strategy import Problem
    from spatem_ir.support.messages import Messages

EVENTS_PER_EFFORT = 100_000_000
"""The simulated events that one unit of effort allows."""

OVERHEAD = 1_000_000
"""Events for which a proposal counts beside those that are simulated: about as many as are in the
time that it takes to deploy a small network."""

EVENTS_IN_VAIN = 1_000_000_000
"""After so many events without a deployment that can be executed, no more floor plans are tried:
two or three minutes."""

DIRECT_OVERHEAD = 75_000
"""The same of a deployment that is executed directly."""

SMALL = 4
"""So many events of what is executed directly count as one: the tables of small deployments are in
the cache, with which 20 million events a second were measured against 7 million."""

DESIGNS = {False: 10, True: 40}
"""How many spread deployments come before each floor plan: while the best is a floor plan, and
when it is spread.  Ten cost about as much as one."""

EVENTS_PER_VISIT = 500
"""A spread deployment may have a visit for so many events of the budget: a walk has to look at
some dozens of them, with about ten events each visit."""

DEPTH = 0.2
"""The depth (:class:`spatem_ir.search.pacing.Lead`) of what is not arranged in regions."""

MOST_FRUITLESS = 20
"""After so many proposals in a row that have no floor plan, or while nothing could be deployed,
nothing is expected of more."""


class Found(NamedTuple):
    """What came of a candidate: its latency, its value, and the evaluation if it was made here."""

    latency: float
    value: float
    evaluation: Evaluation | None


@dataclass
class Exploration:
    """A search for the deployment of a problem's layers with the least of what is preferred.

    What that may be, and of which deployments, is in :mod:`spatem_ir.search.preferences`.
    An `effort` allows for :data:`EVENTS_PER_EFFORT` simulated events, and :data:`OVERHEAD` for each
    proposal; of what is executed directly :data:`DIRECT_OVERHEAD`, and a share of the events.
    What may come next is evaluated in other `processes` meanwhile.
    """

    evaluator: Evaluator
    problem: Problem
    prefer: str
    effort: int
    seed: int
    say: Messages
    processes: int = 1
    proposed: int = 0
    walked: int = 0
    evaluations: int = 0
    best: Evaluation | None = None
    where: Proposal = DEFAULT
    value: float = float("inf")
    reached: float = float("inf")
    least: float = float("inf")
    is_limiting: bool = False
    deployable: dict[Candidate, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        events = max(self.effort, 1) * EVENTS_PER_EFFORT
        self.floor_plans = FloorPlans(self.evaluator, self.problem, events)
        self.scouts = Scouts(self.processes - 1, self.trial)
        self.foreseen: Iterator[Candidate] = iter(())

    @property
    def is_fast(self) -> bool:
        """Whether the least latency is looked for."""
        return self.prefer == LATENCY

    @property
    def is_in_vain(self) -> bool:
        """Whether nothing could be executed for so long that floor plans are given up."""
        return self.best is None and self.spent >= EVENTS_IN_VAIN

    @property
    def budget(self) -> int:
        """The events that the effort allows."""
        return self.effort * EVENTS_PER_EFFORT

    @property
    def spent(self) -> int:
        """What was used of the budget."""
        events = self.evaluator.simulated + self.evaluator.simulated_directly // SMALL
        return events + OVERHEAD * self.proposed + DIRECT_OVERHEAD * self.walked

    def run(self) -> Evaluation | None:
        """The best evaluation that the budget allows; None if nothing could be deployed."""
        try:
            return self.best_of(self.proposals())
        finally:
            self.scouts.come_home()

    def best_of(self, proposals: Iterator[tuple[Candidate, Proposal | None]]) -> Evaluation | None:
        """The best of deployments that are proposed, as far as the budget goes."""
        bound, objective = 0, OBJECTIVES[self.prefer]
        for candidate, proposal in proposals:
            found = self.evaluated(candidate)
            value = self.value = float("inf") if found is None else found.value
            if found is not None and not self.is_fast and found.latency > self.evaluator.latest:
                value = self.value = float("inf")
            if found is not None and found.evaluation is not None and value < self.least:
                self.least, self.best = value, found.evaluation.written()
                self.where = proposal or self.where
                if self.is_fast:
                    self.evaluator.latest = self.best.latency
                bound = bound or self.evaluator.bound(candidate)
                self.say.step(
                    f"search: {found.latency} cycles, {found.latency / bound:.2f} x the bound, "
                    f"{'' if self.is_fast else f'{value:.0f} {objective.unit} of {self.prefer}, '}"
                    f"evaluation {self.evaluations}"
                )
            if self.best is not None and not self.is_limiting and self.spent >= self.budget:
                break
            self.say.progress(min(self.spent / max(self.budget, 1), 1))
        return self.best

    def evaluated(self, candidate: Candidate) -> Found | None:
        """What comes of a candidate, in an order of our own if the buffers suffice for one.

        None if it cannot be deployed, takes longer than the best, or was looked at before.  If
        another process has made its trial, it is evaluated here only if it is the best so far.
        """
        if candidate in self.deployable:
            return None
        self.deployable[candidate] = False
        self.evaluations += 1
        foreseen = (each for each in self.foreseen if each not in self.deployable)
        trial = self.scouts.trial(candidate, foreseen, self.evaluator.latest)
        self.foreseen = iter(())
        try:
            found = self.known(trial) or self.found(candidate)
        except LateError:
            self.deployable[candidate] = True
            return None
        except MemoryShortError as error:
            self.say.note(f"search: a deployment is left out that might be better: {error}")
            return None
        except (SpatemError, VerifyException):
            ordered = candidate._replace(leads=None)
            if ordered == candidate or candidate.spreads is not None:
                return None
            return self.evaluated(ordered)
        self.deployable[candidate] = True
        return found

    def found(self, candidate: Candidate) -> Found:
        """What comes of a candidate.

        Raises:
            SpatemError: it cannot be deployed, or is late.
            VerifyException: a pass of a package left IR that breaks a rule.
        """
        evaluation = self.evaluator.evaluate(candidate)
        value = OBJECTIVES[self.prefer].of(evaluation)
        return Found(evaluation.latency, value, evaluation)

    def known(self, trial: Trial | None) -> Found | None:
        """What came of a candidate in its trial; None if it may be the best so far.

        Raises:
            SpatemError: it cannot be deployed, or is late.
        """
        if trial is None:
            return None
        if trial.latency <= self.evaluator.latest and trial.value < self.least:
            return None
        for attempt in trial.attempts:
            self.evaluator.count(attempt)
        if trial.latency == float("inf"):
            raise SpatemError("search: the candidate could not be deployed in its trial")
        return Found(trial.latency, trial.value, None)

    def trial(self, candidate: Candidate, latest: int) -> Trial | None:
        """The trial of a candidate until cycle `latest`; None if memory does not suffice."""
        self.evaluator.latest, self.evaluator.say = latest, SILENT
        latency = value = float("inf")
        try:
            latency, value, _ = self.found(candidate)
        except MemoryShortError:
            return None
        except (SpatemError, VerifyException):
            pass
        return Trial(candidate, tuple(self.evaluator.attempts), latency, value)

    def proposals(self) -> Iterator[tuple[Candidate, Proposal | None]]:
        """Deployments to look at, without end; those that are floor plans with their proposal."""
        draw = random.Random(self.seed)
        self.where = self.floor_plans.default
        if not self.is_fast:
            self.is_limiting = True
            yield from self.limiting()
            self.is_limiting = False
            for candidate in self.of_strategies():
                yield candidate, None
        counts = set[int]()
        for proposal in self.plans():
            if self.is_in_vain:
                break
            counts.add(proposal.regions)
            candidate = self.floor_plans.candidate(proposal)
            if candidate is not None:
                yield candidate, proposal
        names = [BASELINE, *strategy_names()] if self.is_in_vain else strategy_names()
        for candidate in self.of_strategies(names) if self.is_fast else ():
            yield candidate, None
        fruitless = 0
        designs = self.designs()
        while counts and fruitless < MOST_FRUITLESS and not self.is_in_vain:
            is_spread = self.best is not None and self.best.candidate.spreads is not None
            walked = self.walked
            for design in islice(designs, DESIGNS[is_spread]):
                yield design, None
                self.reached = self.value
            self.proposed += 1
            proposal = proposed(draw, self.where, sorted(counts))
            if walked == self.walked:
                self.foreseen = self.plans_near(draw, sorted(counts))
            candidate = self.floor_plans.candidate(proposal)
            is_fruitless = candidate is None or self.best is None
            fruitless = fruitless + 1 if is_fruitless else 0
            if candidate is not None:
                yield candidate, proposal

    def plans_near(self, draw: random.Random, counts: Sequence[int]) -> Iterator[Candidate]:
        """The floor plans that are drawn next, as long as none is better than the best."""
        later = random.Random()
        later.setstate(draw.getstate())
        for _ in range(MOST_FRUITLESS):
            candidate = self.floor_plans.candidate(proposed(later, self.where, counts))
            if candidate is not None:
                yield candidate

    def limiting(self) -> Iterator[tuple[Candidate, Proposal | None]]:
        """The baseline, which limits the latency; then floor plans of fewer and fewer PEs.

        On fewer PEs there is less to be sent.
        """
        for candidate in self.of_strategies([BASELINE]):
            yield candidate, None
            if self.best is not None:
                self.evaluator.latest = self.best.latency
                break
        pes = 1 << (self.problem.accelerator.pes - 1).bit_length()
        while pes > 1:
            pes //= 2
            proposal = QUICK._replace(spare=0, pes=pes)
            candidate = self.floor_plans.candidate(proposal)
            if candidate is not None:
                yield candidate, proposal

    def plans(self) -> Iterator[Proposal]:
        """The first floor plans; if none can be executed, those of more regions.

        In a region of fewer layers, buffers hold less.  After a plan for which they do not suffice,
        those follow first that are expected to hold less.
        """
        left, most = self.floor_plans.first(), 0
        while left:
            following = map(self.floor_plans.candidate, left[1:])
            self.foreseen = (each for each in following if each is not None)
            yield left[0]
            tried, *left = left
            most = max(most, tried.regions)
            if self.best is None:
                failed = self.floor_plans.held(tried)
                left.sort(key=lambda each: self.floor_plans.held(each) >= failed)
        for count in self.floor_plans.counts:
            if self.best is None and count > most:
                yield QUICK._replace(spare=self.where.spare, regions=count)

    def designs(self) -> Iterator[Candidate]:
        """Spread deployments, without end: those to begin with, then a walk from the best of them.

        Which one it goes to, depends on the value of what it proposed last.
        """
        module, begun = self.evaluator.module, self.spent
        if layer_ops(module) or self.best is None:
            return
        entering = self.evaluator.entering(self.best.candidate)
        layers, accelerator = self.problem.layers, self.problem.accelerator
        visits = (self.budget - begun) // EVENTS_PER_VISIT
        space = DesignSpace(layers, accelerator, entering, visits)
        best: tuple[Design, float] | None = None
        places = self.evaluator.places(self.best.candidate)
        starts = [
            *space.starts(DEPTH),
            *space.placed(self.best.candidate.grids, places, DEPTH),
        ]
        for number, design in enumerate(starts):
            self.foreseen = map(space.candidate, starts[number + 1 :])
            yield space.candidate(design)
            if best is None or self.reached < best[1]:
                best = design, self.reached
        if best is None or best[1] == float("inf"):
            return
        walk = Annealing(space, self.seed, best)
        while True:
            design = walk.design()
            candidate = space.candidate(design)
            self.walked += candidate not in self.deployable
            self.foreseen = map(space.candidate, walk.foreseen())
            yield candidate
            progress = (self.spent - begun) / max(self.budget - begun, 1)
            walk.accept(design, self.reached, progress)

    def of_strategies(self, names: Iterable[str] | None = None) -> Iterator[Candidate]:
        """The partitions of other strategies, of all if not by name, in two orders.

        That of `order`, and one of ours.

        Of each strategy the first that can be deployed of those that `pack` might fall back on.
        """
        problem, leads = self.problem, tuple(lowered(Lead(None, DEPTH), self.floor_plans.rows))
        for name in names or strategy_names():
            chosen = strategy_type(name)
            if name in (DEFAULT_STRATEGY, STAND_IN):
                continue
            try:
                partitions = chosen().partitions(problem)
                left = fall_backs(partitions, problem.layers, problem.accelerator)
            except SpatemError:
                continue
            for partition in left:
                ordered = Candidate(partition.grids, chosen.packing, 0, None, None)
                candidates = [ordered, ordered._replace(leads=leads)]
                yield from candidates
                if any(self.deployable[candidate] for candidate in candidates):
                    break
