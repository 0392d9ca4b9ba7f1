"""Between producers and readers: which positions of one node are read by which of another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind, Operand
from spatem_ir.geometry.network.position_reads import PositionReads
from spatem_ir.geometry.shapes.window import PADDING, Axis

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Link(NamedTuple):
    """How far a reader must have come for positions of a producer, and the other way round.

    Attributes:
        last: the last reading position of each position of the producer, -1 if there is none:
            shape [producer's positions].
        first: the first one, the number of the reader's positions if there is none: shape
            [producer's positions].
        highest: the last position of the producer that each of the reader's positions reads, -1 if
            it reads none: shape [reader's positions].
    """

    last: Ints
    first: Ints
    highest: Ints


def axes_of(reader: Node, operand: int) -> tuple[Axis, Axis]:
    """What a node's results read along the rows and columns of one of its operands."""
    if reader.kind is NodeKind.LAYER:
        assert reader.layer is not None
        return reader.layer.window.axes(*reader.layer.input_shape[1:])
    reach = reader.reaches[operand]
    return reach.rows, reach.columns


def is_aligned(operand: Operand, producer: Node) -> bool:
    """Whether the positions of an operand are those of a node of which it consists."""
    return operand.order is None and operand.positions == producer.positions


def link(dataflow: Dataflow, producer: Node, reader: Node) -> Link:
    """How a reader reads a producer, over all operands."""
    last = np.full(producer.positions, -1)
    first = np.full(producer.positions, reader.positions)
    highest = np.full(reader.positions, -1)
    for number, operand in enumerate(reader.operands):
        if producer.number not in operand.sources:
            continue
        earliest, latest = _reading_positions(reader, number, operand)
        there, position = _places(dataflow, operand, producer)
        of_operand = np.full(operand.positions, -1)
        np.maximum.at(of_operand, there, position)
        reads = PositionReads.along(*axes_of(reader, number))
        highest = np.maximum(highest, reads.latest(of_operand, padding=-1))
        np.maximum.at(last, position, latest[there])
        read = latest[there] >= 0
        np.minimum.at(first, position[read], earliest[there[read]])
    return Link(last, first, highest)


def _reading_positions(reader: Node, number: int, operand: Operand) -> tuple[Ints, Ints]:
    """The first and the last result that reads each position of an operand."""
    rows, columns = axes_of(reader, number)
    (first_row, last_row), (first_column, last_column) = _readers(rows), _readers(columns)
    unread = (last_row < 0)[:, None] | (last_column < 0)[None, :]
    first = first_row[:, None] * columns.results + first_column[None, :]
    last = last_row[:, None] * columns.results + last_column[None, :]
    first[unread], last[unread] = reader.positions, -1
    return first.reshape(-1), last.reshape(-1)


def _readers(axis: Axis) -> tuple[Ints, Ints]:
    """The first and the last result along one dimension that reads each index; -1 if none does."""
    indices = axis.indices()
    results = np.broadcast_to(np.arange(axis.results)[:, None], indices.shape)
    inside = indices != PADDING
    first, last = np.full(axis.extent, axis.results), np.full(axis.extent, -1)
    np.minimum.at(first, indices[inside], results[inside])
    np.maximum.at(last, indices[inside], results[inside])
    return first, last


def _places(dataflow: Dataflow, operand: Operand, producer: Node) -> tuple[Ints, Ints]:
    """The positions of an operand, and those of a producer, that have elements in common.

    Returns two arrays of equal length, with a pair for each element, or for each position where
    those of the operand and of all its sources are the same.
    """
    sources = [dataflow.nodes[source] for source in operand.sources]
    if all(is_aligned(operand, source) for source in sources):
        return np.arange(producer.positions), np.arange(producer.positions)
    positions = np.concatenate(
        [
            np.tile(np.arange(node.positions), node.shape[0])
            if node is producer
            else np.full(node.elements, -1)
            for node in sources
        ]
    )
    if operand.order is not None:
        positions = positions[operand.order]
    there = np.flatnonzero(positions >= 0)
    return there % operand.positions, positions[there]


def read_positions(reading: Bools, rows: Axis, columns: Axis) -> Bools:
    """The positions of an operand that some results read.

    `reading` has shape [sets, results' rows · columns]; returns shape [sets, operand's positions].
    """
    sets = len(reading)
    by_column = _spread(reading.reshape(sets * rows.results, columns.results), columns)
    by_row = by_column.reshape(sets, rows.results, columns.extent).swapaxes(1, 2)
    spread = _spread(by_row.reshape(sets * columns.extent, rows.results), rows)
    return spread.reshape(sets, columns.extent, rows.extent).swapaxes(1, 2).reshape(sets, -1)


def _spread(reading: Bools, axis: Axis) -> Bools:
    """The indices of one dimension that some results read: shapes [n, results] to [n, extent]."""
    spread: Bools = np.zeros((len(reading), axis.extent), bool)
    indices = axis.indices()
    if axis.stride == 0:
        read = indices[0, indices[0] != PADDING]
        spread[:, read] = np.any(reading, axis=1, keepdims=True)
    else:
        for offset in indices.T:
            inside = np.flatnonzero(offset != PADDING)
            if len(inside):
                first, last = inside[0], inside[-1]
                spread[:, _selected(offset[first : last + 1])] |= reading[:, first : last + 1]
    return spread


def _selected(indices: Ints) -> Ints | slice:
    """Ascending indices as a slice if they are evenly spaced, which is quicker to select by."""
    steps = np.diff(indices)
    if len(steps) and (steps != steps[0]).any():
        return indices
    return slice(indices[0], indices[-1] + 1, steps[0] if len(steps) else 1)


def source_slices(producer: Node, operand: Operand, dataflow: Dataflow, channels: Ints) -> Bools:
    """The slices of a producer of which some ranges of an operand's channels consist.

    `channels` has shape [ranges, 2]: the first channel and the one after the last.

    Returns an array of shape [ranges, slices]: all of them where a view has moved elements, or has
    fewer channels than the producer.
    """
    slices = np.array([*producer.slices, producer.shape[0]])
    read = np.zeros((len(channels), len(producer.slices)), bool)
    if operand.order is not None:
        return ~read
    first = 0
    for source in operand.sources:
        node = dataflow.nodes[source]
        features = node.elements // operand.positions
        if source == producer.number:
            if features % node.shape[0]:
                return ~read
            each = features // node.shape[0]
            start = (channels[:, :1] - first).clip(0, features) // each
            stop = -(-(channels[:, 1:] - first).clip(0, features) // each)
            read |= (slices[None, :-1] < stop) & (slices[None, 1:] > start) & (stop > start)
        first += features
    return read
