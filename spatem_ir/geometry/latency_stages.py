"""Where a layer's tiles keep the machine busy: the stages that each of its windows passes.

A window of a layer is fetched, computed, merged in CUs and PEs, sent home as partial sums, merged
there and activated.  `StageCycles` has the cycles of each of these stages, once for a window alone
and once for a round, one window of every copy, on the PE, CU or link that has most to do.  They
follow from the places of the tiles by the machine's rules [P: SPATEM counts computation and
communication; R: the formulas].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.grid import operand_bytes, ou_operations
from spatem_ir.geometry.latency import PARTIAL_SUM_BYTES
from spatem_ir.geometry.packing import CrossbarPool
from spatem_ir.geometry.placement import Placement

if TYPE_CHECKING:
    from spatem_ir.geometry.grid import Grid
    from spatem_ir.geometry.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class StageCycles:
    """Digital cycles that each stage takes where most is to do.

    Attributes:
        fetch: operands over the port of a PE; tiles of a CU that read the same share one (R2, R3).
        merge: contributions to column blocks on the adders of a CU, and of a PE and home (R5).
        packets: partial sums on the link into a home PE (R5, R8).
        activate: column blocks on the activation units of their home (R6).
    """

    fetch: int
    merge_in_cu: int
    merge_in_pe: int
    packets: int
    activate: int

    @property
    def longest(self) -> int:
        """The stage that limits how often windows can follow each other."""
        return max(self.fetch, self.merge_in_cu, self.merge_in_pe, self.packets, self.activate)

    @property
    def total(self) -> int:
        """All stages one after the other."""
        return self.fetch + self.merge_in_cu + self.merge_in_pe + self.packets + self.activate


@dataclass(frozen=True)
class LayerStages:
    """A layer on the machine.

    Attributes:
        visit: cycles of a visit to a full tile (R1).
        window: stages of a window alone.
        round: stages of one window of each copy at once.
        pes: PEs that hold tiles.
        pes_per_copy: PEs that hold tiles of a copy, on average.
        partial_sum_bytes: bytes of all packets of partial sums.
    """

    visit: int
    window: StageCycles
    round: StageCycles
    pes: int
    pes_per_copy: float
    partial_sum_bytes: int


def layer_stages(
    layer: Layer, grid: Grid, crossbars: Ints, accelerator: Accelerator
) -> LayerStages:
    """The stages of a layer whose tile n is in crossbar `crossbars[n]`: shape [tiles]."""
    columns = grid.tile_columns
    bits = grid.tile_bits(layer)
    operations = ou_operations(accelerator, grid.tile_rows, columns, layer.weight_bits, bits)
    at = grid.coordinates(np.arange(len(crossbars)))
    copy = at.matrix * grid.iw + at.copy
    block = copy * grid.wwm + at.column
    operand = (copy * grid.hwm + at.row) * grid.ib + at.bit
    cu = crossbars // accelerator.cu.crossbars
    pe = crossbars // accelerator.crossbars_per_pe

    size = operand_bytes(grid.tile_rows, bits)
    fetch = -(-size // accelerator.pe.port_bytes_per_cycle)
    in_cu = -(-columns // accelerator.cu.adders_per_cycle)
    in_pe = -(-columns // accelerator.pe.adders_per_cycle)
    packet = -(-columns * PARTIAL_SUM_BYTES // accelerator.noc.link_bytes_per_cycle)
    activate = -(-columns // accelerator.pe.activations_per_cycle)

    fetches = _distinct(cu, operand)
    fetch_pe = fetches[0] // accelerator.pe.compute_units
    cu_blocks = _distinct(cu, block, count=True)
    meeting = cu_blocks[2] > 1
    pe_blocks = _distinct(cu_blocks[0] // accelerator.pe.compute_units, cu_blocks[1], count=True)
    meeting_in_pe = pe_blocks[2] > 1
    home, senders = _homes(pe_blocks[1], pe_blocks[0], pe_blocks[2])
    remote = senders - 1

    def stages(by_copy: bool) -> StageCycles:
        """The stages of the busiest copy alone, or of all copies at once."""

        def busiest(places: Ints, of_block: Ints, weights: Ints) -> int:
            keys = places
            if by_copy:
                keys = places * (int(copy.max()) + 1) + of_block // grid.wwm
            if not len(keys):
                return 0
            order = np.argsort(keys, kind="stable")
            ordered = keys[order]
            first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
            return int(np.add.reduceat(weights[order], first).max())

        operand_copy = fetches[1] // (grid.hwm * grid.ib) * grid.wwm
        pe_merges = np.where(meeting_in_pe, pe_blocks[2], 0)
        blocks = np.arange(len(home))
        home_merges = np.where(remote > 0, senders, 0)
        return StageCycles(
            fetch=fetch * busiest(fetch_pe, operand_copy, np.ones_like(fetch_pe)),
            merge_in_cu=in_cu
            * busiest(cu_blocks[0], cu_blocks[1], np.where(meeting, cu_blocks[2], 0)),
            merge_in_pe=in_pe
            * busiest(
                np.concatenate([pe_blocks[0], home]),
                np.concatenate([pe_blocks[1], blocks]),
                np.concatenate([pe_merges, home_merges]),
            ),
            packets=packet * busiest(home, blocks, remote),
            activate=activate * busiest(home, blocks, np.ones_like(home)),
        )

    return LayerStages(
        visit=operations * accelerator.ou.cycles,
        window=stages(by_copy=True),
        round=stages(by_copy=False),
        pes=len(np.unique(pe)),
        pes_per_copy=len(_distinct(pe, copy)[0]) / (layer.matrices * grid.iw),
        partial_sum_bytes=int(remote.sum())
        * columns
        * PARTIAL_SUM_BYTES
        * layer.windows
        // grid.iw,
    )


def _distinct(places: Ints, items: Ints, *, count: bool = False) -> tuple[Ints, ...]:
    """The distinct (place, item) pairs, ascending; with `count`, also how often each occurs."""
    width = int(items.max()) + 1
    pairs = np.sort(places * width + items, kind="stable")
    first = np.flatnonzero(np.append(True, pairs[1:] != pairs[:-1]))
    place, item = np.divmod(pairs[first], width)
    return (place, item, np.diff(first, append=len(pairs))) if count else (place, item)


def _homes(block: Ints, pe: Ints, tiles: Ints) -> tuple[Ints, Ints]:
    """The home PE of each block, the first of those that hold most of it, and its PEs' number."""
    order = np.lexsort((pe, -tiles, block))
    _, first, counts = np.unique(block[order], return_index=True, return_counts=True)
    return pe[order][first], counts


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
        tiles = np.arange(grid.tiles(layer))
        heights, widths = Placement(tiles, tiles, tiles, tiles).extents(layer, grid, accelerator)
        crossbars = np.empty_like(tiles)
        shape = heights * (crossbar.bitlines + 1) + widths
        for key in sorted(
            np.unique(shape).tolist(), key=lambda key: -_area(key, crossbar.bitlines)
        ):
            height, width = divmod(key, crossbar.bitlines + 1)
            alike = np.flatnonzero(shape == key)
            runs = pool.place_all(height, width, height * width, len(alike))
            if runs is None:
                return None
            crossbars[alike] = np.concatenate(
                [np.arange(run.crossbar, run.crossbar + run.length) for run in runs]
            )
        found.append(crossbars)
    return found


def _area(shape: int, bitlines: int) -> int:
    """The cells of a shape given as height · (bitlines + 1) + width."""
    height, width = divmod(shape, bitlines + 1)
    return height * width
