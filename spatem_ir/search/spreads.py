"""Spreads: on which PEs the tiles of a layer stand, by a few numbers that a search can move.

PEs come in orders: all of them by their distance from the chip's port, and those whose way from the
port begins with the same link, a *branch*, by distance; links that all ways have do not count.  An
input that layers read in one branch only takes none of the other links out of the port's PE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.hardware.port import PORT_PE

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]


class TilePart(NamedTuple):
    """A part of a layer's tiles: `share`, relative to other parts, on `pes` PEs of an order.

    They are those from number `first` of the order on, round and round.
    """

    order: int
    first: int
    pes: int
    share: int


class TileSpread(NamedTuple):
    """The parts of a layer's tiles, one after the other.

    Column blocks, or all those of a copy if `by_copy`, are dealt to the PEs of a part `in_turn`,
    or as many neighbours as possible to each PE.
    """

    parts: tuple[TilePart, ...]
    by_copy: bool
    in_turn: bool

    def pes(self, layer: Layer, grid: Grid, orders: tuple[Ints, ...]) -> Ints:
        """The PE of each tile: shape [tiles]."""
        tiles, unit = grid.tiles(layer), grid.hwm * grid.ib
        if self.by_copy:
            unit *= grid.wwm
        units = -(-tiles // unit)
        shares = np.cumsum([part.share for part in self.parts])
        ends = (units * shares // shares[-1]).tolist()
        found, begin = [], 0
        for part, end in zip(self.parts, ends, strict=True):
            order, number = orders[part.order], np.arange(end - begin)
            place = number % part.pes
            if not self.in_turn:
                place = number * part.pes // max(end - begin, 1)
            found.append(order[(part.first + place) % len(order)])
            begin = end
        return np.concatenate(found).repeat(unit)[:tiles]


def pe_orders(accelerator: Accelerator) -> tuple[Ints, ...]:
    """All PEs by distance from the port; those of each branch by distance, the port's PE in none.

    Chips of one PE, or with one branch, have the first order alone.
    """
    interconnect = accelerator.components.interconnect
    by_distance = np.asarray(interconnect.pes_by_distance, np.int64)
    ways = {pe: interconnect.route(PORT_PE, pe) for pe in by_distance.tolist() if pe != PORT_PE}
    shared = set[int]().union(*ways.values()).intersection(*ways.values())
    branches: dict[int, list[int]] = {}
    for pe, way in ways.items():
        first = next((link for link in way if link not in shared), way[0])
        branches.setdefault(first, []).append(pe)
    several = branches if len(branches) > 1 else {}
    return by_distance, *(np.array(several[link]) for link in sorted(several))
