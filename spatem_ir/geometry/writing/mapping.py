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
from numpy.typing import NDArray

from spatem_ir.geometry.writing.assignment import assigned, check_assignment
from spatem_ir.geometry.writing.balance import balanced
from spatem_ir.geometry.writing.blocks import BITS_PER_BYTE
from spatem_ir.geometry.writing.kernels import MOST_BIAS, SCALE, Choice, kernels
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.geometry.writing.blocks import CellSlots, Codes, Ints

Reals = NDArray[np.float64]

FEW_SETS = 4
"""A RESET that takes less than so many SETs anywhere counts as one, and what rises counts, too."""


@dataclass(frozen=True)
class Effort:
    """How long a good place is looked for.

    Attributes:
        candidates: blocks that a slot chooses from in `gao`, on average; farther ones from more.
        group: the largest group of blocks that `similarity` assigns exactly.
        look_ahead: what a RESET that the next stage will need counts by one that this one needs.
    """

    candidates: int = 16384
    group: int = 1024
    look_ahead: float = 1.0


FAST = Effort(candidates=8192)
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


def sequential(problem: StageProblem, effort: Effort) -> Ints:
    """Blocks dealt evenly over crossbars, in the order of their slots: the baseline."""
    return problem.sequential


def similarity(problem: StageProblem, effort: Effort) -> Ints:
    """As few cells change as possible, wherever they are: exact in groups."""
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
    ahead = mean_falls(problem.new, problem.following) * effort.look_ahead
    score = mean_falls(~problem.new, ~problem.old) + (ahead if compared else 0)
    order = np.lexsort((score, problem.classes))
    used, codes = problem.nearest, problem.new[order]
    weights = problem.slots.distance[used]
    old = problem.old[used] if compared else np.zeros((len(used), codes.shape[1]), np.uint8)
    if compared and weights.max(initial=0) < FEW_SETS * problem.slots.pulses.set_cycles:
        old, codes = np.hstack([old, ~old]), np.hstack([codes, ~codes])
    limits = np.full(len(used), 1.0)
    if compared and len(used):
        limits = effort.candidates * weights / weights.mean()
    choice = Choice(
        old,
        limits,
        problem.slots.crossbars[used],
        codes,
        _as_bias((ahead if compared else score)[order]),
        np.searchsorted(problem.classes, np.arange(problem.quotas.shape[1] + 1)),
        problem.quotas,
    )
    places = np.empty(len(used), np.int64)
    places[order[kernels().chosen_blocks(choice)]] = used
    return places


def mean_falls(codes: Codes, others: Codes) -> Reals:
    """How many code bytes fall from each block to the others, in the mean."""
    total = np.zeros(len(codes))
    if not len(others):
        return total
    for own, other in zip(codes.T, others.T, strict=True):
        counts = np.bincount(other, minlength=1 << BITS_PER_BYTE).reshape((2,) * BITS_PER_BYTE)
        for bit in range(BITS_PER_BYTE):  # how many others have at least the bits of a value
            counts = np.stack([counts.sum(bit), counts.take(1, bit)], axis=bit)
        total += (1 - counts.reshape(-1) / len(others))[own]
    return total


def _as_bias(falls: Reals) -> Codes:
    """What falls anyway as a bias of candidates."""
    above = falls - (falls.min() if len(falls) else 0)
    return np.minimum(np.rint(above * SCALE), MOST_BIAS).astype(np.uint8)


def _balanced(problem: StageProblem, places: Ints) -> Ints:
    slots = problem.slots.chosen(places)
    return _moved(places, balanced(problem.old[places], problem.new, slots, problem.classes))
