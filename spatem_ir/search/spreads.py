"""Spreads: on which PEs the tiles of a layer stand, by a few numbers that a search can move.

PEs come in orders: all of them by their distance from the chip's port, and those whose way from the
port begins with the same link, a *branch*, by distance; links that all ways have do not count.  An
input that layers read in one branch only takes none of the other links out of the port's PE.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.hardware.port import PORT_PE

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.hardware.interconnect.interconnect import Interconnect, Routes

Ints = NDArray[np.int64]

LINKS_AT_ONCE = 1 << 20
"""Links of the ways to PEs that are looked at together."""


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
    others = by_distance[by_distance != PORT_PE]
    ways = np.zeros(interconnect.links, np.int64)
    for _, routes in _ways(interconnect, others):
        ways += np.bincount(routes.links, minlength=interconnect.links)
    is_shared = ways == len(others)
    branch = np.empty(accelerator.pes, np.int64)
    for pes, routes in _ways(interconnect, others):
        begin, end = routes.first[:-1], routes.first[1:]
        own = np.append(np.flatnonzero(~is_shared[routes.links]), len(routes.links))
        first = own[np.searchsorted(own, begin)]
        branch[pes] = routes.links[np.where(first < end, first, begin)]
    links = np.unique(branch[others])
    several = links if len(links) > 1 else links[:0]
    return by_distance, *(others[branch[others] == link] for link in several)


def _ways(interconnect: Interconnect, pes: Ints) -> Iterator[tuple[Ints, Routes]]:
    """PEs, some at a time, with the ways from the port to them."""
    begin = 0
    lengths = np.cumsum(interconnect.distances(np.array(PORT_PE), pes))
    while begin < len(pes):
        before = lengths[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(lengths, before + LINKS_AT_ONCE, "right")))
        some = pes[begin:end]
        yield some, interconnect.routes(np.full(len(some), PORT_PE), some)
        begin = end
