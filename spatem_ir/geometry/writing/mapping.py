"""Strategies that decide which block of a stage is written to which slot.

Blocks have a *class*, the layer whose windows they work on.  Every strategy gives each crossbar as
many blocks of each class as the baseline does, so that none has more to compute: what is decided is
where on the chip a block stands, not how work is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.writing.assignment import assigned, check_assignment
from spatem_ir.geometry.writing.balance import balanced
from spatem_ir.geometry.writing.kernels import SCALE, Pools, kernels
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.geometry.writing.blocks import CellSlots, Codes, Ints

SAMPLE = 32
"""Blocks of another stage that stand for all of them."""


@dataclass(frozen=True)
class Effort:
    """How long a good place is looked for.

    Attributes:
        candidates: blocks that a slot chooses from in `gao`, on average; farther ones from more.
        group: the largest group of blocks that `similarity` assigns exactly.
        look_ahead: what a RESET that the next stage will need counts by one that this one needs.
    """

    candidates: int = 16384
    group: int = 256
    look_ahead: float = 1.0


FAST = Effort(candidates=4096)
FULL = Effort()


@dataclass(frozen=True)
class StageProblem:
    """One stage to be written.

    Attributes:
        slots: all slots of the chip, crossbar by crossbar, in sequential order.
        old: the codes of what is in the slots.
        new: the codes of the stage's blocks, no more than there are slots.
        classes: the class of each block, from 0; blocks of a class are neighbours.
        following: what the next stage writes, codes of any of its blocks; none if not known.
    """

    slots: CellSlots
    old: Codes
    new: Codes
    classes: Ints
    following: Codes

    @cached_property
    def dealt(self) -> Ints:
        """The crossbar of each block in the baseline: one after the other round the chip."""
        return np.arange(len(self.new)) % self.slots.crossbar_count

    @cached_property
    def sequential(self) -> Ints:
        """The slot of each block in the baseline: the next of its crossbar.

        Raises:
            SpatemError: there are more blocks than slots.
        """
        if len(self.new) > len(self.slots):
            raise SpatemError(
                f"a stage of {len(self.new)} blocks does not fit {len(self.slots)} slots"
            )
        first = np.searchsorted(self.slots.crossbars, np.arange(self.slots.crossbar_count))
        return first[self.dealt] + np.arange(len(self.new)) // self.slots.crossbar_count

    @cached_property
    def quotas(self) -> Ints:
        """Blocks of each class on each crossbar in the baseline: [crossbars, classes]."""
        classes = int(self.classes.max(initial=-1)) + 1
        numbers = self.dealt * classes + self.classes
        count = self.slots.crossbar_count * classes
        return np.bincount(numbers, minlength=count).reshape(-1, classes)

    @cached_property
    def nearest(self) -> Ints:
        """As many slots as there are blocks on each crossbar, those nearest to the drivers.

        The farthest of all comes first.
        """
        slots, wanted = self.slots, self.quotas.sum(1)
        near_first = np.lexsort((np.arange(len(slots)), slots.distance, slots.crossbars))
        first = np.searchsorted(slots.crossbars, np.arange(slots.crossbar_count))
        rank = np.arange(len(slots)) - first[slots.crossbars]
        used = near_first[rank < wanted[slots.crossbars]]
        return used[np.argsort(-slots.distance[used], kind="stable")]

    def falls(self, sample: Codes, *, from_new: bool) -> Ints:
        """How many code bytes fall from a block to those of a sample, or from them to it.

        Summed over a sample of :data:`SAMPLE`, for each block.
        """
        step = max(1, len(sample) // SAMPLE)
        total = np.zeros(len(self.new), np.int64)
        for code in sample[::step][:SAMPLE]:
            falling = self.new & ~code if from_new else code & ~self.new
            total += np.count_nonzero(falling, axis=1)
        return total


def sequential(problem: StageProblem, effort: Effort) -> Ints:
    """Blocks dealt evenly over crossbars, in the order of their slots: the baseline."""
    return problem.sequential


def similarity(problem: StageProblem, effort: Effort) -> Ints:
    """As few cells change as possible, wherever they are: exact in groups of neighbours."""
    check_assignment()
    places, slots = problem.sequential, problem.slots
    order = assigned(
        problem.old[places], problem.new, slots, problem.classes, effort.group, by_cells=True
    )
    return _moved(places, order)


def distance(problem: StageProblem, effort: Effort) -> Ints:
    """Blocks that probably need most RESETs nearest to the drivers, whatever is there."""
    return _chosen(problem, effort, compared=False)


def balance(problem: StageProblem, effort: Effort) -> Ints:
    """The baseline, with blocks exchanged until crossbars take equally long."""
    return _balanced(problem, problem.sequential)


def gao(problem: StageProblem, effort: Effort) -> Ints:
    """All three: the farthest slots first, each the block that is cheapest there; then balance."""
    places = _chosen(problem, effort, compared=True)
    return _balanced(problem, places)


Mapper = Callable[[StageProblem, Effort], "Ints"]

STRATEGIES: Mapping[str, Mapper] = MappingProxyType(
    {each.__name__: each for each in (sequential, similarity, distance, balance, gao)}
)
"""The slot of each block, by name; the first one is the baseline."""

COMPARING = frozenset({"similarity", "gao"})
"""Those that look at what is in the slots."""

KEEPING = frozenset({"distance", "gao"})
"""Those that keep blocks in the farthest slots, as far as stages leave room."""


def _moved(places: Ints, order: Ints) -> Ints:
    """The slot of each block if block `order[k]` goes to slot `places[k]`."""
    moved = np.empty_like(places)
    moved[order] = places
    return moved


def _chosen(problem: StageProblem, effort: Effort, *, compared: bool) -> Ints:
    """Each slot's choice, the farthest first; without `compared` none looks at what is there."""
    ahead = problem.falls(problem.following, from_new=True) * effort.look_ahead
    score = problem.falls(problem.old, from_new=False) + (ahead if compared else 0)
    order = np.lexsort((score, problem.classes))
    bias = (ahead if compared else score)[order] * SCALE // SAMPLE
    first = np.searchsorted(problem.classes, np.arange(problem.quotas.shape[1] + 1))
    codes = np.ascontiguousarray(problem.new[order])
    pools = Pools(codes, bias.astype(np.int32), first, problem.quotas)
    used = problem.nearest
    old = problem.old[used] if compared else np.zeros((len(used), codes.shape[1]), np.uint8)
    weights = problem.slots.distance[used]
    limits = np.full(len(used), 1.0)
    if compared and len(used):
        limits = effort.candidates * weights / weights.mean()
    crossbars = problem.slots.crossbars[used]
    set_weight = problem.slots.pulses.set_cycles if compared else 0
    blocks = kernels().chosen_blocks(old, weights, limits, crossbars, set_weight, pools)
    places = np.empty(len(used), np.int64)
    places[order[blocks]] = used
    return places


def _balanced(problem: StageProblem, places: Ints) -> Ints:
    slots = problem.slots.chosen(places)
    return _moved(places, balanced(problem.old[places], problem.new, slots, problem.classes))
