"""Where a layer's tiles keep the machine busy: the stations that each of its windows passes.

A window of a layer is fetched, computed, merged in CUs and PEs, sent home as partial sums, merged
there and activated.  `StationCycles` has the cycles of each of these stations, once for a window
alone and once for a round, one window of every copy, on the PE, CU or link that has most to do.
They follow from the places of the tiles by the machine's rules [P: SPATEM counts computation and
communication; R: the formulas].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.packing.packing import CrossbarPool
from spatem_ir.geometry.shapes.equals import first_of_equals, lengths
from spatem_ir.geometry.shapes.grid import operand_bytes
from spatem_ir.geometry.shapes.tile_shapes import TileShapes

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class StationCycles:
    """Digital cycles that each station takes where most is to do.

    Attributes:
        fetch: operands over the port of a PE; tiles of a CU that read the same share one (R2, R3).
        merge: contributions to column blocks on the adders of a CU, and of a PE and home (R5).
        packets: partial sums on the link into a home PE with most of them (R5, R8).
        activate: column blocks on the activation units of their home (R6).
    """

    fetch: int
    merge_in_cu: int
    merge_in_pe: int
    packets: int
    activate: int

    @property
    def longest(self) -> int:
        """The station that limits how often windows can follow each other."""
        return max(self.fetch, self.merge_in_cu, self.merge_in_pe, self.packets, self.activate)

    @property
    def total(self) -> int:
        """The digital cycles of all stations one after the other."""
        return self.fetch + self.merge_in_cu + self.merge_in_pe + self.packets + self.activate


@dataclass(frozen=True)
class LayerStations:
    """A layer on the machine.

    Attributes:
        visit: cycles of a visit to a full tile (R1).
        window: stations of a window alone.
        round: stations of one window of each copy at once.
        pes: PEs that hold tiles.
        pes_per_copy: PEs that hold tiles of a copy, on average.
        partial_sum_bytes: bytes of all packets of partial sums.
    """

    visit: int
    window: StationCycles
    round: StationCycles
    pes: int
    pes_per_copy: float
    partial_sum_bytes: int


def layer_stations(
    layer: Layer, grid: Grid, crossbars: Ints, accelerator: Accelerator
) -> LayerStations:
    """The stations of a layer whose tile n is in crossbar `crossbars[n]`: shape [tiles]."""
    values = grid.results
    operations = grid.visit_operations(layer, grid.coordinates(0), accelerator)
    copies, parts = grid.matrices(layer) * grid.iw, grid.hwm * grid.ib
    tile = np.arange(len(crossbars))
    block = tile // parts
    operand = tile - (block - block // grid.wwm) * parts  # its column does not count
    cu, units = crossbars // accelerator.crossbars_per_cu, accelerator.cus_per_pe

    size = operand_bytes(grid.operand_rows, grid.tile_bits(layer))
    components = accelerator.components
    interconnect = components.interconnect
    fetch = components.memory.fetch_cycles(size)
    places, cycles_at = components.accumulation.places, components.accumulation.cycles
    sum_bytes = values * components.accumulation.sum_bytes
    packet = interconnect.packet_cycles(sum_bytes)
    activate = components.digital.cycles(values, pooling=False)

    fetches = _pairs(cu, operand)
    cus = _pairs(cu, block)
    pes = _pairs(cus.places // units, cus.items) if "cu" in places else _pairs(cu // units, block)
    home, arriving, remote = _homes(pes, is_merged="pe" in places)
    home_copy, pe_copy = np.arange(len(home)) // grid.wwm, pes.items // grid.wwm
    in_pe, at_home = cycles_at("pe", values), cycles_at("home", values)
    work = (
        _Work(fetch, fetches.places // units, fetches.items // parts, np.ones_like(fetches.items)),
        _Work(cycles_at("cu", values), cus.places, cus.items // grid.wwm, _merged(cus.counts)),
        _Work(
            1,
            np.concatenate([pes.places, home]),
            np.concatenate([pe_copy, home_copy]),
            np.concatenate([_merged(pes.counts) * in_pe, _merged(arriving) * at_home]),
        ),
        _Work(packet, interconnect.links_into(home), home_copy, remote),
        _Work(activate, home, home_copy, np.ones_like(home)),
    )
    together = StationCycles(*(station.longest() for station in work))
    alone = together
    if copies > 1:
        alone = StationCycles(*(station.longest_of_copy() for station in work))
    return LayerStations(
        visit=components.compute_unit.visit_cycles(operations),
        window=alone,
        round=together,
        pes=len(first_of_equals(pes.places)),
        pes_per_copy=len(_pairs(pes.places, pe_copy).places) / copies,
        partial_sum_bytes=int(remote.sum()) * sum_bytes * layer.windows // grid.iw,
    )


class _Pairs(NamedTuple):
    """Distinct (place, item) pairs, ascending, and how often each occurs."""

    places: Ints
    items: Ints
    counts: Ints


def _pairs(places: Ints, items: Ints) -> _Pairs:
    """The distinct pairs of a place and an item."""
    bits = int(items.max()).bit_length()
    pairs = np.sort(places << bits | items, kind="stable")
    first = first_of_equals(pairs)
    distinct = pairs[first]
    return _Pairs(distinct >> bits, distinct & ((1 << bits) - 1), lengths(first, len(pairs)))


class _Work(NamedTuple):
    """What a station has to do: at each of `places`, for a copy, `amounts` of `cycles` each."""

    cycles: int
    places: Ints
    copies: Ints
    amounts: Ints

    def longest(self) -> int:
        """The cycles of the place that has most to do for all copies together."""
        return self.cycles * int(np.bincount(self.places, self.amounts).max())

    def longest_of_copy(self) -> int:
        """The cycles of the place that has most to do for one copy."""
        keys = self.places * (int(self.copies.max()) + 1) + self.copies
        order = np.argsort(keys, kind="stable")
        sums = np.add.reduceat(self.amounts[order], first_of_equals(keys[order]))
        return self.cycles * int(sums.max())


def _merged(contributions: Ints) -> Ints:
    """How many contributions are merged: all, or none where there is only one."""
    return np.where(contributions > 1, contributions, 0)


def _homes(blocks_in_pes: _Pairs, *, is_merged: bool) -> tuple[Ints, Ints, Ints]:
    """The home PE of each block, the first of those that hold most of it, and what comes there.

    That is how many contributions, and how many of these from other PEs: one of each PE if they are
    merged in PEs.
    """
    pe, block, contributions = blocks_in_pes
    most = int(contributions.max())
    order = np.argsort(block * (most + 1) + most - contributions, kind="stable")
    first = first_of_equals(block[order])
    if is_merged:
        arriving = lengths(first, len(order))
        return pe[order[first]], arriving, arriving - 1
    arriving = np.add.reduceat(contributions[order], first)
    return pe[order[first]], arriving, arriving - contributions[order[first]]


def tiles_together(grid: Grid, crossbars: Ints) -> Ints:
    """How many tiles of a layer are together in a crossbar, the most for each copy.

    Tile n is in crossbar `crossbars[n]`.  Returns an array of shape [matrices · iw].
    """
    together = np.bincount(crossbars)[crossbars]
    return together.reshape(-1, grid.tiles_per_copy).max(axis=1)


def packed_crossbars(
    layers: list[Layer], grids: list[Grid], accelerator: Accelerator
) -> list[Ints] | None:
    """The crossbar of each tile of each layer if tiles are packed worst fit; None if they do not.

    Layer by layer, the tiles of a shape one after the other, as pass `pack` does without gathering.
    """
    crossbar = accelerator.crossbar
    pool = CrossbarPool(accelerator.crossbars, crossbar.wordlines, crossbar.bitlines)
    found = []
    for layer, grid in zip(layers, grids, strict=True):
        shapes = TileShapes.of(layer, grid, accelerator)
        crossbars = np.empty_like(shapes.of_tile)
        for number, (height, width, count) in enumerate(shapes.counts()):
            runs = pool.place_all(height, width, height * width, count)
            if runs is None:
                return None
            crossbars[shapes.of_tile == number] = np.concatenate(
                [np.arange(run.crossbar, run.crossbar + run.length) for run in runs]
            )
        found.append(crossbars)
    return found
