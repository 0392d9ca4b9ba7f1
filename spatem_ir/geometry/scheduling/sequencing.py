"""Crossbar programs: visits of the tiles on a crossbar in order of their ready times.

Crossbars whose tiles are of the same layers, with equally many windows, and that visit them in the
same order run the same program on different tiles: a *class*.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow, Node
from spatem_ir.geometry.shapes.distinct import distinct_rows
from spatem_ir.geometry.shapes.equals import first_of_equals, lengths
from spatem_ir.geometry.shapes.grid import Deal

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.placement import Placement

Ints = NDArray[np.int64]

GRAINS = 128
"""Into how many parts the longest ready time is cut where crossbars share a program."""

SORTED_AT_ONCE = 2**20
"""Visits of several crossbars that are put in order together, for the sake of memory."""


class Slot(NamedTuple):
    """One tile per crossbar of a class: the layer, its number of windows, and the tiles.

    `tiles` has one entry per crossbar of the class.
    """

    node: Node
    windows: int
    tiles: Ints


@dataclass(frozen=True)
class ProgramClass:
    """Crossbars that run the same program, and the tiles that each of them holds."""

    crossbars: Ints
    slots: tuple[Slot, ...]

    def select(self, numbers: Ints | list[int]) -> ProgramClass:
        """Some of the crossbars, by their position in the class."""
        slots = tuple(Slot(node, windows, tiles[numbers]) for node, windows, tiles in self.slots)
        return ProgramClass(self.crossbars[numbers], slots)


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
    slots = tuple(
        Slot(layers[layer], windows, tiles[order, slot])
        for slot, (layer, windows) in enumerate(rows[0, :, 1:3].tolist())
    )
    return ProgramClass(crossbars[order], slots)


def _tile_rows(number: int, node: Node, placements: dict[str, Placement]) -> Ints:
    """(crossbar, layer number, windows, tile) of each tile of a layer."""
    placed, layer, grid = placements[node.name], node.layer, node.grid
    assert layer is not None and grid is not None
    windows = grid.window_counts(layer)[grid.coordinates(placed.tiles).copy]
    columns = (placed.crossbars, np.full(len(windows), number), windows, placed.tiles)
    return np.stack(columns, axis=1)


def own_programs(
    classes: Iterable[ProgramClass], ready: dict[str, Ints], most_bursts: int
) -> list[ProgramOrder] | None:
    """The programs in which each crossbar keeps the order of its own ready times.

    What a visit needs is ready before it, so that no crossbar waits for a visit that comes later in
    its program or in another one's: the programs cannot deadlock.

    Returns None if the programs have more than `most_bursts` slots in all.
    """
    programs: list[ProgramOrder] = []
    left = most_bursts
    for members in classes:
        own = scheduled_class(members, ready, left // len(members.slots))
        if own is None:
            return None
        left -= len(own) * len(members.slots)
        programs += own
    return programs


def grain_of(ready: dict[str, Ints]) -> int:
    """How many cycles are one in the times of crossbars that share programs."""
    return max(int(times.max()) for times in ready.values()) // GRAINS + 1


def shared_programs(
    classes: Iterable[ProgramClass], ready_in_rounds: dict[str, Ints], grain: int
) -> list[ProgramOrder]:
    """One program for each class; all copies of a layer must have the same ready times.

    These are those of a schedule, too, so that the programs cannot deadlock.  Visits whose ready
    times differ little are bundled layer by layer and slot by slot: times are counted in grains of
    so many cycles.
    """
    ready = {name: times // grain for name, times in ready_in_rounds.items()}
    return [
        ProgramOrder(members, visit_orders(members.select([0]).slots, ready, bundled=True)[0])
        for members in classes
    ]


def scheduled_class(
    members: ProgramClass, ready: dict[str, Ints], most: int
) -> list[ProgramOrder] | None:
    """The crossbars of a class by the order of their own ready times; None if `most` are too few.

    Programs are in the order of their first crossbars.
    """
    shares = np.stack([number for slot in members.slots for number in _share(slot)], axis=1)
    first, share_of = distinct_rows(shares)
    number_of: dict[bytes, int] = {}
    numbers = np.empty(len(first), np.int64)
    visits = sum(slot.windows for slot in members.slots)
    several = max(SORTED_AT_ONCE // visits, 1)
    for start in range(0, len(first), several):
        chunk = slice(start, start + several)
        orders = visit_orders(members.select(first[chunk]).slots, ready)
        numbers[chunk] = [number_of.setdefault(o.tobytes(), len(number_of)) for o in orders]
        if len(number_of) > most:
            return None
    program_of = numbers[share_of]
    _, first_crossbar = np.unique(program_of, return_index=True)
    orders = [np.frombuffer(order, np.int64) for order in number_of]
    return [
        ProgramOrder(members.select(np.flatnonzero(program_of == number)), orders[number])
        for number in np.argsort(first_crossbar).tolist()
    ]


def _share(slot: Slot) -> tuple[Ints, Ints]:
    """The matrix and copy of a slot's tiles: what decides which windows they visit."""
    grid = slot.node.grid
    assert grid is not None
    matrix, copy = np.divmod(slot.tiles // grid.tiles_per_copy, grid.iw)
    return matrix, copy


def visit_orders(slots: Sequence[Slot], ready: dict[str, Ints], *, bundled: bool = False) -> Ints:
    """The slot of each visit of each crossbar, in order: list scheduling by ready time.

    The visit whose operand is ready first goes first; ties go to the earlier layer, then to the
    earlier window, then to the earlier slot; if `bundled`, to the earlier slot of a layer first.

    Returns an array of shape [crossbars, visits].
    """
    times = []
    for slot in slots:
        matrix, copy = _share(slot)
        own = ready[slot.node.name][matrix[:, None], _windows(slot, copy)]
        times.append(np.maximum.accumulate(own, axis=1))
    counts = [slot.windows for slot in slots]
    numbers = np.repeat(np.arange(len(slots)), counts)
    layers = np.repeat([slot.node.number for slot in slots], counts)
    windows = np.concatenate([np.arange(count) for count in counts])
    ties = (windows, numbers, layers) if bundled else (numbers, windows, layers)
    by_ties = np.lexsort(ties)
    by_time = np.argsort(np.concatenate(times, axis=1)[:, by_ties], axis=1, kind="stable")
    return numbers[by_ties][by_time]


def _windows(slot: Slot, copies: Ints) -> Ints:
    """The windows that each crossbar visits, in order: shape [crossbars, windows]."""
    layer, grid = slot.node.layer, slot.node.grid
    assert layer is not None and grid is not None
    cyclic = grid.deal is Deal.CYCLIC
    first = copies * (1 if cyclic else grid.windows_per_copy(layer))
    return first[:, None] + np.arange(slot.windows) * (grid.iw if cyclic else 1)
