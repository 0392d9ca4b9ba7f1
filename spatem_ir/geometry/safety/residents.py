"""What may be in the buffers of which PEs: pieces that are read there, and sums that meet there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.network.links import axes_of, is_aligned, read_positions, source_slices
from spatem_ir.geometry.shapes.distinct import distinct_rows
from spatem_ir.geometry.shapes.grid import Grid, TileCoordinates
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.placement import Placement
from spatem_ir.geometry.shapes.window import PADDING
from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ELEMENTS_AT_ONCE = 1 << 22
"""Positions in the buffers of PEs that are looked at together."""


@dataclass(frozen=True)
class Deployed:
    """A network on a chip: tiles in physical crossbars, homes [slices, positions], merge places.

    Placements and merge places are given by the names of layers, homes by the numbers of nodes.
    """

    dataflow: Dataflow
    accelerator: Accelerator
    placements: Mapping[str, Placement]
    homes: Mapping[int, Ints]
    merges: Mapping[str, tuple[str, ...]]

    def buffers_at(self, pes: Ints) -> Ints:
        """The PEs in whose buffers is what some PEs read and write."""
        return self.accelerator.components.memory.holder(pes)

    def buffers_of(self, crossbars: Ints) -> Ints:
        """The PEs in whose buffers is what some crossbars read."""
        return self.buffers_at(crossbars // self.accelerator.crossbars_per_pe)


class Residents(NamedTuple):
    """Bytes that a position of a node can have in the buffers of PEs, never too few.

    Attributes:
        pes: shape [PEs], ascending.
        bytes: shape [PEs, positions].
        readers: the numbers of the nodes that read the pieces; of sums, the node itself.
        reads: which of them do so at which PE: shape [PEs, readers].
    """

    pes: Ints
    bytes: NDArray[np.int32]
    readers: tuple[int, ...]
    reads: Bools


class _Reads(NamedTuple):
    """Slices [PEs, slices] and positions [PEs, positions] of a node that are read at some PEs."""

    pes: Ints
    slices: Bools
    positions: Bools


def resident_pieces(deployed: Deployed, node: Node) -> Residents:
    """The pieces of a node in the buffers of the PEs that read them."""
    readers = deployed.dataflow.readers(node)
    several = [_reads(deployed, node, reader) for reader in readers]
    numbers = tuple(reader.number for reader in readers)
    sizes = np.array([node.piece_bytes(part) for part in range(len(node.slices))])
    if len(several) == 1:
        pes, read_slices, positions = several[0]
        held = np.where(positions, (read_slices @ sizes).astype(np.int32)[:, None], 0)
        return Residents(pes, held, numbers, np.ones((len(pes), 1), bool))
    pes = np.unique(np.concatenate([np.empty(0, np.int64), *(read.pes for read in several)]))
    held = np.zeros((len(pes), node.positions), np.int32)
    slices = np.zeros((len(pes), len(sizes)), bool)
    reads = np.zeros((len(pes), len(readers)), bool)
    for number, read in enumerate(several):
        here = np.searchsorted(pes, read.pes)
        held[here] += np.where(read.positions, (read.slices @ sizes).astype(np.int32)[:, None], 0)
        slices[here] |= read.slices
        reads[here, number] = True
    held = np.minimum(held, (slices @ sizes).astype(np.int32)[:, None])
    return Residents(pes, held, numbers, reads)


def _reads(deployed: Deployed, node: Node, reader: Node) -> _Reads:
    """What a reader reads of a node at which PEs."""
    if reader.kind is NodeKind.LAYER:
        if reader.name not in deployed.placements:
            return _Reads(
                np.empty(0, np.int64),
                np.empty((0, len(node.slices)), bool),
                np.empty((0, node.positions), bool),
            )
        return _layer_reads(deployed, node, reader)
    return _digital_reads(deployed, node, reader)


def _layer_reads(deployed: Deployed, node: Node, reader: Node) -> _Reads:
    layer, grid = reader.partitioned
    placed = deployed.placements[reader.name]
    pes, where = _used(deployed.buffers_of(placed.crossbars))
    at = grid.coordinates(placed.tiles)
    operand = reader.operands[0]
    read = source_slices(node, operand, deployed.dataflow, _operand_channels(layer, grid))
    parts = np.zeros((len(pes), len(read)), np.float32)
    parts[where, at.matrix * grid.hwm + at.row] = 1
    slices = parts @ read.astype(np.float32) > 0
    if not is_aligned(operand, node):
        return _Reads(pes, slices, np.ones((len(pes), node.positions), bool))
    reading = windows_visited(reader, at.matrix, at.copy, where, len(pes))
    return _Reads(pes, slices, _read_by_sets(reading, reader, 0))


def _operand_channels(layer: Layer, grid: Grid) -> Ints:
    """The channels [first, last) that row parts of matrices read: [matrices · hwm, 2]."""
    matrix, row = (index.reshape(-1) for index in np.indices((grid.matrices(layer), grid.hwm)))
    none = np.zeros_like(row)
    height, _ = grid.extents(layer, TileCoordinates(matrix, none, none, row, none))
    per_matrix = 0 if layer.region is not None else grid.joined * layer.rows
    first = matrix * per_matrix + row * grid.tile_rows
    kernel = layer.window.kernel[0] * layer.window.kernel[1]
    return np.stack([first // kernel, -(-(first + height) // kernel)], axis=1)


def _used(numbers: Ints) -> tuple[Ints, Ints]:
    """The different ones of some numbers, ascending, and where each number is among them."""
    used = np.bincount(numbers.reshape(-1)) > 0
    return np.flatnonzero(used), (np.cumsum(used) - 1)[numbers]


def windows_visited(node: Node, matrix: Ints, copy: Ints, groups: Ints, count: int) -> Bools:
    """The output positions to which tiles of a layer add: shape [groups, positions].

    Tiles of so many groups are given by matrix, copy and the number of their group.
    """
    layer, grid = node.partitioned
    regions = 1 if layer.region is None else layer.matrices
    has = np.zeros((count, regions, grid.iw), bool)
    has[groups, matrix % regions, copy] = True
    return _by_position(node, has)


def _by_position(node: Node, by_copy: NDArray[Any]) -> NDArray[Any]:
    """What is said of the copies of a layer, said of the positions to which each copy adds.

    Only copies of different regions of a locally connected layer are told apart, all others are
    alike for all matrices: from shape [groups, regions, copies] to shape [groups, positions].
    """
    layer, grid = node.partitioned
    by_window = by_copy[:, :, grid.copy_of_window(layer, np.arange(layer.windows))]
    if layer.region is None:
        return by_window[:, 0]
    by_position = np.empty((len(by_copy), node.positions), by_copy.dtype)
    by_position[:, grid.positions_by_matrix(layer)] = by_window
    return by_position


def _read_by_sets(reading: Bools, reader: Node, operand: int) -> Bools:
    """The positions of an operand read by sets of results; equal sets are looked at once."""
    first, numbers = distinct_rows(np.packbits(reading, axis=1))
    return read_positions(reading[first], *axes_of(reader, operand))[numbers]


def _digital_reads(deployed: Deployed, node: Node, reader: Node) -> _Reads:
    homes = deployed.buffers_at(deployed.homes[reader.number])
    pes, where = _used(homes)
    by_part = np.zeros((len(pes), len(homes)), bool)
    by_part[where, np.arange(len(homes))[:, None]] = True
    by_position = np.zeros((len(pes), reader.positions), bool)
    by_position[where, np.arange(reader.positions)] = True
    slices = np.zeros((len(pes), len(node.slices)), bool)
    read = np.zeros((len(pes), node.positions), bool)
    for number, operand in enumerate(reader.operands):
        if node.number not in operand.sources:
            continue
        by_slice = source_slices(node, operand, deployed.dataflow, _channels(reader, number))
        slices |= by_part.astype(np.float32) @ by_slice.astype(np.float32) > 0
        if is_aligned(operand, node):
            read |= _read_by_sets(by_position, reader, number)
        else:
            read[:] = True
    return _Reads(pes, slices, read)


def _channels(reader: Node, operand: int) -> Ints:
    """The operand's channels [first, last) that slices of a digital operator read: [slices, 2]."""
    read = reader.reaches[operand].channels.indices()
    beyond = reader.operands[operand].shape[0]
    first = np.where(read == PADDING, beyond, read).min(axis=1)
    last = np.maximum.reduceat(read.max(axis=1), reader.slices)
    return np.stack((np.minimum.reduceat(first, reader.slices), last + 1), axis=1)


def meeting_sums(deployed: Deployed, node: Node) -> Residents:
    """The partial sums of a layer that meet in PEs and at home (rule R5)."""
    _, grid = node.partitioned
    table = np.zeros((deployed.accelerator.pes, node.positions), np.int32)
    if node.name in deployed.placements and grid.hwm * grid.ib > 1:
        _add_meetings(table, deployed, node)
    pes = np.flatnonzero(table.any(axis=1))
    held = table if len(pes) == len(table) else table[pes]
    return Residents(pes, held, (node.number,), np.ones((len(pes), 1), bool))


def _add_meetings(table: NDArray[np.int32], deployed: Deployed, node: Node) -> None:
    """Add the bytes of a layer's partial sums that meet to a table of shape [PEs, positions].

    Tiles that add to the same pieces are a block: those of a matrix, copy and column part.
    """
    layer, grid = node.partitioned
    accelerator, placed = deployed.accelerator, deployed.placements[node.name]
    regions = 1 if layer.region is None else layer.matrices
    blocks, units = placed.tiles // (grid.hwm * grid.ib), placed.crossbars
    at = grid.coordinates(np.arange(0, grid.tiles(layer), grid.hwm * grid.ib))
    part = grid.slice_of(layer, at.matrix, at.column)
    accumulation, together = accelerator.components.accumulation, 1
    sizes = node.slice_sizes[part] * accumulation.sum_bytes
    for place in deployed.merges[node.name]:
        in_buffer = accumulation.adders(place).in_buffer
        if place == "home":
            if not in_buffer:
                return
            met = np.bincount(blocks, minlength=len(sizes))
            amounts = np.zeros((len(node.slices), regions, grid.iw), np.int32)
            held = np.where(met > 1, accumulation.held(met), 0)
            amounts[part, at.matrix % regions, at.copy] = held * sizes
            homes = deployed.buffers_at(deployed.homes[node.number])
            np.add.at(table, (homes, np.arange(node.positions)), _by_position(node, amounts))
            return
        units = units * together // accumulation.crossbars_at(place)
        together = accumulation.crossbars_at(place)
        sources, counts = np.unique(blocks * accelerator.crossbars + units, return_counts=True)
        blocks, units = np.divmod(sources, accelerator.crossbars)
        if not in_buffer:
            continue
        pes, where = _used(units * together // accelerator.crossbars_per_pe)
        amounts = np.zeros((len(pes), regions, grid.iw), np.int32)
        met = np.where(counts > 1, counts, 0) * sizes[blocks]
        np.add.at(amounts, (where, at.matrix[blocks] % regions, at.copy[blocks]), met)
        pes_at_once = max(1, ELEMENTS_AT_ONCE // node.positions)
        for first in range(0, len(pes), pes_at_once):
            some = slice(first, first + pes_at_once)
            table[pes[some]] += _by_position(node, amounts[some])
