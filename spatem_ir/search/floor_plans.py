"""Floor plans that are proposed: their prices and regions, and which come first."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.geometry.estimate.candidates import layer_candidates
from spatem_ir.search.evaluator import Candidate, Evaluator
from spatem_ir.search.pacing import lowered
from spatem_ir.search.prices import Prices
from spatem_ir.search.regions import RegionChooser, RegionPlan
from spatem_ir.search.strips import StripFlow

if TYPE_CHECKING:
    from spatem_ir.passes.partition.strategy import Problem

PATIENCE, IMPATIENCE = 1 / 8, 1 / 4
"""The power of its events with which a floor plan's cycles are weighed, and that of as often as it
exceeds the budget: one that takes twice as long to simulate has to promise a twelfth fewer cycles
in order to be the first, and beyond the budget a sixth fewer besides."""

MOST_WORSE = 2
"""After so many numbers of regions in a row that promise less, more are not looked at."""

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

QUICK = DEFAULT._replace(prices=DEFAULT.prices._replace(fetch=0.3))
"""One of larger tiles: about two thirds of the visits, for a few hundredths more cycles."""


@dataclass(frozen=True)
class FloorPlans:
    """The floor plans of a problem's layers; `events` are those that may be simulated."""

    evaluator: Evaluator
    problem: Problem
    events: int
    choosers: dict[int, RegionChooser] = field(default_factory=dict)
    known: dict[Proposal, RegionPlan | None] = field(default_factory=dict)

    @cached_property
    def default(self) -> Proposal:
        """The first proposal; on a chip of one PE, none is spare."""
        return DEFAULT._replace(spare=min(DEFAULT.spare, self.problem.accelerator.pes - 1))

    @property
    def counts(self) -> list[int]:
        """How many regions there may be."""
        pes = self.problem.accelerator.pes - self.default.spare
        return list(region_counts(len(self.problem.layers), pes))

    def first(self) -> list[Proposal]:
        """Floor plans of :data:`DEFAULT` and :data:`QUICK` for different numbers of regions.

        The first is the one that promises most for what it takes to simulate (:data:`PATIENCE`);
        the others follow by what they promise, as far as they are within the budget.
        """
        found: list[tuple[float, float, Proposal]] = []
        for proposal in (DEFAULT, QUICK):
            least, worse = float("inf"), 0
            for count in self.counts:
                at = proposal._replace(spare=self.default.spare, regions=count)
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
        return max(events / max(self.events, 1), 1) ** IMPATIENCE

    def candidate(self, proposal: Proposal) -> Candidate | None:
        """The deployment of a proposal; None if no floor plan is found."""
        planned = self.planned(proposal)
        if planned is None:
            return None
        is_whole = proposal.regions == 1 and proposal.pes is None
        regions = None if is_whole else planned.regions
        lead = planned.lead._replace(depth=planned.lead.depth * proposal.depth)
        leads = tuple(lowered(lead, self.rows))
        return Candidate(planned.grids, "floor-plan", proposal.spare, regions, leads)

    def held(self, proposal: Proposal) -> float:
        """The most bytes that are expected in a buffer; none if no floor plan is found."""
        planned = self.planned(proposal)
        return 0.0 if planned is None else planned.held

    def planned(self, proposal: Proposal) -> RegionPlan | None:
        """The grids and regions of a proposal, found once; None if no floor plan is found."""
        if proposal not in self.known:
            self.known[proposal] = self._found(proposal)
        return self.known[proposal]

    def _found(self, proposal: Proposal) -> RegionPlan | None:
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
