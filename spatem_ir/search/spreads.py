"""Spreads: on which PEs the tiles of a layer stand, by a few numbers that a search can move.

PEs come in orders: all of them by their distance from the chip's port, all by their distance from
the middle, of which the first ones are near each other; and those whose way from the port begins
with the same link, a *branch*, by distance; links that all ways have do not count.  An input that
layers read in one branch only takes none of the other links out of the port's PE.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.hardware.port import PORT_PE

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.index_sequence import IndexSequence
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.hardware.interconnect.interconnect import Interconnect, Routes

Ints = NDArray[np.int64]

PAIRS_OF_ENDS = 2
"""Pairs of ends of a chip: a mesh has four corners."""

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

    Column blocks, or all those of a copy if `by_copy`, or pieces into which each of these is
    `divided`, are dealt to the PEs of a part `in_turn`, or as many neighbours as possible to each
    PE.
    """

    parts: tuple[TilePart, ...]
    by_copy: bool
    in_turn: bool
    divided: int = 1

    def pes(self, layer: Layer, grid: Grid, orders: tuple[Ints, ...]) -> Ints:
        """The PE of each tile: shape [tiles]."""
        tiles, block = np.arange(grid.tiles(layer)), grid.hwm * grid.ib
        if self.by_copy:
            block *= grid.wwm
        divided = min(self.divided, block)
        unit_of = tiles // block * divided + tiles % block * divided // block
        units = int(unit_of[-1]) + 1
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
        return np.concatenate(found)[unit_of]


class PlacedTiles(NamedTuple):
    """Tiles on the PEs on which `tiles` stood, those of the layer in another deployment, in order.

    Where the layer has another number of tiles now, neighbours share a PE as they did.
    """

    tiles: IndexSequence

    def pes(self, layer: Layer, grid: Grid, orders: tuple[Ints, ...]) -> Ints:
        """The PE of each tile: shape [tiles]; whatever the orders."""
        before, tiles = self.tiles.to_array(), grid.tiles(layer)
        return before[np.arange(tiles) * len(before) // tiles]


def pe_orders(accelerator: Accelerator) -> tuple[Ints, ...]:
    """All PEs by distance from the port, and from the middle; those of each branch from the port.

    The port's PE is in no branch.  Chips of one PE, or with one branch, have the first two orders
    alone.
    """
    interconnect = accelerator.components.interconnect
    by_distance = np.asarray(interconnect.pes_by_distance, np.int64)
    from_middle = np.argsort(distances_from(interconnect, middle_pe(interconnect)), kind="stable")
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
    return by_distance, from_middle, *(others[branch[others] == link] for link in several)


def middle_pe(interconnect: Interconnect) -> int:
    """The PE whose distance from the ends of the chip is least, found without those of all pairs.

    Ends come in pairs: one that is farthest from the ends before, the first one the port's PE, and
    the one that is farthest from it.
    """
    near = np.full(interconnect.pes, np.iinfo(np.int64).max)
    farthest, end = np.zeros_like(near), PORT_PE
    for _ in range(PAIRS_OF_ENDS):
        for _ in range(2):
            own = distances_from(interconnect, end)
            near, farthest = np.minimum(near, own), np.maximum(farthest, own)
            end = int(own.argmax())
        end = int(near.argmax())
    return int(farthest.argmin())


def distances_from(interconnect: Interconnect, pe: int) -> Ints:
    """The distance of each PE from one of them: shape [PEs]."""
    pes = np.arange(interconnect.pes)
    return np.asarray(interconnect.distances(np.full(len(pes), pe), pes), np.int64)


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
