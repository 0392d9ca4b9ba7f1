"""Layers as arrays: tiles, operands, their instances on PEs, and where partial sums meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow, Node
from spatem_ir.geometry.shapes.grid import Deal, Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.runtime.machine.fast.elaborate.readers import ReadRows
from spatem_ir.runtime.machine.fast.elaborate.rows import KnownRows, Rows
from spatem_ir.runtime.machine.fast.records import TILE, Int64s, Records


@dataclass
class Instances(ReadRows):
    """The operands of a tile's ordinals on a PE: rows of pieces, and how often each is read.

    Instance n of one entry is row ``first_row + n · step``.
    """

    reads: Int64s


@dataclass
class Layers:
    """The tables of all layers, filled layer by layer.

    `ordinals` are those of pieces, `windows` how many each tile has.
    """

    tiles: Records
    ordinals: NDArray[np.int32]
    positions: list[Int64s] = field(default_factory=list)
    windows: list[Int64s] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)
    instances: list[Instances] = field(default_factory=list)
    first_row: int = 0
    first_position: int = 0
    first_instance: int = 0
    meetings: int = 0


def layers_of(
    dataflow: Dataflow,
    accelerator: Accelerator,
    merges: Mapping[str, tuple[str, ...]],
    first_tiles: dict[str, int],
    crossbar_of_tile: Int64s,
    known: KnownRows,
) -> Layers:
    """The tables of all layers, whose tiles are on the given crossbars."""
    tables = Layers(
        np.zeros(len(crossbar_of_tile), TILE).view(np.recarray),
        np.zeros(dataflow.first_pieces[-1], np.int32),
    )
    for node in dataflow.layers:
        assert node.layer is not None and node.grid is not None
        first = first_tiles[node.name]
        span = slice(first, first + node.grid.tiles(node.layer))
        builder = _LayerBuilder(tables, dataflow, node, accelerator, known)
        builder.add(tables.tiles[span], crossbar_of_tile[span], merges[node.name])
    return tables


class _LayerBuilder:
    """Adds the tiles, windows and operands of one layer to the tables."""

    def __init__(
        self,
        tables: Layers,
        dataflow: Dataflow,
        node: Node,
        accelerator: Accelerator,
        known: KnownRows,
    ):
        assert node.layer is not None and node.grid is not None
        self.tables = tables
        self.dataflow = dataflow
        self.node = node
        self.accelerator = accelerator
        self.known = known
        self.layer: Layer = node.layer
        self.grid: Grid = node.grid
        copies = np.arange(self.grid.iw)
        self.first_windows = self.grid.dealt_window(self.layer, copies, np.zeros_like(copies))
        self.counts = self.grid.window_counts(self.layer)
        self.step = self.grid.window_step

    def add(self, tiles: Records, crossbars: Int64s, places: tuple[str, ...]) -> None:
        """Add a record for each of the layer's tiles, which sit in `crossbars`: shape [tiles]."""
        layer, grid, tables = self.layer, self.grid, self.tables
        at = grid.coordinates(np.arange(len(tiles)))
        windows = layer.windows
        tiles.crossbar = crossbars
        tiles.pe = crossbars // self.accelerator.crossbars_per_pe
        tiles.cu = crossbars // self.accelerator.crossbars_per_cu
        tiles.node = self.node.number
        tiles.bit = at.bit
        tiles.first_window = self.first_windows[at.copy]
        tiles.window_step = self.step
        tables.windows.append(self.counts[at.copy])
        tiles.bytes = grid.operand_bytes(layer, at)
        tiles.operations = grid.visit_operations(layer, at, self.accelerator)
        local = layer.region is not None
        tiles.positions = tables.first_position + at.matrix * windows * local
        parts = grid.slice_of(layer, at.matrix, at.column)
        first = self.dataflow.first_pieces[self.node.number]
        tiles.first_piece = first + parts * self.node.positions
        tiles.values = self.node.slice_sizes[parts]
        self.add_positions(parts)
        rows = tables.first_row + (at.matrix * grid.hwm + at.row) * windows + tiles.first_window
        self.add_instances(
            tiles, (at.matrix * grid.iw + at.copy) * grid.hwm + at.row, at.copy, rows
        )
        self.add_meetings(
            tiles, (at.matrix * grid.iw + at.copy) * grid.wwm + at.column, at.copy, places
        )
        tables.rows.append(self.known.of_layer(self.dataflow, self.node))
        tables.first_row += grid.matrices(layer) * grid.hwm * windows

    def add_positions(self, parts: Int64s) -> None:
        """The positions of windows, and the ordinals that pieces have."""
        layer, grid, tables = self.layer, self.grid, self.tables
        windows = np.arange(layer.windows)
        if grid.deal is Deal.CYCLIC:
            ordinals = windows // grid.iw
        else:
            ordinals = windows % grid.windows_per_copy(layer)
        first = self.dataflow.first_pieces[self.node.number]
        by_part = tables.ordinals[first : first + self.node.pieces]
        by_part = by_part.reshape(-1, self.node.positions)
        matrices = layer.matrices if layer.region is not None else 1
        positions = layer.positions_by_matrix()[:matrices].reshape(-1)
        by_part[:, positions] = np.tile(ordinals, matrices)
        tables.positions.append(positions)
        tables.first_position += len(positions)

    def add_instances(self, tiles: Records, group: Int64s, copy: Int64s, rows: Int64s) -> None:
        """Operands on PEs: tiles of one row and copy differ in columns and bits only.

        `rows` are those of the operands of the tiles' first visits.
        """
        tables = self.tables
        pes = self.accelerator.components.memory.holder(tiles.pe)
        keys = pes.astype(np.int64) * (group.max() + 1) + group
        _, index, inverse, reads = np.unique(
            keys, return_index=True, return_inverse=True, return_counts=True
        )
        counts = self.counts[copy[index]]
        firsts = tables.first_instance + np.cumsum(counts) - counts
        tiles.instance = firsts[inverse]
        tables.instances.append(
            Instances(pes[index], rows[index], np.full(len(index), self.step), counts, reads)
        )
        tables.first_instance += int(counts.sum())

    def add_meetings(
        self, tiles: Records, block: Int64s, copy: Int64s, places: tuple[str, ...]
    ) -> None:
        """R5: how many contributions to a piece meet in each CU, in each PE and at home.

        Tiles of one block (matrix, copy, column part) contribute to the same pieces.
        """
        tiles.through_cu = "cu" in places
        tiles.through_pe = "pe" in places
        source = np.arange(len(tiles))
        blocks = block.max() + 1
        for place, through in (("cu", "cu" in places), ("pe", "pe" in places)):
            if not through:
                continue
            keys = tiles[place].astype(np.int64) * blocks + block
            unique, index, meeting = np.unique(keys, return_index=True, return_inverse=True)
            met = np.zeros(len(unique), np.int64)
            np.add.at(met, meeting[np.unique(source, return_index=True)[1]], 1)
            tiles[f"at_{place}"] = met[meeting]
            counters = np.where(met > 1, self.counts[copy[index]], 0)
            firsts = self.tables.meetings + np.cumsum(counters) - counters
            tiles[f"{place}_meeting"] = firsts[meeting]
            self.tables.meetings += int(counters.sum())
            source = meeting
        at_home = np.zeros(blocks, np.int64)
        np.add.at(at_home, block[np.unique(source, return_index=True)[1]], 1)
        tiles.at_home = at_home[block]
