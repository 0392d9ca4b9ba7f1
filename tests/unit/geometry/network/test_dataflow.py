"""Dataflow: pieces of feature maps, who reads them, and which elements they hold."""

from __future__ import annotations

import numpy as np
import pytest

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind, Operand
from spatem_ir.geometry.shapes.reach import Reach
from spatem_ir.geometry.shapes.window import Window

IMAGE = Node(0, "input", NodeKind.INPUT, (1, 2, 4), bits=8, slices=(0,))
CONV = Node(
    1, "conv", NodeKind.LAYER, (5, 2, 4), 3, (0, 2, 4), operands=(Operand((0,), (1, 2, 4)),)
)
POOL = Node(
    2,
    "pool",
    NodeKind.POOL,
    (5, 2, 2),
    bits=3,
    slices=(0, 2, 4),
    operands=(Operand((1,), (5, 2, 4)),),
    reaches=(Reach.of_window((5, 2, 4), Window((2, 2), (1, 2), (1, 0, 0, 0))),),
)
RELU = Node(
    3,
    "relu",
    NodeKind.ACTIVATE,
    (5, 2, 4),
    bits=3,
    slices=(0, 4),
    operands=(Operand((1,), (5, 2, 4)),),
    reaches=(Reach.of_elements((5, 2, 4), (5, 2, 4)),),
)
OUTPUT = Node(
    4,
    "output",
    NodeKind.OUTPUT,
    (60, 1, 1),
    bits=3,
    slices=(0,),
    operands=(Operand((2, 3), (60, 1, 1)),),
    reaches=(Reach.of_elements((60, 1, 1), (60, 1, 1)),),
)
DATAFLOW = Dataflow((IMAGE, CONV, POOL, RELU, OUTPUT))


def channel_slice(node: Node, channel: int) -> int:
    """The number of the slice that holds a channel."""
    return max(number for number, first in enumerate(node.slices) if first <= channel)


@pytest.mark.parametrize("node", DATAFLOW.nodes, ids=lambda node: node.name)
def test_pieces_of_a_node(node: Node) -> None:
    assert node.elements == node.shape[0] * node.shape[1] * node.shape[2]
    assert node.pieces == len(node.slices) * node.positions
    assert node.element_pieces().tolist() == [
        channel_slice(node, channel) * node.positions + position
        for channel in range(node.shape[0])
        for position in range(node.positions)
    ]
    channels = [node.slice_channels(number) for number in range(len(node.slices))]
    assert sum(channels) == node.shape[0]


def test_bytes_of_pieces_are_packed() -> None:
    assert [CONV.piece_bytes(number) for number in range(3)] == [1, 1, 1]
    assert CONV.output_bytes == 8 * 3
    assert OUTPUT.piece_bytes(0) == 23
    assert IMAGE.output_bytes == 8


def test_windows_of_a_pooling() -> None:
    # Rows of elements of channel 4, of which the first window row reads padding.
    assert POOL.operand_windows(2).tolist() == [
        [-1, -1, 32, 33],
        [-1, -1, 34, 35],
        [32, 33, 36, 37],
        [34, 35, 38, 39],
    ]
    # A slice of two channels reads both at each position.
    assert POOL.operand_windows(0)[2].tolist() == [0, 1, 4, 5, 8, 9, 12, 13]


def test_windows_of_an_activation() -> None:
    assert RELU.operand_windows(1).tolist() == [[32 + position] for position in range(8)]
    assert RELU.operand_windows(0)[7].tolist() == [7, 15, 23, 31]


def test_kinds_and_names() -> None:
    assert DATAFLOW.layers == [CONV]
    assert DATAFLOW.inputs == [IMAGE]
    assert DATAFLOW.outputs == [OUTPUT]
    assert DATAFLOW.by_name["relu"] is RELU


def test_readers() -> None:
    assert DATAFLOW.readers(IMAGE) == [CONV]
    assert DATAFLOW.readers(CONV) == [POOL, RELU]
    assert DATAFLOW.readers(OUTPUT) == []


def test_pieces_are_numbered_through_the_network() -> None:
    assert DATAFLOW.first_pieces == (0, 8, 32, 44, 60, 61)


def test_operand_of_several_sources() -> None:
    pieces = DATAFLOW.operand_pieces(OUTPUT).tolist()
    assert pieces == [32 + p for p in POOL.element_pieces().tolist()] + [
        44 + p for p in RELU.element_pieces().tolist()
    ]
    assert len(pieces) == OUTPUT.elements


@pytest.mark.parametrize(
    ("operand", "expected"),
    [
        # All sources have the operand's positions.
        (Operand((1, 3), (10, 2, 4)), [10, 20, 30, 40, 50, 60, 70, 80]),
        # Flat: the latest or earliest of all.
        (Operand((0, 2), (28, 1, 1)), [9]),
        # Elements 0 to 7 of the image in two columns of four.
        (Operand((0,), (2, 4, 1)), [5, 6, 7, 8]),
        # The other way round.
        (Operand((0,), (2, 4, 1), np.arange(8)[::-1]), [8, 7, 6, 5]),
    ],
)
def test_numbers_over_the_channels_of_an_operand(operand: Operand, expected: list[int]) -> None:
    numbers = {
        0: np.arange(1, 9),
        1: np.arange(1, 9) * 10,
        2: np.arange(6, 10),
        3: np.arange(1, 9),
    }
    assert DATAFLOW.over_channels(operand, numbers, np.maximum).tolist() == expected
    negative = {node: -values for node, values in numbers.items()}
    least = DATAFLOW.over_channels(operand, negative, np.minimum)
    assert least.tolist() == [-value for value in expected]


def test_windows_of_several_operands_follow_each_other() -> None:
    shape = (2, 1, 2)
    node = Node(
        1,
        "add",
        NodeKind.ACTIVATE,
        shape,
        8,
        (0, 1),
        operands=(Operand((0,), shape), Operand((0,), (1, 1, 2)), Operand((0,), shape)),
        reaches=tuple(Reach.of_elements(operand, shape) for operand in (shape, (1, 1, 2), shape)),
    )
    assert node.sources == (0, 0, 0)
    assert node.operand_windows(0).tolist() == [[0, 4, 6], [1, 5, 7]]
    assert node.operand_windows(1).tolist() == [[2, 4, 8], [3, 5, 9]]
