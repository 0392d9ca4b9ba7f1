"""Crossbar programs: visits of the tiles on a crossbar in the order in which they are due.

Crossbars whose tiles are of the same layers, with equally many windows, make a *class*.  Those of
them that visit their tiles in the same order run the same program on different tiles.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow, Node
from spatem_ir.geometry.shapes.deals import dealt
from spatem_ir.geometry.shapes.distinct import distinct_rows
from spatem_ir.geometry.shapes.equals import first_of_equals, lengths
from spatem_ir.geometry.shapes.ranks import rank_within

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.placement import Placement

Ints = NDArray[np.int64]

GRAINS = 128
"""Into how many parts the longest ready time is cut where crossbars share a program."""

SORTED_AT_ONCE = 2**20
"""Visits of several crossbars that are put in order together, for the sake of memory."""


class Due(NamedTuple):
    """When the windows of a layer are due: `times` has shape [matrices, windows].

    Visits of a crossbar to the layer's tiles that are due at the same time are in the order of
    their windows, or, if `by_tile`, tile by tile.
    """

    times: Ints
    by_tile: bool = False


class Slot(NamedTuple):
    """One tile per crossbar of a class: the layer, its number of windows, and the tiles.

    `tiles` has one entry per crossbar of the class.
    """

    node: Node
    windows: int
    tiles: Ints


@dataclass(frozen=True)
class ProgramClass:
    """C crossbars that run the same program, and the S tiles that each of them holds.

    Attributes:
        crossbars: shape [C].
        nodes: the layer of each slot.
        ordinals: which of its layer's tiles on a crossbar each slot is.
        windows: how many windows the tiles of each slot have: shape [S].
        tiles: shape [S, C].
    """

    crossbars: Ints
    nodes: tuple[Node, ...]
    ordinals: tuple[int, ...]
    windows: Ints
    tiles: Ints

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The tiles, slot by slot."""
        return tuple(map(Slot, self.nodes, self.windows.tolist(), self.tiles))

    def select(self, numbers: Ints | list[int]) -> ProgramClass:
        """Some of the crossbars, by their position in the class."""
        return replace(self, crossbars=self.crossbars[numbers], tiles=self.tiles[:, numbers])


class LocatedCrossbars(NamedTuple):
    """Classes of crossbars, and where in them a crossbar is.

    `crossbars` are ascending; `numbers` and `positions` are those of their class, and in it.
    """

    classes: list[ProgramClass]
    crossbars: Ints
    numbers: Ints
    positions: Ints

    @staticmethod
    def of(classes: list[ProgramClass]) -> LocatedCrossbars:
        """Where the crossbars of some classes are."""
        crossbars = np.concatenate([members.crossbars for members in classes])
        sizes = [len(members.crossbars) for members in classes]
        positions = np.concatenate([np.arange(size) for size in sizes])
        order = np.argsort(crossbars)
        numbers = np.repeat(np.arange(len(classes)), sizes)
        return LocatedCrossbars(classes, crossbars[order], numbers[order], positions[order])

    def members(self, crossbars: Ints) -> ProgramClass | None:
        """Some crossbars as members of their class; None if they are not all of one."""
        at = np.searchsorted(self.crossbars, crossbars).clip(max=len(self.crossbars) - 1)
        numbers = self.numbers[at]
        if (self.crossbars[at] != crossbars).any() or (numbers != numbers[0]).any():
            return None
        return self.classes[int(numbers[0])].select(self.positions[at])


class ProgramOrder(NamedTuple):
    """The crossbars that run one program, and the slot of each visit in order: shape [visits]."""

    members: ProgramClass
    order: Ints


def program_classes(dataflow: Dataflow, placements: dict[str, Placement]) -> list[ProgramClass]:
    """The crossbars with tiles of the same layers and equally many windows, by class.

    The crossbars of a class are in ascending order of their first tile.
    """
    layers = [node for node in dataflow.layers if node.name in placements]
    table = np.concatenate([_tile_rows(n, layers[n], placements) for n in range(len(layers))])
    table = table[np.lexsort((table[:, 3], table[:, 2], table[:, 1], table[:, 0]))]
    starts = first_of_equals(table[:, 0])
    counts = lengths(starts, len(table))
    classes = []
    for count in np.unique(counts).tolist():
        rows = table[starts[counts == count, None] + np.arange(count)]
        _, numbers = distinct_rows(rows[:, :, 1:3])
        by_class = rows[np.argsort(numbers, kind="stable")]
        classes += np.split(by_class, np.cumsum(np.bincount(numbers))[:-1])
    classes.sort(key=lambda rows: rows[0, 0, 0])
    return [_program_class(rows, layers) for rows in classes]


def _program_class(rows: Ints, layers: Sequence[Node]) -> ProgramClass:
    """The class of some crossbars, given the rows of their tiles: shape [crossbars, slots, 4]."""
    crossbars, tiles = rows[:, 0, 0], rows[:, :, 3]
    order = np.lexsort((crossbars, tiles[:, 0]))
    numbers, windows = rows[0, :, 1], rows[0, :, 2]
    nodes = tuple(layers[number] for number in numbers.tolist())
    ordinals = tuple(rank_within(numbers).tolist())
    return ProgramClass(crossbars[order], nodes, ordinals, windows, tiles[order].T)


def _tile_rows(number: int, node: Node, placements: dict[str, Placement]) -> Ints:
    """(crossbar, layer number, windows, tile) of each tile of a layer."""
    placed, layer, grid = placements[node.name], node.layer, node.grid
    assert layer is not None and grid is not None
    windows = grid.window_counts(layer)[grid.coordinates(placed.tiles).copy]
    columns = (placed.crossbars, np.full(len(windows), number), windows, placed.tiles)
    return np.stack(columns, axis=1)


@dataclass(frozen=True)
class CopiesDue:
    """When the visits to each copy of a layer are due, none before those before it.

    Attributes:
        schedule: which of the different schedules each copy of each matrix has: [matrices · iw].
        times: shape [schedules, turns].
    """

    schedule: Ints
    times: Ints
    by_tile: bool

    @staticmethod
    def of(node: Node, due: Due) -> CopiesDue:
        """The schedules of the copies of a layer."""
        assert node.layer is not None and node.grid is not None
        shares = np.maximum.accumulate(dealt(due.times, node.layer, node.grid), axis=1)
        first, schedule = distinct_rows(shares)
        return CopiesDue(schedule, shares[first], due.by_tile)


def due_programs(
    classes: Iterable[ProgramClass], dues: Mapping[str, Due], most_bursts: int = sys.maxsize
) -> list[ProgramOrder] | None:
    """The programs in which each crossbar visits its tiles in the order in which they are due.

    If what a visit needs is due before it, no crossbar waits for a visit that comes later in its
    program or in another one's: the programs cannot deadlock.

    Returns None if the programs have more than `most_bursts` slots in all.
    """
    programs: list[ProgramOrder] = []
    copies: dict[str, CopiesDue] = {}
    left = most_bursts
    for members in classes:
        for node in members.nodes:
            if node.name not in copies:
                copies[node.name] = CopiesDue.of(node, dues[node.name])
        own = scheduled_class(members, copies, left // len(members.nodes))
        if own is None:
            return None
        left -= len(own) * len(members.nodes)
        programs += own
    return programs


def due_in_grains(ready: Mapping[str, Ints], grain: int) -> dict[str, Due]:
    """Times in grains of so many cycles, by layer; visits of a grain are tile by tile.

    If all copies of a layer have the same ready times, all crossbars of a class have one program.
    """
    return {name: Due(times // grain, by_tile=True) for name, times in ready.items()}


def grain_of(ready: Mapping[str, Ints]) -> int:
    """How many cycles are one in the times of crossbars that share programs."""
    return max(int(times.max()) for times in ready.values()) // GRAINS + 1


def scheduled_class(
    members: ProgramClass, dues: Mapping[str, CopiesDue], most: int
) -> list[ProgramOrder] | None:
    """The crossbars of a class by the order of their visits; None if `most` are too few.

    Programs are in the order of their first crossbars.
    """
    schedules = [dues[slot.node.name].schedule[copies_of(slot)] for slot in members.slots]
    first, schedule_of = distinct_rows(np.stack(schedules, axis=1))
    number_of: dict[bytes, int] = {}
    numbers = np.empty(len(first), np.int64)
    visits = int(members.windows.sum())
    several = max(SORTED_AT_ONCE // visits, 1)
    for start in range(0, len(first), several):
        chunk = slice(start, start + several)
        orders = visit_orders(members.select(first[chunk]).slots, dues)
        numbers[chunk] = [number_of.setdefault(o.tobytes(), len(number_of)) for o in orders]
        if len(number_of) > most:
            return None
    program_of = numbers[schedule_of]
    _, first_crossbar = np.unique(program_of, return_index=True)
    orders = [np.frombuffer(order, np.int64) for order in number_of]
    return [
        ProgramOrder(members.select(np.flatnonzero(program_of == number)), orders[number])
        for number in np.argsort(first_crossbar).tolist()
    ]


def copies_of(slot: Slot) -> Ints:
    """Of which copy of its layer, over all matrices, each tile of a slot is."""
    assert slot.node.grid is not None
    return slot.tiles // slot.node.grid.tiles_per_copy


def visit_orders(slots: Sequence[Slot], dues: Mapping[str, CopiesDue]) -> Ints:
    """The slot of each visit of each crossbar, in order: list scheduling.

    The visit that is due first goes first; ties go to the earlier layer, then to the earlier window
    and then to the earlier slot, or, by tile, to the earlier slot first.

    Returns an array of shape [crossbars, visits].
    """
    times, numbers, layers, windows, by_tile = [], [], [], [], []
    for number, slot in enumerate(slots):
        due = dues[slot.node.name]
        times.append(due.times[due.schedule[copies_of(slot)], : slot.windows])
        numbers.append(np.full(slot.windows, number))
        layers.append(np.full(slot.windows, slot.node.number))
        windows.append(np.arange(slot.windows))
        by_tile.append(np.full(slot.windows, due.by_tile))
    slot_of, window = np.concatenate(numbers), np.concatenate(windows)
    tiles_first = np.concatenate(by_tile)
    then = np.where(tiles_first, slot_of, window), np.where(tiles_first, window, slot_of)
    by_ties = np.lexsort((then[1], then[0], np.concatenate(layers)))
    by_time = np.argsort(np.concatenate(times, axis=1)[:, by_ties], axis=1, kind="stable")
    return slot_of[by_ties][by_time]
