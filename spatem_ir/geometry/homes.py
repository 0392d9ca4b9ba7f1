"""Home PEs: where the partial sums of an output slice meet and its digital operators run.

The home of a (slice, position) is the PE that holds most of the tiles that feed it; ties are spread
round-robin over the PEs that tie.  A digital operator is at the PE at which most of its inputs
would be (a piece of padding alone, at which most inputs of its slice are), and a layer that only
feeds one pooling moves to that home, so that pooling needs no traffic (of overlapping windows the
first decides).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.dataflow import Dataflow, Node, NodeKind

if TYPE_CHECKING:
    from spatem_ir.geometry.placement import Placement

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
    tables: dict[int, Ints] = {}
    for node in dataflow.nodes:
        if node.kind is NodeKind.LAYER:
            tables[node.number] = layer_homes(node, placements[node.name], crossbars_per_pe)
        elif node.kind in (NodeKind.POOL, NodeKind.ACTIVATE):
            tables[node.number] = operator_homes(dataflow, node, tables)
            if pool_at_home:
                _move_source(dataflow, node, tables)
        elif node.kind is NodeKind.INPUT:
            tables[node.number] = np.zeros((len(node.slices), node.positions), np.int64)
    return {
        node.name: tables[node.number]
        for node in dataflow.nodes
        if node.kind not in (NodeKind.INPUT, NodeKind.OUTPUT)
    }


def layer_homes(node: Node, placed: Placement, crossbars_per_pe: int) -> Ints:
    """The PE that holds most tiles of each (slice, position) of a layer."""
    layer, grid = node.layer, node.grid
    assert layer is not None and grid is not None
    at = grid.coordinates(placed.tiles)
    blocks = (at.matrix * grid.iw + at.copy) * grid.wwm + at.column
    homes = plurality(blocks, placed.crossbars // crossbars_per_pe)
    homes = homes.reshape(layer.matrices, grid.iw, grid.wwm)
    table = np.empty((len(node.slices), node.positions), np.int64)
    copies = grid.copy_of_window(layer, np.arange(layer.windows))
    for matrix in range(layer.matrices):
        first = grid.slice_of(layer, matrix, 0)
        slices = slice(first, first + grid.wwm)
        table[slices, layer.window_positions(matrix)] = homes[matrix][copies].T
    return table


def operator_homes(dataflow: Dataflow, node: Node, tables: dict[int, Ints]) -> Ints:
    """The PE at which most inputs of each (slice, position) of a digital operator are."""
    pieces = dataflow.operand_pieces(node)
    piece_homes = np.zeros(dataflow.first_pieces[-1], np.int64)
    for number in node.sources:
        first = dataflow.first_pieces[number]
        homes = tables[number].reshape(-1)
        piece_homes[first : first + len(homes)] = homes
    table = np.empty((len(node.slices), node.positions), np.int64)
    for part in range(len(node.slices)):
        elements = node.operand_windows(part)
        position, read = np.nonzero(elements >= 0)
        homes = piece_homes[pieces[elements[position, read]]]
        reads = (elements >= 0).any(axis=1)
        if not reads.all():
            table[part] = plurality(np.zeros_like(homes), homes)
        table[part, reads] = plurality(np.cumsum(reads)[position] - 1, homes, turn=part)
    return table


def _move_source(dataflow: Dataflow, node: Node, tables: dict[int, Ints]) -> None:
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
    reader = np.full(source.positions, -1)
    for position in range(len(windows) - 1, -1, -1):
        inside = windows[position]
        reader[inside[inside >= 0]] = position
    read = reader >= 0
    tables[source.number][:, read] = tables[node.number][:, reader[read]]


def plurality(groups: Ints, pes: Ints, turn: int = 0) -> Ints:
    """The most frequent PE of each group 0, 1, 2 …; ties are taken in turns, group by group."""
    count = int(groups.max()) + 1
    most = int(pes.max()) + 1
    pairs, sizes = np.unique(groups * most + pes, return_counts=True)
    group, pe = np.divmod(pairs, most)
    largest = np.zeros(count, np.int64)
    np.maximum.at(largest, group, sizes)
    tied = sizes == largest[group]
    group, pe = group[tied], pe[tied]
    starts = np.searchsorted(group, np.arange(count))
    ties = np.bincount(group, minlength=count)
    return pe[starts + (np.arange(count) + turn) % ties]
