"""Which pieces the results of a digital operator read, and how many elements of each.

Channels of one slice at one position are elements of one piece: where operands have the positions
of their sources, whole pieces are looked at; element by element only where views changed positions
or order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.links import is_aligned

if TYPE_CHECKING:
    from spatem_ir.geometry.network.dataflow import Dataflow, Node, Operand
    from spatem_ir.geometry.shapes.reach import Reach

Ints = NDArray[np.int64]


class PieceReads(NamedTuple):
    """Reads of an operator: three parallel arrays.

    Piece `readers` of the operator (slice · positions + position) reads so many `elements` of the
    network-wide piece `pieces`, which may stand in several entries.
    """

    readers: Ints
    pieces: Ints
    elements: Ints


def piece_reads(dataflow: Dataflow, node: Node) -> PieceReads:
    """What the pieces of a digital operator read; padding is no read."""
    if all(_keeps_positions(dataflow, operand) for operand in node.operands):
        parts = [
            _reads_by_slice(dataflow, node, operand, reach)
            for operand, reach in zip(node.operands, node.reaches, strict=True)
        ]
    else:
        pieces = dataflow.operand_pieces(node)
        parts = [_reads_by_element(node, part, pieces) for part in range(len(node.slices))]
    return PieceReads(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _keeps_positions(dataflow: Dataflow, operand: Operand) -> bool:
    """Whether the channels of an operand are those of its sources, one after the other."""
    return all(is_aligned(operand, dataflow.nodes[source]) for source in operand.sources)


def _channel_slices(node: Node) -> Ints:
    """The slice of each channel of a node."""
    return np.repeat(np.arange(len(node.slices)), np.diff((*node.slices, node.shape[0])))


def _reads_by_slice(dataflow: Dataflow, node: Node, operand: Operand, reach: Reach) -> PieceReads:
    """Reads of an operand that has the positions of its sources."""
    sources = [dataflow.nodes[number] for number in operand.sources]
    first_pieces = np.concatenate(
        [
            dataflow.first_pieces[source.number] + _channel_slices(source) * source.positions
            for source in sources
        ]
    )
    channels = reach.channels.indices()
    result, read = np.nonzero(channels >= 0)
    slices = np.stack((_channel_slices(node)[result], first_pieces[channels[result, read]]))
    (part, first), elements = np.unique(slices, axis=1, return_counts=True)
    positions = reach.positions()
    result, read = np.nonzero(positions >= 0)
    readers = part[:, None] * node.positions + result
    pieces = first[:, None] + positions[result, read]
    return PieceReads(readers.reshape(-1), pieces.reshape(-1), elements.repeat(len(result)))


def _reads_by_element(node: Node, part: int, pieces: Ints) -> PieceReads:
    """Reads of a slice of a node from the `pieces` of its operands' elements, one by one."""
    elements = node.operand_windows(part)
    position, read = np.nonzero(elements >= 0)
    readers = part * node.positions + position
    return PieceReads(readers, pieces[elements[position, read]], np.ones_like(readers))
