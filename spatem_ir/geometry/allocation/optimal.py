"""The best allocation of the model, with a bound that says how much better one could be [R].

The dynamic program keeps one allocation for each number of crossbars, so it may miss the best one.
Its answers, with all crossbars used and with some left over, are where the search begins
(:mod:`branch_and_bound`): for an allocation that is faster, as long as one is found, and then for
how many operations there is none.  With buses the search goes over intervals of T_step: what is
faster has at most so many operations as the shortest step of the interval allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatem_ir.geometry.allocation.branch_and_bound import FastEnough, is_unaffordable, within
from spatem_ir.geometry.allocation.dynamic_program import allocated
from spatem_ir.geometry.allocation.steps import pipeline_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.geometry.allocation.model import PipelineModel
    from spatem_ir.geometry.allocation.pipeline import Ints

KEPT, KEPT_PER_INTERVAL = 40_000, 1_000
"""Allocations of first layers that a search keeps, of all layers together; fewer with buses."""

CHECKED = 200
"""Allocations of equal time, from a search that keeps as many, that are tried step by step."""

FINEST = 1.01
"""The longest step of the finest interval, relative to the shortest."""


ROUNDING = 1e-9
"""By how much a whole number of operations may be off where it is a time by that of a step."""


@dataclass(frozen=True)
class Optimum:
    """An allocation, its time, and what every allocation takes at least."""

    copies: list[int]
    time: float
    bound: float

    @property
    def gap(self) -> float:
        """By how much it may be slower than the best: 0 where it is proven to be the best."""
        return self.time / self.bound - 1


def optimum(model: PipelineModel, crossbars: int) -> Optimum:
    """The best allocation found in so many crossbars.

    Of those only that are no slower step by step than the published solver's, which the model alone
    does not see; of equal ones that which is the fastest step by step, then that of the fewest
    crossbars.  That there is none better is proven for chains only; of other networks the bound is
    that of ranges of copies.

    Raises:
        SpatemError: one copy of each layer needs more crossbars.
    """
    starts = [allocated(model, crossbars, spare=spare) for spare in (False, True)]
    search = _Search(model, crossbars, starts)
    search.run()
    return search.result()


class _Search:
    """A search with what it knows: the best allocations, and bounds of intervals of steps."""

    def __init__(self, model: PipelineModel, crossbars: int, starts: list[list[int]]):
        self.model, self.crossbars, self.starts = model, crossbars, starts
        kept = KEPT if model.buses is None else KEPT_PER_INTERVAL
        self.width = kept // len(model.pipeline)
        self.time = np.inf
        self.best: list[list[int]] = []
        self.bound = np.inf
        for copies in starts:
            self.learn(np.array(copies)[:, None])

    def learn(self, table: Ints) -> bool:
        """Keep the best of some allocations, [layers, allocations]; whether one is better."""
        times = self.model.evaluated(table).times
        shortest = times.min(initial=np.inf)
        is_better = bool(shortest < self.time)
        if is_better:
            self.time, self.best = float(shortest), []
        self.best += table[:, np.flatnonzero(times == self.time)[:CHECKED]].T.tolist()
        return is_better

    def run(self) -> None:
        """Look for better allocations, and bound what is not found."""
        shortest = self.shortest_step()
        fewest = self.fewest_operations(np.inf)
        longest = shortest if self.model.buses is None else max(shortest, self.time / fewest)
        intervals = [(shortest, longest)]
        while intervals:
            low, high = intervals.pop()
            operations = self.operations_in(low) - 1
            if not self.model.pipeline.is_chain:
                self.bound = min(self.bound, fewest * low)
                continue
            found = self.within(operations, high, self.width)
            if found.is_refuted:
                continue
            if self.learn(found.allocations.copies):
                intervals.append((low, high))
            elif high / low > FINEST:
                middle = (low * high) ** 0.5
                intervals += [(low, middle), (middle, high)]
            else:
                self.bound = min(self.bound, self.fewest_operations(high) * low)
        if self.model.pipeline.is_chain:
            found = self.within(self.operations_in(shortest), longest, CHECKED)
            self.learn(found.allocations.copies)

    def within(self, operations: int, longest_step: float, width: int) -> FastEnough:
        """Allocations with at most so many operations, and steps of at most so long."""
        return within(
            self.model, self.crossbars, operations, longest_step=longest_step, width=width
        )

    def operations_in(self, step: float) -> int:
        """How many operations, of steps of such a length, the best time takes."""
        return ceil(self.time / step - ROUNDING)

    def shortest_step(self) -> float:
        """What every step takes at least."""
        return 1.0 if self.model.buses is None else self.model.buses.compute

    def fewest_operations(self, longest_step: float) -> int:
        """Op of every allocation at least, with steps of at most so long."""
        refuted, possible = 0, self.operations_in(self.shortest_step())
        while possible - refuted > 1:
            middle = (refuted + possible) // 2
            if is_unaffordable(self.model, self.crossbars, middle, longest_step):
                refuted = middle
            else:
                possible = middle
        return possible

    def result(self) -> Optimum:
        """The best allocation, and the bound."""
        latest = simulated(self.model, self.starts[0])
        starts = np.array([self.starts[0], *self.best]).T
        first, *others = self.rated(starts, latest)
        best = min(self.better(first, latest), self.better(min(others), latest))
        return Optimum(best.copies, best.time, min(self.bound, best.time))

    def better(self, best: _Rated, latest: float) -> _Rated:
        """The best allocation on a way from one that is given, by a copy of one layer or of two."""
        layers = len(self.model.pipeline)
        single = np.concatenate([np.eye(layers, dtype=int), -np.eye(layers, dtype=int)])
        pairs = np.unique((single[:, None] + single).reshape(-1, layers), axis=0)
        while True:
            for changes in (single, pairs):
                found = min([best, *self.rated(self.changed(best, changes), latest)])
                if found < best:
                    break
            else:
                return best
            best = found

    def changed(self, rated: _Rated, changes: Ints) -> Ints:
        """The allocations that differ by some changes and are no slower: [layers, allocations]."""
        pipeline = self.model.pipeline
        table = (np.array(rated.copies) + changes).T
        possible = ((table >= 1) & (table <= pipeline.results[:, None])).all(axis=0)
        table = table[:, possible & (pipeline.sets @ table <= self.crossbars)]
        return table[:, self.model.evaluated(table).times <= rated.time]

    def rated(self, table: Ints, latest: float) -> list[_Rated]:
        """Allocations with what they are preferred by; `latest` is the time they may take."""
        found, pipeline = self.model.evaluated(table), self.model.pipeline
        rated = []
        for copies, time, step in zip(table.T.tolist(), found.times, found.steps, strict=True):
            steps = pipeline_steps(pipeline, copies) * float(step)
            used = pipeline.used(copies)
            rated.append(_Rated(steps > latest, float(time), steps, used, copies))
        return rated


class _Rated(NamedTuple):
    """An allocation; the least is preferred.

    Attributes:
        is_late: whether it takes longer, step by step, than it may.
        time: of the model.
        steps: step by step; with buses their number by T_step.
        used: crossbars.
        copies: of each layer.
    """

    is_late: bool
    time: float
    steps: float
    used: int
    copies: list[int]


def simulated(model: PipelineModel, copies: Sequence[int]) -> float:
    """The time of an image step by step: steps, by T_step where there are buses."""
    return pipeline_steps(model.pipeline, copies) * float(model.evaluated(copies).steps[0])
