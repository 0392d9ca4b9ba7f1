"""Pieces that operators read: as many elements of each as their windows hold, one by one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind, Operand
from spatem_ir.geometry.network.piece_reads import piece_reads
from spatem_ir.geometry.shapes.reach import Reach
from spatem_ir.geometry.shapes.window import Window

SHAPE = (5, 3, 4)
INPUTS = (
    Node(0, "a", NodeKind.INPUT, SHAPE, 8, (0, 2, 4)),
    Node(1, "b", NodeKind.INPUT, SHAPE, 8, (0, 1, 3)),
    Node(2, "c", NodeKind.INPUT, (1, 1, 1), 8, (0,)),
)
A, B, C = (Operand((node.number,), node.shape) for node in INPUTS)
BOTH = Operand((0, 1), (10, 3, 4))


def operator(
    shape: tuple[int, int, int], slices: tuple[int, ...], *reads: tuple[Operand, Reach]
) -> Node:
    """A digital operator on some of the three inputs."""
    operands, reaches = zip(*reads, strict=True)
    return Node(3, "operator", NodeKind.ACTIVATE, shape, 8, slices, operands, reaches)


OPERATORS = {
    "sum": operator(
        SHAPE,
        (0, 1, 2, 3, 4),
        (A, Reach.of_elements(SHAPE, SHAPE)),
        (B, Reach.of_elements(SHAPE, SHAPE)),
    ),
    "coarse": operator(SHAPE, (0, 3), (A, Reach.of_elements(SHAPE, SHAPE))),
    "concatenated": operator(
        BOTH.shape, (0, 2, 4, 5, 6, 8), (BOTH, Reach.of_elements(BOTH.shape, BOTH.shape))
    ),
    "pooling": operator(
        (10, 2, 2),
        (0, 4, 9),
        (BOTH, Reach.of_window(BOTH.shape, Window((2, 3), (2, 2), (1, 1, 1, 0)))),
    ),
    "normalisation": operator(SHAPE, (0, 2, 4), (A, Reach.of_channels(SHAPE, 3))),
    "softmax": operator(SHAPE, (0, 2, 4), (A, Reach.of_line(SHAPE, 0))),
    "padding": operator(
        (7, 3, 5), (0, 3, 5), (A, Reach.of_padding(SHAPE, ((1, 1), (0, 0), (1, 0))))
    ),
    "product with a scalar": operator(
        SHAPE,
        (0, 2, 4),
        (A, Reach.of_elements(SHAPE, SHAPE)),
        (C, Reach.of_elements((1, 1, 1), SHAPE)),
    ),
    "flattened": operator(
        (120, 1, 1),
        (0, 60),
        (Operand((0, 1), (120, 1, 1)), Reach.of_elements((120, 1, 1), (120, 1, 1))),
    ),
    "permuted": operator(
        SHAPE,
        (0, 3),
        (B, Reach.of_elements(SHAPE, SHAPE)),
        (Operand((0,), SHAPE, np.arange(60)[::-1]), Reach.of_elements(SHAPE, SHAPE)),
    ),
}


@pytest.mark.parametrize("node", OPERATORS.values(), ids=OPERATORS.keys())
def test_every_element_that_is_read_counts_once(node: Node) -> None:
    dataflow = Dataflow((*INPUTS, node))
    pieces = dataflow.operand_pieces(node)
    expected = Counter[tuple[int, int]]()
    for part in range(len(node.slices)):
        for position, elements in enumerate(node.operand_windows(part)):
            for piece in pieces[elements[elements >= 0]].tolist():
                expected[part * node.positions + position, piece] += 1
    found = Counter[tuple[int, int]]()
    reads = np.stack(piece_reads(dataflow, node), axis=1)
    for reader, piece, count in reads.tolist():
        found[reader, piece] += count
    assert found == expected


def test_whole_pieces_are_looked_at() -> None:
    """Of two operands with three slices each, five pieces at 12 positions read one of each."""
    node = OPERATORS["sum"]
    assert len(piece_reads(Dataflow((*INPUTS, node)), node).pieces) == 2 * 5 * 12
