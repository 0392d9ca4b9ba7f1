"""All stages of a network, written one after the other, image after image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatem_ir.geometry.writing.balance import writer_loads
from spatem_ir.geometry.writing.blocks import CellSlots
from spatem_ir.geometry.writing.costs import cost_rows, pair_costs
from spatem_ir.geometry.writing.mapping import (
    COMPARING,
    KEEPING,
    STRATEGIES,
    Effort,
    StageProblem,
)

if TYPE_CHECKING:
    from spatem_ir.geometry.writing.blocks import Codes, Ints

BOUND_SLOTS = 512
"""Slots from whose cheapest blocks the lower bound of a stage is taken."""


class StageBlocks(NamedTuple):
    """The blocks of a stage: codes, and the class of each, from 0, in ascending order."""

    codes: Codes
    classes: Ints


@dataclass(frozen=True)
class StageWriting:
    """What writing a stage takes, once a whole image has passed.

    Attributes:
        cycles: digital cycles of the writer that takes longest.
        mean: mean cycles of all writers: no balance of the same blocks in the same slots is better.
        blocks: blocks that are written.
        cells, units: cells and units of these blocks.
        set_pulses, reset_pulses: pulses of cells.
        set_units, reset_units, changed: units with a SET, with a RESET, and cells that change.
    """

    cycles: int
    mean: float
    blocks: int
    cells: int
    units: int
    set_pulses: int
    reset_pulses: int
    set_units: int
    reset_units: int
    changed: int


@dataclass(frozen=True)
class WriteSchedule:
    """Where the blocks of each stage are, and what that takes.

    Attributes:
        places: the slot of each block, by stage.
        stages: what writing each stage takes.
        most_cell_writes: how often the cell that changes most often does, for an image.
    """

    places: tuple[Ints, ...]
    stages: tuple[StageWriting, ...]
    most_cell_writes: int

    @property
    def cycles(self) -> int:
        """Digital cycles of writing all stages, one after the other."""
        return sum(stage.cycles for stage in self.stages)


def stage_sizes(blocks: int, slots: int, strategy: str) -> list[int]:
    """How many blocks each stage has: as few stages as possible.

    They are full one after the other, or equally large where the strategy makes use of the room.
    """
    count = -(-blocks // slots)
    if strategy not in KEEPING:
        return [min(slots, blocks - first) for first in range(0, blocks, slots)]
    return [blocks * (k + 1) // count - blocks * k // count for k in range(count)]


def kept_rounds(sizes: Sequence[int], slots: CellSlots) -> list[int]:
    """How many blocks of each stage, on each crossbar, are never written over.

    The room that the last stage would leave is spread over all: of S slots and B blocks in K stages
    (K S - B) / (K - 1) slots can keep the block of one stage, and all others serve every stage.
    """
    stages, crossbars = len(sizes), slots.crossbar_count
    if stages < 2:
        return [0] * stages
    rounds = [-(-size // crossbars) for size in sizes]
    slots_each = int(np.bincount(slots.crossbars).min())
    kept = max(0, slots_each * stages - sum(rounds)) // (stages - 1)
    least = [max(0, own - slots_each + kept) for own in rounds]
    spare = kept - sum(least)
    return [own + spare * (k + 1) // stages - spare * k // stages for k, own in enumerate(least)]


def scheduled(
    stages: Sequence[StageBlocks], slots: CellSlots, strategy: str, effort: Effort
) -> WriteSchedule:
    """Places for all stages, forward; then the first again, between the last and the second.

    What a stage finds are the blocks of the stages before; the first one finds those of the last
    one, of the image before.  A strategy that makes use of the room keeps blocks in the farthest
    slots, whole rounds of blocks over all crossbars.
    """
    sizes = [len(stage.codes) for stage in stages]
    rounds = kept_rounds(sizes, slots) if strategy in KEEPING else [0] * len(stages)
    farthest = _farthest(slots, sum(rounds))
    near = _others(len(slots), farthest)
    written = slots.chosen(near)
    contents = np.zeros((len(near), slots.shape.units * slots.shape.unit_bytes), np.uint8)
    cycled = [_cycled(size, own, slots) for size, own in zip(sizes, rounds, strict=True)]
    codes = [stage.codes[own] for stage, own in zip(stages, cycled, strict=True)]
    classes = [stage.classes[own] for stage, own in zip(stages, cycled, strict=True)]
    found = []
    for number, own in enumerate(codes):
        following = codes[(number + 1) % len(codes)]
        problem = StageProblem(written, contents, own, classes[number], following)
        found.append(STRATEGIES[strategy](problem, effort))
        contents[found[-1]] = own
    if len(stages) > 1 and strategy in COMPARING:
        after = contents.copy()
        after[found[1]] = codes[1]
        stage = StageBlocks(codes[0], classes[0])
        found[0] = STRATEGIES[strategy](between(stage, written, contents, after), effort)
    places, taken = [], 0
    for number, size in enumerate(sizes):
        own = np.empty(size, np.int64)
        own[cycled[number]] = near[found[number]]
        kept = _others(size, cycled[number])
        own[kept] = farthest[:, taken : taken + rounds[number]].T.reshape(-1)
        taken += rounds[number]
        places.append(own)
    return measured(stages, slots, places)


def _farthest(slots: CellSlots, count: int) -> Ints:
    """So many slots of each crossbar, those farthest from the drivers: [crossbars, count]."""
    order = np.lexsort((-slots.distance, slots.crossbars))
    first = np.searchsorted(slots.crossbars[order], np.arange(slots.crossbar_count))
    return order[first[:, None] + np.arange(count)]


def _cycled(size: int, kept: int, slots: CellSlots) -> Ints:
    """The blocks of a stage but for so many rounds that are kept, evenly spread over the stage."""
    crossbars = slots.crossbar_count
    rounds = size // crossbars
    own = (np.arange(kept) * rounds // max(1, kept))[:, None] * crossbars + np.arange(crossbars)
    return _others(size, own)


def _others(count: int, some: Ints) -> Ints:
    """The numbers up to a count that are not among some, in ascending order."""
    left = np.ones(count, np.bool_)
    left[some] = False
    return np.flatnonzero(left)


def between(stage: StageBlocks, slots: CellSlots, before: Codes, after: Codes) -> StageProblem:
    """The problem of a stage between what it finds and what is written over it.

    Each unit is there twice: the second one is the complement, which rises where the next stage
    lets cells rise, and falls where that lets them fall.
    """
    doubled = CellSlots(
        replace(slots.shape, rows=2 * slots.shape.rows),
        slots.pulses,
        slots.crossbars,
        slots.writers,
        np.tile(slots.reset_cycles, 2),
    )
    old, new = np.hstack([before, ~after]), np.hstack([stage.codes, ~stage.codes])
    return StageProblem(doubled, old, new, stage.classes, new[:0])


def measured(
    stages: Sequence[StageBlocks], slots: CellSlots, places: Sequence[Ints]
) -> WriteSchedule:
    """What writing all stages into given places takes, for each image but the first."""
    width = stages[0].codes.shape[1] if stages else slots.shape.units * slots.shape.unit_bytes
    contents = np.zeros((len(slots), width), np.uint8)
    for stage, own in zip(stages, places, strict=True):
        contents[own] = stage.codes
    writings = []
    writes = np.zeros((len(slots), width * 8), np.uint16)
    for stage, own in zip(stages, places, strict=True):
        old, chosen = contents[own], slots.chosen(own)
        costs = pair_costs(old, stage.codes, chosen)
        loads = writer_loads(costs.cycles, chosen)
        shape, count = slots.shape, len(own)
        sums = (int(column.sum()) for column in costs[1:])
        writings.append(
            StageWriting(
                int(loads.max(initial=0)),
                float(costs.cycles.sum() / (int(slots.writers.max(initial=0)) + 1)),
                count,
                count * shape.rows * shape.columns,
                count * shape.units,
                *sums,
            )
        )
        writes[own] += np.unpackbits(old ^ stage.codes, axis=1)
        contents[own] = stage.codes
    return WriteSchedule(tuple(places), tuple(writings), int(writes.max(initial=0)))


def lower_bound(
    old: Codes, new: Codes, slots: CellSlots, samples: int = BOUND_SLOTS
) -> tuple[float, float]:
    """What writing a stage takes at least, mean cycles of a writer, and the standard error of that.

    Each slot that is written costs at least what the cheapest block there costs, whichever blocks
    other slots have; the cheapest slots are written.  With as many `samples` as slots it is exact,
    otherwise from every so many slots in the order of their distance.
    """
    order = np.argsort(slots.distance, kind="stable")
    some = order[np.linspace(0, len(order) - 1, min(samples, len(order))).astype(np.int64)]
    least = np.concatenate(
        [rows.min(1) for _, rows in cost_rows(old[some], new, slots.chosen(some))]
    )
    used = np.sort(least)[: max(1, round(len(some) * len(new) / len(slots)))]
    writers = int(slots.writers.max(initial=0)) + 1
    scale = len(new) / writers
    error = used.std() / len(used) ** 0.5 if len(some) < len(slots) else 0.0
    return float(used.mean() * scale), float(error * scale)
