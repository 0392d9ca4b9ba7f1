"""Of which pieces operands consist: rows of a table, which later deployments may use again.

The rows of a node depend on how it and what it reads are cut, not on where anything is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import NamedTuple

import numpy as np

from spatem_ir.geometry.network.dataflow import Dataflow, Node
from spatem_ir.runtime.machine.fast.records import Int32s, Int64s
from spatem_ir.runtime.machine.fast.rules.events import kept
from spatem_ir.runtime.machine.reference.program import distinct_elements


class Rows(NamedTuple):
    """The rows of a table.

    Attributes:
        counts: how many pieces each row names.
        pieces: the pieces of all rows, those of one each once and ascending.
        values: how many elements each row of a digital operator or output names; of a layer none.
        bytes: what these elements take in a buffer.
    """

    counts: Int32s
    pieces: Int32s
    values: Int64s
    bytes: Int64s


NO_VALUES = np.zeros(0, np.int64)

ELEMENTS_AT_A_TIME = 1 << 22
"""Elements of operands that are looked at together: 32 MiB of their numbers."""


class KnownRows:
    """The rows of all nodes of all deployments of a network that it was asked for.

    Whoever evaluates many deployments of one network gives them the same known rows: what is cut
    as it was before is not worked out again.  They take as much memory as the tables themselves.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, Rows] = {}

    def of_layer(self, dataflow: Dataflow, node: Node) -> Rows:
        """The operands of a layer: rows by matrix, row part and window."""
        assert node.layer is not None and node.grid is not None
        key = (node.layer, node.grid.tile_rows, node.grid.joined, _reading(dataflow, node))
        return self._of(key, dataflow, node, _layer_rows)

    def of_digital(self, dataflow: Dataflow, node: Node) -> Rows:
        """What the pieces of a digital operator or output read: rows by slice and position."""
        bits = dataflow.operand_bits(node)
        widths = tuple(dataflow.nodes[source].bits for source in node.sources)
        key = (node.reaches, node.shape, node.slices, widths, _reading(dataflow, node))
        return self._of(key, dataflow, node, partial(_digital_rows, bits=bits))

    def _of(
        self,
        key: Hashable,
        dataflow: Dataflow,
        node: Node,
        find: Callable[[Node, Int32s], Rows],
    ) -> Rows:
        """The rows with a key; they are kept for pieces that are numbered from the first source."""
        first = _first_piece_read(dataflow, node)
        if key not in self._known:
            pieces = dataflow.operand_pieces(node) - first
            self._known[key] = find(node, pieces.astype(np.int32))
        rows = self._known[key]
        return rows._replace(pieces=rows.pieces + np.int32(first))


def _first_piece_read(dataflow: Dataflow, node: Node) -> int:
    """The lowest number that a piece of what a node reads can have."""
    return min(dataflow.first_pieces[source] for source in node.sources)


def _reading(dataflow: Dataflow, node: Node) -> Hashable:
    """What decides which pieces are at which elements of a node's operands, but for an offset."""
    base = _first_piece_read(dataflow, node)
    operands = []
    for operand in node.operands:
        order = None if operand.order is None else operand.order.tobytes()
        sources = [
            (source.shape, source.slices, dataflow.first_pieces[source.number] - base)
            for source in map(dataflow.nodes.__getitem__, operand.sources)
        ]
        operands.append((operand.shape, order, *sources))
    return tuple(operands)


def _layer_rows(node: Node, pieces: Int32s) -> Rows:
    """The rows of a layer whose operand's elements are of the given pieces."""
    assert node.layer is not None and node.grid is not None
    layer, grid = node.layer, node.grid
    each = max(ELEMENTS_AT_A_TIME // max(layer.matrices * layer.rows, 1), 1)
    stretches = []
    for first in range(0, layer.windows, each):
        elements = grid.all_operand_elements(layer, slice(first, first + each))
        counts, found = distinct_pieces(pieces, elements, grid.operand_rows)
        stretches.append((counts.reshape(-1, elements.shape[1]), found))
    return Rows(*_joined(stretches), NO_VALUES, NO_VALUES)


def _joined(stretches: list[tuple[Int32s, Int32s]]) -> tuple[Int32s, Int32s]:
    """The counts and pieces of stretches of windows one after the other in every row part.

    Counts have shape [parts, windows of the stretch].
    """
    if len(stretches) == 1:
        ((counts, found),) = stretches
        return counts.reshape(-1), found
    by_part = zip(
        *(np.split(found, counts.sum(axis=1).cumsum()[:-1]) for counts, found in stretches),
        strict=True,
    )
    found = np.concatenate([piece for pieces in by_part for piece in pieces])
    return np.concatenate([counts for counts, _ in stretches], axis=1).reshape(-1), found


def _digital_rows(node: Node, pieces: Int32s, bits: Int64s) -> Rows:
    """The rows of a digital operator whose operands' elements are of the given pieces and bits."""
    counts, found, values, sizes = [], [], [], []
    for part in range(len(node.slices)):
        elements = node.operand_windows(part)
        own_counts, own = distinct_pieces(pieces, elements[None], elements.shape[1])
        counts.append(own_counts)
        found.append(own)
        own_values, own_sizes = distinct_elements(elements, bits)
        values.append(own_values)
        sizes.append(own_sizes)
    return Rows(*map(np.concatenate, (counts, found, values, sizes)))


def distinct_pieces(pieces: Int32s, elements: Int64s, size: int) -> tuple[Int32s, Int32s]:
    """How many pieces each part of each row of tables names, and the pieces, each once, ascending.

    `pieces` are those of elements.  `elements` has shape [tables, rows, entries]; rows are cut into
    parts of at most `size` entries, of which negative ones are padding.  Of each table the first
    parts of all rows come first, then the second.
    """
    tables, rows, entries = elements.shape
    counts = np.zeros(tables * -(-entries // size) * rows, np.int32)
    found = np.empty(elements.size, np.int32)
    total = _gather_distinct(pieces, elements, size, counts, found)
    return counts, found[:total].copy()


@kept
def _gather_distinct(pieces, elements, size, counts, found):
    """Fill the results of :func:`distinct_pieces`; returns how many pieces there are.

    Channel by channel the same pieces are named in the same order: the next one usually comes
    after the last one, or is the same.
    """
    part = total = 0
    for table in range(elements.shape[0]):
        for first in range(0, elements.shape[2], size):
            for row in range(elements.shape[1]):
                start = last = total
                for element in elements[table, row, first : first + size]:
                    if element < 0:
                        continue
                    piece = pieces[element]
                    following = last + 1 if last + 1 < total else start
                    if following < total and found[following] == piece:
                        last = following
                    elif last == total or found[last] != piece:
                        last = start + np.searchsorted(found[start:total], piece)
                        if last == total or found[last] != piece:
                            for other in range(total, last, -1):
                                found[other] = found[other - 1]
                            found[last] = piece
                            total += 1
                counts[part] = total - start
                part += 1
    return total
