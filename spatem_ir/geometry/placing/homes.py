"""Home PEs: where the partial sums of an output slice meet and its digital operators run.

The home of a (slice, position) is the PE that holds most of the tiles that feed it; ties are spread
round-robin over the PEs that tie.  A digital operator is at the PE at which most of its inputs
would be (a piece of padding alone, at which most inputs of its slice are), where inputs that all
positions read, which are sent to a PE once, do not count beside others.  A layer that only feeds
one pooling moves to that home, so that pooling needs no traffic (of overlapping windows the first
decides).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.network.piece_reads import PieceReads, piece_reads
from spatem_ir.geometry.shapes.equals import first_of_equals, lengths

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.placement import Placement

Ints = NDArray[np.int64]


def home_tables(
    dataflow: Dataflow,
    placements: dict[str, Placement],
    crossbars_per_pe: int,
    *,
    pool_at_home: bool = True,
) -> dict[str, Ints]:
    """The home PE of each (slice, position) of every layer and digital operator, by name.

    `placements` are in physical crossbars; `pool_at_home` moves layers to their pooling's home.
    """
    homes = np.zeros(dataflow.first_pieces[-1], np.int64)
    tables = [
        homes[first : first + node.pieces].reshape(len(node.slices), node.positions)
        for first, node in zip(dataflow.first_pieces[:-1], dataflow.nodes, strict=True)
    ]
    for node, table in zip(dataflow.nodes, tables, strict=True):
        if node.kind is NodeKind.LAYER:
            table[:] = layer_homes(node, placements[node.name], crossbars_per_pe)
        elif node.kind in (NodeKind.POOL, NodeKind.ACTIVATE):
            table[:] = operator_homes(dataflow, node, homes)
            if pool_at_home:
                _move_source(dataflow, node, tables)
    return {
        node.name: table
        for node, table in zip(dataflow.nodes, tables, strict=True)
        if node.kind not in (NodeKind.INPUT, NodeKind.OUTPUT)
    }


def layer_homes(node: Node, placed: Placement, crossbars_per_pe: int) -> Ints:
    """The PE that holds most tiles of each (slice, position) of a layer."""
    layer, grid = node.partitioned
    at = grid.coordinates(placed.tiles)
    blocks = (at.matrix * grid.iw + at.copy) * grid.wwm + at.column
    pes = placed.crossbars // crossbars_per_pe
    matrices = grid.matrices(layer)
    homes = plurality(blocks, pes, 1, np.arange(matrices * grid.iw * grid.wwm))
    homes = homes.reshape(matrices, grid.iw, grid.wwm)
    table = np.empty((len(node.slices), node.positions), np.int64)
    copies = grid.copy_of_window(layer, np.arange(layer.windows))
    for matrix in range(matrices):
        first = grid.slice_of(layer, matrix, 0)
        slices = slice(first, first + grid.wwm)
        table[slices, layer.window_positions(matrix)] = homes[matrix][copies].T
    return table


def operator_homes(dataflow: Dataflow, node: Node, homes: Ints) -> Ints:
    """The PE at which most inputs of each (slice, position) of a digital operator are.

    `homes` are those of all pieces of the network, as far as they are known.
    """
    reads = deciding(piece_reads(dataflow, node), node)
    pes = homes[reads.pieces]
    table = np.empty((len(node.slices), node.positions), np.int64)
    is_reader = np.zeros(table.shape, bool)
    is_reader.reshape(-1)[reads.readers] = True
    if not is_reader.all():
        table[:] = plurality(reads.readers // node.positions, pes, reads.elements, 0)[:, None]
    turns = np.arange(len(node.slices))[:, None] + np.cumsum(is_reader, axis=1) - 1
    table[is_reader] = plurality(reads.readers, pes, reads.elements, turns[is_reader])
    return table


def deciding(reads: PieceReads, node: Node) -> PieceReads:
    """The reads that decide the homes of an operator: those of pieces that not all positions read.

    Where a result has no such reads, all of its reads.
    """
    if node.positions == 1:
        return reads
    counts = np.bincount(reads.pieces)
    several = np.flatnonzero(counts[reads.pieces] >= node.positions)
    positions, pieces = reads.readers[several] % node.positions, reads.pieces[several]
    pairs = np.unique(pieces * node.positions + positions)
    is_common = np.zeros(len(counts), bool)
    is_common[np.bincount(pairs // node.positions, minlength=len(counts)) == node.positions] = True
    own = ~is_common[reads.pieces]
    has_own = np.zeros(node.pieces, bool)
    has_own[reads.readers[own]] = True
    decides = own | ~has_own[reads.readers]
    return PieceReads(*(column[decides] for column in reads))


def _move_source(dataflow: Dataflow, node: Node, tables: list[Ints]) -> None:
    """Move a layer whose only reader is the pooling `node` to the pooling's homes."""
    if node.kind is not NodeKind.POOL or len(node.sources) != 1:
        return
    (operand,), (reach,) = node.operands, node.reaches
    source = dataflow.nodes[operand.sources[0]]
    if source.kind is not NodeKind.LAYER or len(dataflow.readers(source)) != 1:
        return
    if operand.order is not None or operand.positions != source.positions:
        return
    windows = reach.positions()
    position, entry = np.nonzero(windows >= 0)
    reader = np.full(source.positions, len(windows))
    np.minimum.at(reader, windows[position, entry], position)
    read = reader < len(windows)
    tables[source.number][:, read] = tables[node.number][:, reader[read]]


def plurality(groups: Ints, pes: Ints, counts: Ints | int, turns: Ints | int) -> Ints:
    """The PE that most of each group's members are at, of the groups that there are, ascending.

    Entry n stands for `counts[n]` members of group `groups[n]` at `pes[n]`.  Of PEs that tie in a
    group, `turns` (of each group) tells which is taken, round and round in ascending order.
    """
    count_bits, pe_bits = (int(np.max(numbers)).bit_length() for numbers in (counts, pes))
    entries = np.sort(((groups << pe_bits | pes) << count_bits) | counts, kind="stable")
    members = entries >> count_bits
    first = first_of_equals(members)
    sizes = np.add.reduceat(entries & ((1 << count_bits) - 1), first)
    group, pe = members[first] >> pe_bits, members[first] & ((1 << pe_bits) - 1)
    first = first_of_equals(group)
    largest = np.maximum.reduceat(sizes, first).repeat(lengths(first, len(group)))
    tied = sizes == largest
    first = first_of_equals(group[tied])
    tied_pe = pe[tied]
    return tied_pe[first + turns % lengths(first, len(tied_pe))]
