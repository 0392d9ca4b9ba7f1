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
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.mvm import layer_ops
from spatem_ir.geometry.estimate.candidates import layer_candidates
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
from spatem_ir.search.pacing import Lead, lowered
from spatem_ir.search.preferences import BASELINE, LATENCY, OBJECTIVES
from spatem_ir.search.prices import Prices
from spatem_ir.search.regions import RegionChooser, RegionPlan
from spatem_ir.search.strips import StripFlow
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.passes.partition.strategy import Problem
    from spatem_ir.support.messages import Messages

EVENTS_PER_EFFORT = 100_000_000
"""The simulated events that one unit of effort allows."""

OVERHEAD = 1_000_000
"""Events for which a proposal counts beside those that are simulated: about as many as are in the
time that it takes to deploy a small network."""

PATIENCE, IMPATIENCE = 1 / 8, 1 / 4
"""The power of its events with which a floor plan's cycles are weighed, and that of as often as it
exceeds the budget: one that takes twice as long to simulate has to promise a twelfth fewer cycles
in order to be the first, and beyond the budget a sixth fewer besides."""

MOST_WORSE = 2
"""After so many numbers of regions in a row that promise less, more are not looked at."""

EVENTS_IN_VAIN = 500_000_000
"""After so many events without a deployment that can be executed, no more floor plans are tried:
a minute or two."""

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

RESTARTS = 0.4
"""The share of proposals that are drawn anew."""

RANGE = 2.0
"""By what power of ten prices that are drawn anew differ from the default, at most."""

STEP = 0.25
"""The same of prices near the best: the standard deviation."""


class Proposal(NamedTuple):
    """What a floor plan is made of.

    `depth` is by how much depths are larger than the coarse simulation would have them, `spare` the
    PEs that stay empty, `regions` how many parts the others have; all others, unless `pes` says how
    many.
    """

    prices: Prices
    depth: float
    spare: int
    regions: int
    pes: int | None = None


DEFAULT = Proposal(
    Prices(fetch=0.1, adders=0.1, packets=0.1, links=0.1, visit=1.0),
    depth=1,
    spare=1,
    regions=1,
)
"""The first proposal; on chips of one PE none is spared."""

DEPTH = 0.2
"""The depth (:class:`spatem_ir.search.pacing.Lead`) of what is not arranged in regions."""

QUICK = DEFAULT._replace(prices=DEFAULT.prices._replace(fetch=0.3))
"""One of larger tiles: about two thirds of the visits, for a few hundredths more cycles."""


@dataclass
class Exploration:
    """A search for the deployment of a problem's layers with the least of what is preferred.

    What that may be, and of which deployments, is in :mod:`spatem_ir.search.preferences`.
    An `effort` allows for :data:`EVENTS_PER_EFFORT` simulated events, and :data:`OVERHEAD` for
    each proposal; of what is executed directly :data:`DIRECT_OVERHEAD`, and a share of the events.
    """

    evaluator: Evaluator
    problem: Problem
    prefer: str
    effort: int
    seed: int
    say: Messages
    proposed: int = 0
    walked: int = 0
    evaluations: int = 0
    best: Evaluation | None = None
    where: Proposal = DEFAULT
    value: float = float("inf")
    is_limiting: bool = False
    deployable: dict[Candidate, bool] = field(default_factory=dict)
    choosers: dict[int, RegionChooser] = field(default_factory=dict)

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
        least, bound, objective = float("inf"), 0, OBJECTIVES[self.prefer]
        for candidate, proposal in self.proposals():
            found = self.evaluated(candidate)
            is_late = found is None or found.latency > self.evaluator.latest
            value = self.value = float("inf") if found is None or is_late else objective.of(found)
            if found is not None and value < least:
                least, self.best = value, found.written()
                self.where = proposal or self.where
                if self.is_fast:
                    self.evaluator.latest = found.latency
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

    def evaluated(self, candidate: Candidate) -> Evaluation | None:
        """What comes of a candidate, in an order of our own if the buffers suffice for one.

        None if it cannot be deployed, takes longer than the best, or was looked at before.
        """
        if candidate in self.deployable:
            return None
        self.deployable[candidate] = False
        self.evaluations += 1
        try:
            found = self.evaluator.evaluate(candidate)
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

    def proposals(self) -> Iterator[tuple[Candidate, Proposal | None]]:
        """Deployments to look at, without end; those that are floor plans with their proposal."""
        draw = random.Random(self.seed)
        self.where = DEFAULT._replace(spare=min(DEFAULT.spare, self.problem.accelerator.pes - 1))
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
            candidate = self.floor_plan(proposal)
            if candidate is not None:
                yield candidate, proposal
        names = [BASELINE, *strategy_names()] if self.is_in_vain else strategy_names()
        for candidate in self.of_strategies(names) if self.is_fast else ():
            yield candidate, None
        fruitless = 0
        designs = self.designs(random.Random(self.seed))
        while counts and fruitless < MOST_FRUITLESS and not self.is_in_vain:
            is_spread = self.best is not None and self.best.candidate.spreads is not None
            for design in islice(designs, DESIGNS[is_spread]):
                yield design, None
            self.proposed += 1
            proposal = proposed(draw, self.where, sorted(counts))
            candidate = self.floor_plan(proposal)
            is_fruitless = candidate is None or self.best is None
            fruitless = fruitless + 1 if is_fruitless else 0
            if candidate is not None:
                yield candidate, proposal

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
            candidate = self.floor_plan(proposal)
            if candidate is not None:
                yield candidate, proposal

    def plans(self) -> Iterator[Proposal]:
        """The first floor plans; if none can be executed, those of more regions.

        In a region of fewer layers, buffers hold less.
        """
        first = self.first_plans()
        yield from first
        most = max((proposal.regions for proposal in first), default=0)
        for count in self.counts:
            if self.best is None and count > most:
                yield QUICK._replace(spare=self.where.spare, regions=count)

    @property
    def counts(self) -> list[int]:
        """How many regions there may be."""
        pes = self.problem.accelerator.pes - self.where.spare
        return list(region_counts(len(self.problem.layers), pes))

    def first_plans(self) -> list[Proposal]:
        """Floor plans of :data:`DEFAULT` and :data:`QUICK` for different numbers of regions.

        The first is the one that promises most for what it takes to simulate (:data:`PATIENCE`);
        the others follow by what they promise, as far as they are within the budget.
        """
        found: list[tuple[float, float, Proposal]] = []
        for proposal in (DEFAULT, QUICK):
            least, worse = float("inf"), 0
            for count in self.counts:
                at = proposal._replace(spare=self.where.spare, regions=count)
                planned = self.planned(at)
                if planned is None:
                    continue
                cost = planned.cycles * planned.events**PATIENCE * self.excess(planned.events)
                found.append((cost, planned.cycles * self.excess(planned.events), at))
                least, worse = min(least, cost), worse + 1 if cost >= least else 0
                if worse == MOST_WORSE:
                    break
        found.sort(key=lambda each: each[0])
        others = sorted(found[1:], key=lambda each: each[1])
        return [proposal for _, _, proposal in [*found[:1], *others]]

    def excess(self, events: float) -> float:
        """How much more a floor plan has to promise that asks for more events than the budget."""
        return max(events / max(self.budget, EVENTS_PER_EFFORT, 1), 1) ** IMPATIENCE

    def designs(self, draw: random.Random) -> Iterator[Candidate]:
        """Spread deployments, without end: those to begin with, then a walk from the best of them.

        Which one it goes to, depends on the value of what it proposed last.
        """
        module, begun = self.evaluator.module, self.spent
        if layer_ops(module) or self.best is None:
            return
        entering = self.evaluator.entering(self.best.candidate)
        layers, accelerator = self.problem.layers, self.problem.accelerator
        visits = (self.budget - begun) // EVENTS_PER_VISIT
        space = DesignSpace(layers, accelerator, entering, draw, visits)
        best: tuple[Design, float] | None = None
        for design in space.starts(DEPTH):
            yield space.candidate(design)
            if best is None or self.value < best[1]:
                best = design, self.value
        if best is None or best[1] == float("inf"):
            return
        walk = Annealing(space, best)
        while True:
            self.walked += 1
            design = walk.next()
            yield space.candidate(design)
            progress = (self.spent - begun) / max(self.budget - begun, 1)
            walk.accept(design, self.value, progress)

    def floor_plan(self, proposal: Proposal) -> Candidate | None:
        """The deployment of a proposal; None if no floor plan is found."""
        planned = self.planned(proposal)
        if planned is None:
            return None
        is_whole = proposal.regions == 1 and proposal.pes is None
        regions = None if is_whole else planned.regions
        lead = planned.lead._replace(depth=planned.lead.depth * proposal.depth)
        leads = tuple(lowered(lead, self.rows))
        return Candidate(planned.grids, "floor-plan", proposal.spare, regions, leads)

    def planned(self, proposal: Proposal) -> RegionPlan | None:
        """The grids and regions of a proposal; None if no floor plan is found."""
        accelerator = self.problem.accelerator
        pes = proposal.pes or accelerator.pes - proposal.spare
        if pes not in self.choosers:
            layers = tuple(self.problem.layers)
            self.choosers[pes] = RegionChooser(
                layers, accelerator, pes, self.flow, self.evaluator.room
            )
        return self.choosers[pes].choose(proposal.prices, proposal.regions)

    @cached_property
    def flow(self) -> StripFlow:
        """What the layers need of each other, whatever their grids are."""
        layers, accelerator = self.problem.layers, self.problem.accelerator
        grids = tuple(layer_candidates(layer, accelerator).grid((0, 0, 0, 0)) for layer in layers)
        dataflow = self.evaluator.dataflow(Candidate(grids, None, 0, None, None))
        return StripFlow.of(dataflow, accelerator)

    @property
    def rows(self) -> int:
        """The most rows of an input or feature map."""
        return max(layer.input_shape[1] for layer in self.problem.layers)

    def of_strategies(self, names: Iterable[str] | None = None) -> Iterator[Candidate]:
        """The partitions of other strategies, of all if not by name, in two orders.

        That of `order`, and one of ours.

        Of each strategy the first that can be deployed of those that `pack` might fall back on.
        """
        problem, leads = self.problem, tuple(lowered(Lead(None, DEPTH), self.rows))
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


MOST_FRUITLESS = 20
"""After so many proposals in a row that have no floor plan, or while nothing could be deployed,
nothing is expected of more."""


def region_counts(layers: int, pes: int) -> Iterator[int]:
    """1, 2, 3, 4, 6, 8, 12 … regions, up to one for each layer or PE."""
    count = 1
    while count <= min(layers, pes):
        yield count
        if count > 1 and count * 3 // 2 <= min(layers, pes):
            yield count * 3 // 2
        count *= 2


def proposed(draw: random.Random, near: Proposal, counts: Sequence[int]) -> Proposal:
    """A proposal near one, or anywhere with one of the numbers of regions."""
    if draw.random() < RESTARTS:
        prices = Prices(*(price * 10 ** draw.uniform(-RANGE, RANGE) for price in DEFAULT.prices))
        depth = DEFAULT.depth * 10 ** draw.uniform(-RANGE / 2, 0)
        count = min(draw.choice(counts), near.pes or max(counts))
        return Proposal(prices, depth, near.spare, count, near.pes)
    prices = Prices(*(price * 10 ** draw.gauss(0, STEP) for price in near.prices))
    return near._replace(prices=prices, depth=near.depth * 10 ** draw.gauss(0, STEP))
