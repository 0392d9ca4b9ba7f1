"""What may be in the buffers of which PEs: pieces that are read there, and sums that meet there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.grid import Grid
from spatem_ir.geometry.latency import PARTIAL_SUM_BYTES
from spatem_ir.geometry.layer import Layer
from spatem_ir.geometry.links import axes_of, is_aligned, read_positions, source_slices
from spatem_ir.geometry.placement import Placement
from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


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
    layer, grid = _partitioned(reader)
    placed = deployed.placements[reader.name]
    tile_pes = placed.crossbars // deployed.accelerator.crossbars_per_pe
    used = np.bincount(tile_pes) > 0
    pes, where = np.flatnonzero(used), (np.cumsum(used) - 1)[tile_pes]
    at = grid.coordinates(placed.tiles)
    operand = reader.operands[0]
    kernel = layer.window.kernel[0] * layer.window.kernel[1]
    base = 0 if layer.region is not None else layer.input_shape[0] // layer.groups
    bounds = np.array([grid.row_range(layer, row) for row in range(grid.hwm)])
    by_row = np.stack([bounds[:, 0] // kernel, -(-bounds[:, 1] // kernel)], axis=1)
    channels = (np.arange(layer.matrices) * base)[:, None, None] + by_row
    read = source_slices(node, operand, deployed.dataflow, channels.reshape(-1, 2))
    parts = np.zeros((len(pes), len(read)), np.float32)
    parts[where, at.matrix * grid.hwm + at.row] = 1
    slices = parts @ read.astype(np.float32) > 0
    if not is_aligned(operand, node):
        return _Reads(pes, slices, np.ones((len(pes), node.positions), bool))
    reading = windows_visited(reader, at.matrix, at.copy, where, len(pes))
    return _Reads(pes, slices, _read_by_sets(reading, reader, 0))


def windows_visited(node: Node, matrix: Ints, copy: Ints, groups: Ints, count: int) -> Bools:
    """The output positions to which tiles of a layer add: shape [groups, positions].

    Tiles of so many groups are given by matrix, copy and the number of their group.
    """
    layer, grid = _partitioned(node)
    local = layer.region is not None
    matrices = layer.matrices if local else 1
    has = np.zeros((count, matrices, grid.iw), bool)
    has[groups, matrix if local else 0, copy] = True
    copies = grid.copy_of_window(layer, np.arange(layer.windows))
    visited = np.zeros((count, node.positions), bool)
    for number in range(matrices):
        visited[:, layer.window_positions(number)] = has[:, number, copies]
    return visited


def _read_by_sets(reading: Bools, reader: Node, operand: int) -> Bools:
    """The positions of an operand read by sets of results; equal sets are looked at once."""
    number_of: dict[bytes, int] = {}
    packed = np.packbits(reading, axis=1)
    numbers = [number_of.setdefault(row.tobytes(), len(number_of)) for row in packed]
    _, first = np.unique(numbers, return_index=True)
    return read_positions(reading[first], *axes_of(reader, operand))[numbers]


def _digital_reads(deployed: Deployed, node: Node, reader: Node) -> _Reads:
    homes = deployed.homes[reader.number]
    pes, where = np.unique(homes, return_inverse=True)
    where = where.reshape(homes.shape)
    parts, positions = np.indices(homes.shape)
    by_part = np.zeros((len(pes), len(homes)), bool)
    by_part[where, parts] = True
    by_position = np.zeros((len(pes), reader.positions), bool)
    by_position[where, positions] = True
    slices = np.zeros((len(pes), len(node.slices)), bool)
    read = np.zeros((len(pes), node.positions), bool)
    for number, operand in enumerate(reader.operands):
        if node.number not in operand.sources:
            continue
        channels = np.array([_channels(reader, number, part) for part in range(len(homes))])
        by_slice = source_slices(node, operand, deployed.dataflow, channels)
        slices |= by_part.astype(np.int64) @ by_slice > 0
        if is_aligned(operand, node):
            read |= _read_by_sets(by_position, reader, number)
        else:
            read[:] = True
    return _Reads(pes, slices, read)


def _channels(reader: Node, operand: int, part: int) -> tuple[int, int]:
    """The operand's channels [first, last) that a slice of a digital operator reads."""
    first = reader.slices[part]
    read = reader.reaches[operand].channels.indices()[first : first + reader.slice_channels(part)]
    inside = read[read >= 0]
    return (int(inside.min()), int(inside.max()) + 1) if len(inside) else (0, 0)


def meeting_sums(deployed: Deployed, node: Node) -> Residents:
    """The partial sums of a layer that meet in PEs and at home (rule R5)."""
    accelerator = deployed.accelerator
    parts = list(_meetings(deployed, node))
    table = np.zeros((accelerator.pes, node.positions), np.int32)
    for pes, positions, amounts in parts:
        np.add.at(table, (pes, positions), amounts)
    pes = np.flatnonzero(table.any(axis=1))
    return Residents(pes, table[pes], (node.number,), np.ones((len(pes), 1), bool))


def _meetings(deployed: Deployed, node: Node) -> Iterator[tuple[Ints, Ints, Ints]]:
    """PEs, positions and bytes of the partial sums of each block that meet there.

    A block are the tiles that add to the same pieces: those of a matrix, copy and column part.
    """
    layer, grid = _partitioned(node)
    accelerator, placed = deployed.accelerator, deployed.placements.get(node.name)
    if placed is None:
        return
    blocks, units = placed.tiles // (grid.hwm * grid.ib), placed.crossbars
    units_per_pe = accelerator.crossbars_per_pe
    at = grid.coordinates(np.arange(layer.matrices * grid.iw * grid.wwm) * (grid.hwm * grid.ib))
    bounds = np.array([grid.column_range(layer, column) for column in range(grid.wwm)])
    sizes = ((bounds[:, 1] - bounds[:, 0]) * PARTIAL_SUM_BYTES)[at.column]
    homes = deployed.homes[node.number]
    for place in deployed.merges[node.name]:
        if place == "home":
            counts = np.bincount(blocks, minlength=len(sizes))
            met = np.flatnonzero(counts > 1)
            for block in met.tolist():
                positions = _positions(layer, grid, int(at.matrix[block]), int(at.copy[block]))
                part = grid.slice_of(layer, int(at.matrix[block]), int(at.column[block]))
                amount = np.full(len(positions), counts[block] * sizes[block])
                yield homes[part, positions], positions, amount
            return
        per_unit = accelerator.cu.crossbars if place == "cu" else units_per_pe
        units, units_per_pe = units // per_unit, units_per_pe // per_unit
        sources, counts = np.unique(blocks * accelerator.crossbars + units, return_counts=True)
        blocks, units = np.divmod(sources, accelerator.crossbars)
        if place == "cu":
            continue
        shared = counts > 1
        amounts = counts * sizes[blocks]
        group = (units * layer.matrices + at.matrix[blocks]) * grid.iw + at.copy[blocks]
        numbers, where = np.unique(group[shared], return_inverse=True)
        total = np.bincount(where.reshape(-1), weights=amounts[shared]).astype(np.int64)
        for number, amount in zip(numbers.tolist(), total.tolist(), strict=True):
            rest, copy = divmod(number, grid.iw)
            pe, matrix = divmod(rest, layer.matrices)
            positions = _positions(layer, grid, matrix, copy)
            yield np.full(len(positions), pe), positions, np.full(len(positions), amount)


def _positions(layer: Layer, grid: Grid, matrix: int, copy: int) -> Ints:
    """The output positions of the windows that are dealt to a copy of a matrix."""
    windows = grid.copy_windows(layer, copy)
    return layer.window_positions(matrix)[windows.start : windows.stop : windows.step]


def _partitioned(node: Node) -> tuple[Layer, Grid]:
    assert node.layer is not None and node.grid is not None
    return node.layer, node.grid
