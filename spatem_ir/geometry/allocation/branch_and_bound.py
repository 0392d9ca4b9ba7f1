"""All allocations of a chain with which an image takes at most so many operations [R].

Layer by layer, every allocation of the first layers is extended by every number of copies of the
next one, as far as the layers that follow can still be afforded: at least what a relaxed model
takes, in which a layer starts when its first batch has what it needs of the one before it, made
without a pause.  That model goes from the last layer to the first, so that it is one table for each
layer (:func:`_affordable`).

Of allocations with the same consequences, the same copies of the last layer and the same first
operations of all that may follow, the cheapest is kept.  Where there are more than `width` the most
promising are; then what is not found may exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.allocation.model import Allocations
from spatem_ir.geometry.allocation.ranges import copy_ranges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatem_ir.geometry.allocation.model import PipelineModel
    from spatem_ir.geometry.allocation.pipeline import Ints
    from spatem_ir.geometry.allocation.ranges import CopyRanges

NEVER = np.int64(2**40)
"""Crossbars of what is not possible."""

PAIRS_PER_ALLOCATION = 8
"""Extensions that are looked at, for each allocation that may be kept."""

MOST_COMPARED = 1 << 20
"""First operations, of all allocations together, that are compared."""


@dataclass(frozen=True)
class FastEnough:
    """Allocations that are fast enough, and whether there are no others: all were looked at."""

    allocations: Allocations
    is_complete: bool

    @property
    def is_refuted(self) -> bool:
        """Whether no allocation is fast enough."""
        return self.is_complete and not self.allocations.copies.shape[1]


NOTHING = FastEnough(Allocations.empty(0), is_complete=True)
"""No allocation is fast enough."""


def within(
    model: PipelineModel,
    crossbars: int,
    operations: int,
    *,
    longest_step: float,
    width: int,
) -> FastEnough:
    """Allocations with at most so many crossbars and operations, and steps of at most so long."""
    ranges = copy_ranges(model, crossbars, operations, longest_step)
    if ranges is None:
        return NOTHING
    tables = _affordable(model, ranges, operations, longest_step)
    sets = model.pipeline.sets
    choices = ranges.choices(0)
    found = model.extended(Allocations.empty(len(choices)), choices)
    cost = choices * sets[0]
    fits = (cost + tables[0][:, 0] <= crossbars) & (found.steps <= longest_step)
    found, cost = found.select(np.flatnonzero(fits)), cost[fits]
    is_complete = True
    for number in range(1, len(sets)):
        after = _Extension(model, ranges, tables[number], operations, crossbars, longest_step)
        pairs = after.promising(found, cost)
        if len(pairs) > width * PAIRS_PER_ALLOCATION:
            is_complete = False
            pairs = pairs[: width * PAIRS_PER_ALLOCATION]
        found, cost, total = after.extended(found, cost, pairs)
        kept = _cheapest(model, ranges, found, cost, operations)
        if len(kept) > width:
            is_complete = False
            kept = kept[np.argsort(total[kept], kind="stable")[:width]]
        found, cost = found.select(kept), cost[kept]
        if not len(kept):
            break
    return FastEnough(found, is_complete)


def is_unaffordable(
    model: PipelineModel, crossbars: int, operations: int, longest_step: float
) -> bool:
    """Whether not even the relaxed model does with so many crossbars."""
    ranges = copy_ranges(model, crossbars, operations, longest_step)
    if ranges is None:
        return True
    if not model.pipeline.is_chain:
        return False
    table = _affordable(model, ranges, operations, longest_step)[0]
    return bool((ranges.choices(0) * model.pipeline.sets[0] + table[:, 0]).min() > crossbars)


@dataclass(frozen=True)
class _Extension:
    """Extending allocations by a layer, as far as that stays within the limits."""

    model: PipelineModel
    ranges: CopyRanges
    table: Ints
    operations: int
    crossbars: int
    longest_step: float

    def promising(self, found: Allocations, cost: Ints) -> Ints:
        """Pairs of an allocation and a choice that the relaxed model affords: shape [pairs, 2].

        The cheapest first.
        """
        number = len(found.copies)
        choices = self.ranges.choices(number)
        (read,) = self.model.pipeline.layers[number].reads
        needed = read.needed(choices, clamp=self.model.clamp)
        starts = -(-needed[None, :] // found.copies[-1][:, None]) - 1 + found.starts[-1][:, None]
        own = cost[:, None] + (choices * self.model.pipeline.sets[number])[None, :]
        possible = np.minimum(starts, self.operations)
        total = own + self.table[np.arange(len(choices))[None, :], possible]
        total[starts > self.operations] = NEVER
        pairs = np.argwhere(total <= self.crossbars)
        return pairs[np.argsort(total[tuple(pairs.T)], kind="stable")]

    def extended(
        self, found: Allocations, cost: Ints, pairs: Ints
    ) -> tuple[Allocations, Ints, Ints]:
        """The extended allocations, their crossbars, and these with what follows at least."""
        number = len(found.copies)
        choices = self.ranges.choices(number)
        longer = self.model.extended(found.select(pairs[:, 0]), choices[pairs[:, 1]])
        own = cost[pairs[:, 0]] + longer.copies[-1] * self.model.pipeline.sets[number]
        starts = longer.starts[-1]
        total = own + self.table[pairs[:, 1], np.minimum(starts, self.operations)]
        fits = (total <= self.crossbars) & (starts <= self.operations)
        fits &= longer.operations + self.ranges.after[number] <= self.operations
        fits &= longer.steps <= self.longest_step
        kept = np.flatnonzero(fits)
        return longer.select(kept), own[kept], total[kept]


def _affordable(
    model: PipelineModel, ranges: CopyRanges, operations: int, longest_step: float
) -> list[Ints]:
    """Crossbars of all layers behind each one, at least.

    A table for each layer: shape [its numbers of copies, PreOp from 0 to `operations`].
    """
    layers, sets = model.pipeline.layers, model.pipeline.sets
    tables: list[Ints] = [np.zeros((0, 0), np.int64)] * len(layers)
    for number in range(len(layers) - 1, -1, -1):
        choices = ranges.choices(number)
        if number == len(layers) - 1:
            table = np.zeros((len(choices), operations + 1), np.int64)
        else:
            following = ranges.choices(number + 1)
            cost = tables[number + 1] + (following * sets[number + 1])[:, None]
            (read,) = layers[number + 1].reads
            needed = read.needed(following, clamp=model.clamp)
            table = np.full((len(choices), operations + 1), NEVER)
            allowed = _allowed(model, number + 1, choices, following, longest_step)
            for own, copies in enumerate(choices.tolist()):
                intervals = np.where(allowed[own], -(-needed // copies) - 1, operations + 1)
                possible = np.bincount(intervals[intervals <= operations])
                for interval in np.flatnonzero(possible).tolist():
                    least = cost[intervals == interval].min(axis=0)[interval:]
                    np.minimum(table[own, : len(least)], least, out=table[own, : len(least)])
        latest = operations - ranges.after[number] - -(-layers[number].results // choices)
        starts = np.arange(operations + 1)
        table[starts[None, :] > latest[:, None]] = NEVER
        earliest = ranges.earliest(model, number, choices)
        known = np.minimum(np.maximum(starts[None, :], earliest[:, None]), operations)
        tables[number] = np.take_along_axis(table, known, axis=1)
    return tables


def _allowed(
    model: PipelineModel, number: int, before: Ints, own: Ints, longest_step: float
) -> NDArray[np.bool_]:
    """Which copies of a layer and the one before it keep its steps short: [before, own]."""
    if model.buses is None:
        return np.ones((len(before), len(own)), bool)
    copies = {number - 1: before[:, None], number: own[None, :]}
    return model.buses.step_times(model.pipeline, number, copies) <= longest_step


def _cheapest(
    model: PipelineModel, ranges: CopyRanges, found: Allocations, cost: Ints, operations: int
) -> Ints:
    """The cheapest of all allocations with the same consequences, by number.

    All of them where there would be too much to compare.
    """
    layers, number = model.pipeline.layers, len(found.copies) - 1
    if number == len(layers) - 1 or not len(cost):
        return np.arange(len(cost))
    own, starts = found.copies[-1], found.starts
    (read,) = layers[number + 1].reads
    fewest = read.needed(ranges.least[number + 1 : number + 2], clamp=model.clamp)[0]
    most = _most_needed(model, ranges, number)
    batches = np.arange(1, -(-most // int(own.min())) + 1)[:, None]
    if batches.size * own.size > MOST_COMPARED:
        return np.arange(len(cost))
    batches = np.clip(batches, -(-fewest // own), -(-most // own))
    ready = model.ready(number, batches * own, found.copies, starts)
    ready = np.maximum(ready, batches - 1 + starts[-1])
    after = 0
    for behind in range(len(layers) - 1, number, -1):
        after += -(-layers[behind].trailing // int(ranges.least[behind]))
    ends = np.where(found.ends[-1] + after <= operations, 0, found.ends[-1])
    consequences = np.column_stack([own, ends, found.steps, ready.T])
    order = np.argsort(cost, kind="stable")
    _, first = np.unique(consequences[order], axis=0, return_index=True)
    return order[first]


def _most_needed(model: PipelineModel, ranges: CopyRanges, number: int) -> int:
    """Results of a layer that the first batch of any later layer needs, at most."""
    layers, most = model.pipeline.layers, 0
    for reader in range(number + 1, len(layers)):
        wanted = needed = int(ranges.most[reader])
        for behind in range(reader, number, -1):
            (read,) = layers[behind].reads
            needed = int(read.needed(np.asarray(wanted), clamp=model.clamp))
            wanted = needed + int(ranges.most[behind - 1]) - 1
        most = max(most, needed)
    return most
