"""The search: which deployment, judged by the machine.

The first proposal is the floor plan of the default prices, then come the partitions of all other
strategies.  What follows are floor plans again: of prices that are drawn, or near those of the best
floor plan so far.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.passes.partition.register import strategy_names, strategy_type
from spatem_ir.search.evaluator import Candidate, Evaluation, Evaluator
from spatem_ir.search.prices import PlanChooser, Prices
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.passes.partition.strategy import Problem
    from spatem_ir.support.messages import Messages

OVERHEAD = 1_000_000
"""Events for which a proposal counts beside those that are simulated: about as many as are in the
time that it takes to deploy a small network."""

RESTARTS = 0.4
"""The share of proposals that are drawn anew."""

RANGE = 2.0
"""By what power of ten prices that are drawn anew differ from the default, at most."""

STEP = 0.25
"""The same of prices near the best: the standard deviation."""


class Proposal(NamedTuple):
    """What a floor plan is made of.

    `depth` is that of :class:`spatem_ir.search.evaluator.Candidate`, `spare` the PEs that stay
    empty.
    """

    prices: Prices
    depth: float
    spare: int


DEFAULT = Proposal(
    Prices(fetch=0.1, adders=0.1, packets=0.1, results=0.1, visit=1.0), depth=0.2, spare=1
)
"""The first proposal; on chips of one PE none is spared."""


@dataclass
class Exploration:
    """A search for the deployment of a problem's layers with the least objective.

    `budget` counts simulated events, and :data:`OVERHEAD` for each proposal.
    """

    evaluator: Evaluator
    problem: Problem
    objective: Callable[[Evaluation], float]
    budget: int
    seed: int
    say: Messages
    spent: int = 0
    evaluations: int = 0
    best: Evaluation | None = None
    where: Proposal = DEFAULT
    seen: set[Candidate] = field(default_factory=set)
    choosers: dict[int, PlanChooser] = field(default_factory=dict)

    def run(self) -> Evaluation | None:
        """The best evaluation that the budget allows; None if nothing could be deployed."""
        least, bound = float("inf"), 0
        for candidate, proposal in self.proposals():
            found = self.evaluated(candidate)
            value = float("inf") if found is None else self.objective(found)
            if found is not None and value < least:
                least, self.best = value, found
                self.where = proposal or self.where
                bound = bound or self.evaluator.bound(candidate)
                self.say.step(
                    f"search: {found.latency} cycles, {found.latency / bound:.2f} x the bound, "
                    f"evaluation {self.evaluations}"
                )
            if self.best is not None and self.spent >= self.budget:
                break
        return self.best

    def evaluated(self, candidate: Candidate) -> Evaluation | None:
        """What comes of a candidate, in an order of our own if the buffers suffice for one.

        None if it cannot be deployed, or was looked at before.
        """
        if candidate in self.seen:
            return None
        self.seen.add(candidate)
        self.evaluations += 1
        try:
            found = self.evaluator.evaluate(candidate)
        except SpatemError:
            ordered = candidate._replace(depth=None)
            return None if ordered == candidate else self.evaluated(ordered)
        self.spent += found.events
        return found

    def proposals(self) -> Iterator[tuple[Candidate, Proposal | None]]:
        """Deployments to look at, without end; those that are floor plans with their proposal."""
        draw = random.Random(self.seed)
        spare = min(DEFAULT.spare, self.problem.accelerator.pes - 1)
        self.where = DEFAULT._replace(spare=spare)
        first = self.floor_plan(self.where)
        if first is not None:
            yield first, self.where
        for candidate in self.of_strategies():
            yield candidate, None
        fruitless = 0
        while fruitless < MOST_FRUITLESS:
            self.spent += OVERHEAD
            proposal = proposed(draw, self.where)
            candidate = self.floor_plan(proposal)
            is_fruitless = candidate is None or self.best is None
            fruitless = fruitless + 1 if is_fruitless else 0
            if candidate is not None:
                yield candidate, proposal

    def floor_plan(self, proposal: Proposal) -> Candidate | None:
        """The deployment of a proposal; None if no floor plan is found."""
        if proposal.spare not in self.choosers:
            accelerator = self.problem.accelerator
            crossbars = accelerator.crossbars - proposal.spare * accelerator.crossbars_per_pe
            layers = self.problem.layers
            self.choosers[proposal.spare] = PlanChooser.of(layers, accelerator, crossbars)
        chosen = self.choosers[proposal.spare].choose(proposal.prices)
        if chosen is None:
            return None
        return Candidate(chosen.grids, "floor-plan", proposal.spare, proposal.depth)

    def of_strategies(self) -> Iterator[Candidate]:
        """The partitions of all other strategies, in the order of `order` and in one of ours."""
        for name in strategy_names():
            chosen = strategy_type(name)
            if name == NAME:
                continue
            try:
                partitions = chosen().partitions(self.problem)
            except SpatemError:
                continue
            for depth in (None, DEFAULT.depth):
                yield Candidate(partitions[0].grids, chosen.packing, 0, depth)


NAME = "search"
"""The strategy that is us."""

MOST_FRUITLESS = 20
"""After so many proposals in a row that have no floor plan, or while nothing could be deployed,
nothing is expected of more."""


def proposed(draw: random.Random, near: Proposal) -> Proposal:
    """A proposal near one, or anywhere."""
    if draw.random() < RESTARTS:
        prices = Prices(*(price * 10 ** draw.uniform(-RANGE, RANGE) for price in DEFAULT.prices))
        return Proposal(prices, DEFAULT.depth * 10 ** draw.uniform(-RANGE / 2, 0), near.spare)
    prices = Prices(*(price * 10 ** draw.gauss(0, STEP) for price in near.prices))
    return Proposal(prices, near.depth * 10 ** draw.gauss(0, STEP), near.spare)
