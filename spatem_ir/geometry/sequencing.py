"""Crossbar programs: visits of the tiles on a crossbar in order of their ready times.

Crossbars whose tiles are of the same layers, with equally many windows, and that visit them in the
same order run the same program on different tiles: a *class*.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.dataflow import Dataflow, Node

if TYPE_CHECKING:
    from spatem_ir.geometry.placement import Placement

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Slot:
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

    def select(self, numbers: list[int]) -> ProgramClass:
        """Some of the crossbars, by their position in the class."""
        slots = tuple(replace(slot, tiles=slot.tiles[numbers]) for slot in self.slots)
        return ProgramClass(self.crossbars[numbers], slots)


def program_classes(dataflow: Dataflow, placements: dict[str, Placement]) -> list[ProgramClass]:
    """The crossbars with tiles of the same layers and equally many windows, by class.

    The crossbars of a class are in ascending order of their first tile.
    """
    layers = [node for node in dataflow.layers if node.name in placements]
    table = np.concatenate([_tile_rows(n, layers[n], placements) for n in range(len(layers))])
    table = table[np.lexsort((table[:, 3], table[:, 2], table[:, 1], table[:, 0]))]
    starts = np.flatnonzero(np.append(True, np.diff(table[:, 0]) != 0))
    members: dict[bytes, list[Ints]] = {}
    for rows in np.split(table, starts[1:]):
        members.setdefault(rows[:, 1:3].tobytes(), []).append(rows)
    classes = []
    for several in members.values():
        crossbars = np.array([rows[0, 0] for rows in several])
        tiles = np.stack([rows[:, 3] for rows in several])
        order = np.lexsort((crossbars, tiles[:, 0]))
        slots = tuple(
            Slot(layers[layer], int(windows), tiles[order, slot])
            for slot, (_, layer, windows, _) in enumerate(several[0].tolist())
        )
        classes.append(ProgramClass(crossbars[order], slots))
    return classes


def _tile_rows(number: int, node: Node, placements: dict[str, Placement]) -> Ints:
    """(crossbar, layer number, windows, tile) of each tile of a layer."""
    placed, layer, grid = placements[node.name], node.layer, node.grid
    assert layer is not None and grid is not None
    copy = grid.coordinates(placed.tiles).copy
    counts = np.array([len(grid.copy_windows(layer, c)) for c in range(grid.iw)])
    columns = (placed.crossbars, np.full(len(copy), number), counts[copy], placed.tiles)
    return np.stack(columns, axis=1)


def scheduled_classes(
    members: ProgramClass, ready: dict[str, Ints]
) -> Iterator[tuple[ProgramClass, Ints]]:
    """The crossbars of a class by the order of their visits, and this order.

    Every crossbar keeps the order of its own ready times.  What a visit needs is ready before it,
    so that no crossbar waits for a visit that comes later in its program or in another one's: the
    programs cannot deadlock.
    """
    orders: dict[tuple[tuple[int, int], ...], Ints] = {}
    same: dict[bytes, list[int]] = {}
    for number in range(len(members.crossbars)):
        slots = members.select([number]).slots
        shares = tuple(_share(slot) for slot in slots)
        if shares not in orders:
            orders[shares] = visit_order(slots, ready)
        same.setdefault(orders[shares].tobytes(), []).append(number)
    for order, numbers in same.items():
        yield members.select(numbers), np.frombuffer(order, np.int64)


def _share(slot: Slot) -> tuple[int, int]:
    """The matrix and copy of a slot's first tile: what decides which windows it visits."""
    grid = slot.node.grid
    assert grid is not None
    at = grid.coordinates(int(slot.tiles[0]))
    return at.matrix, at.copy


def visit_order(slots: Sequence[Slot], ready: dict[str, Ints]) -> Ints:
    """The slot of each visit of a crossbar, in order: list scheduling by ready time.

    The visit whose operand is ready first goes first; ties go to the earlier layer, then to the
    earlier window, then to the earlier slot.
    """
    times, layers, windows, numbers = [], [], [], []
    for number, slot in enumerate(slots):
        layer, grid = slot.node.layer, slot.node.grid
        assert layer is not None and grid is not None
        at = grid.coordinates(int(slot.tiles[0]))
        share = np.array(grid.copy_windows(layer, at.copy))
        times.append(np.maximum.accumulate(ready[slot.node.name][at.matrix, share]))
        layers.append(np.full(len(share), slot.node.number))
        windows.append(np.arange(len(share)))
        numbers.append(np.full(len(share), number))
    keys = [np.concatenate(column) for column in (numbers, windows, layers, times)]
    return keys[0][np.lexsort(keys)]
