"""Bytes that a PE's buffer must hold at once, whatever the timing (rule R10 of the machine).

All pieces of an operand, or of what a digital operator reads for one result, are in the buffer at
the same time, and so are all partial sums that meet in a PE or at home.  These are lower bounds on
the peak of the buffer: whether more is in it at the same time depends on the timing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.network.links import axes_of, is_aligned
from spatem_ir.geometry.shapes.window import PADDING

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class BufferNeed:
    """Bytes that a PE must hold at once, and what they are; without a PE, any that it may be."""

    pe: int | None
    bytes: int
    what: str


def piece_bytes(dataflow: Dataflow) -> Ints:
    """The bytes of every piece of a network; a last entry 0 stands for padding."""
    parts = [
        np.repeat([node.piece_bytes(part) for part in range(len(node.slices))], node.positions)
        for node in dataflow.nodes
    ]
    return np.append(np.concatenate(parts), 0)


def most_read(dataflow: Dataflow, node: Node) -> int:
    """Bytes that a node never exceeds with what it reads for one result or window.

    That is all channels of as many positions as it reads of each operand, or all of the operand.
    """
    total = 0
    for number, operand in enumerate(node.operands):
        rows, columns = axes_of(node, number)
        positions = rows.kernel * columns.kernel
        for source in map(dataflow.nodes.__getitem__, operand.sources):
            read = source.positions
            if is_aligned(operand, source):
                read = min(read, positions)
            total += read * sum(map(source.piece_bytes, range(len(source.slices))))
    return total


def operand_needs(
    dataflow: Dataflow,
    node: Node,
    more_than: int,
    placed: Placement | None = None,
    accelerator: Accelerator | None = None,
) -> Iterator[BufferNeed]:
    """The largest operand of each row part of a layer's matrices, if larger than `more_than` bytes.

    `placed`, in physical crossbars of an accelerator, says at which PEs they are read.
    """
    layer, grid = node.partitioned
    if grid.operand_rows * _largest_piece(dataflow, node) <= more_than:
        return
    sizes = piece_bytes(dataflow)
    pieces = np.append(dataflow.operand_pieces(node), PADDING)
    for matrix in range(grid.matrices(layer)):
        read = pieces[grid.operand_elements(layer, matrix)]
        for row in range(grid.hwm):
            needed = _distinct_bytes(read[:, grid.operand_part(row)], sizes)
            window = int(np.argmax(needed))
            if needed[window] <= more_than:
                continue
            first, stop, _ = grid.operand_part(row).indices(read.shape[1])
            what = f"the operand of window {window} of @{node.name}, rows {first} to {stop - 1},"
            for pe in _reading_pes(node, matrix, row, window, placed, accelerator):
                yield BufferNeed(pe, int(needed[window]), what)


def _reading_pes(
    node: Node,
    matrix: int,
    row: int,
    window: int,
    placed: Placement | None,
    accelerator: Accelerator | None,
) -> list[int] | list[None]:
    """The PEs in whose buffers a window's operand is read; a None where places are not known."""
    if placed is None or accelerator is None:
        return [None]
    layer, grid = node.partitioned
    at = grid.coordinates(placed.tiles)
    copy = grid.copy_of_window(layer, np.array([window]))[0]
    reading = (at.matrix == matrix) & (at.row == row) & (at.copy == copy)
    pes = placed.crossbars[reading] // accelerator.crossbars_per_pe
    return np.unique(accelerator.components.memory.holder(pes)).tolist()


def digital_needs(
    dataflow: Dataflow, node: Node, more_than: int, homes: Ints | None = None
) -> Iterator[BufferNeed]:
    """What a digital operator reads at most for one piece of each slice, if over `more_than` bytes.

    `homes`, of shape [slices, positions], says at which PE.
    """
    largest = _largest_piece(dataflow, node)
    if sum(dataflow.nodes[source].pieces for source in node.sources) * largest <= more_than:
        return
    per_channel = sum(
        reach.channels.kernel * reach.rows.kernel * reach.columns.kernel for reach in node.reaches
    )
    parts = [
        part
        for part in range(len(node.slices))
        if node.slice_channels(part) * per_channel * largest > more_than
    ]
    if not parts:
        return
    sizes = piece_bytes(dataflow)
    pieces = np.append(dataflow.operand_pieces(node), PADDING)
    for part in parts:
        needed = _distinct_bytes(pieces[node.operand_windows(part)], sizes)
        position = int(np.argmax(needed))
        if needed[position] > more_than:
            pe = None if homes is None else int(homes[part, position])
            what = f"what position {position} of slice {part} of @{node.name} reads"
            yield BufferNeed(pe, int(needed[position]), what)


def _largest_piece(dataflow: Dataflow, node: Node) -> int:
    """The bytes of the largest piece that a node reads."""
    sources = [dataflow.nodes[source] for source in node.sources]
    return max(source.piece_bytes(part) for source in sources for part in range(len(source.slices)))


def _distinct_bytes(pieces: Ints, sizes: Ints) -> Ints:
    """The bytes of the different pieces in each row of a table."""
    ordered = np.sort(pieces, axis=1)
    distinct = np.diff(ordered, axis=1, prepend=PADDING) > 0
    return np.where(distinct, sizes[ordered], 0).sum(axis=1)


def merging_needs(
    node: Node,
    placed: Placement,
    places: tuple[str, ...],
    homes: Ints,
    accelerator: Accelerator,
    more_than: int = 0,
) -> Iterator[BufferNeed]:
    """Partial sums of a piece of a layer that meet in a PE (rule R5), over `more_than` bytes.

    Pieces to which the same tiles add are alike: one is reported.  `places` are those at which
    partial sums merge, of `cu`, `pe` and `home`; `homes` has shape [slices, positions].
    """
    layer, grid = node.partitioned
    blocks, units = placed.tiles // (grid.hwm * grid.ib), placed.crossbars
    accumulation, together = accelerator.components.accumulation, 1
    first = grid.coordinates(np.arange(0, grid.tiles(layer), grid.hwm * grid.ib))
    values = node.slice_sizes[grid.slice_of(layer, first.matrix, first.column)]
    for place in places:
        units = units * together // accumulation.crossbars_at(place)
        together = accumulation.crossbars_at(place)
        sources, counts = np.unique(blocks * accelerator.crossbars + units, return_counts=True)
        blocks, units = np.divmod(sources, accelerator.crossbars)
        if not accumulation.adders(place).in_buffer:
            continue
        needed = accumulation.held(counts) * values[blocks] * accumulation.sum_bytes
        for n in np.flatnonzero((counts > 1) & (needed > more_than)).tolist():
            block = int(blocks[n])
            matrix, copy, column, *_ = (int(index[block]) for index in first)
            window = grid.copy_windows(layer, copy)[0]
            pe = int(units[n]) * together // accelerator.crossbars_per_pe
            if place == "home":
                position = layer.window_positions(matrix)[window]
                pe = int(homes[grid.slice_of(layer, matrix, column), position])
            sums = f"{counts[n]} x {values[block]} partial sums"
            what = f"what meets for window {window} of @{node.name}, {sums},"
            yield BufferNeed(pe, int(needed[n]), what)


def needs(
    dataflow: Dataflow,
    accelerator: Accelerator,
    more_than: int,
    placements: dict[str, Placement] | None = None,
    homes: dict[int, Ints] | None = None,
    merges: dict[str, tuple[str, ...]] | None = None,
) -> Iterator[BufferNeed]:
    """All that a PE must hold at once and that takes more than so many bytes.

    Placements in physical crossbars, homes by node number and merges are given as far as they are
    decided.
    """
    if homes is not None:
        holder = accelerator.components.memory.holder
        homes = {number: holder(table) for number, table in homes.items()}
    for node in dataflow.nodes:
        reads_more = most_read(dataflow, node) > more_than
        if node.kind is NodeKind.LAYER:
            placed = None if placements is None else placements.get(node.name)
            if placements is not None and placed is None:
                continue
            if reads_more:
                yield from operand_needs(dataflow, node, more_than, placed, accelerator)
            if placed is not None and homes is not None and merges is not None:
                yield from merging_needs(
                    node, placed, merges[node.name], homes[node.number], accelerator, more_than
                )
        elif reads_more:
            home = None if homes is None else homes.get(node.number)
            yield from digital_needs(dataflow, node, more_than, home)
