"""Nodes that a deployment adds to a network so that buffers suffice (rules R6 and R9).

A feature map that a reader needs late can be *spilled*: it leaves the chip as an output does, and
comes back as an input does.  A pooling over a whole map can work on *row sums*: it adds up (or
compares) each row as soon as the row is there, and the results of the rows at the end.
"""

from __future__ import annotations

from spatem_ir.geometry.network.dataflow import Node, NodeKind, Operand
from spatem_ir.geometry.shapes.reach import Reach
from spatem_ir.geometry.shapes.window import Axis


def sums_name(pooling: str) -> str:
    """The name of the node of a pooling's row sums."""
    return f"{pooling}.sums"


def stored_name(source: str) -> str:
    """The name of the node that leaves the chip with a node's results."""
    return f"{source}.stored"


def loaded_name(source: str, reader: str) -> str:
    """The name of the node that comes back for a reader."""
    return f"{source}.{reader}"


def stored(source: Node, number: int) -> Node:
    """The node of a number in which the results of another leave the chip."""
    return Node(
        number=number,
        name=stored_name(source.name),
        kind=NodeKind.OUTPUT,
        shape=source.shape,
        bits=source.bits,
        slices=source.slices,
        operands=(Operand((source.number,), source.shape),),
        reaches=(Reach.of_elements(source.shape, source.shape),),
    )


def loaded(source: Node, reader: str, store: Node, number: int) -> Node:
    """The node of a number in which what a node stored comes back for a reader."""
    return Node(
        number=number,
        name=loaded_name(source.name, reader),
        kind=NodeKind.INPUT,
        shape=source.shape,
        bits=source.bits,
        slices=(0,),
        store=store.number,
    )


def can_work_by_rows(node: Node) -> bool:
    """Whether a node is a pooling with one result for each channel, of several rows.

    It reads all of each channel, of which it may make row sums; not of maps of a single column.
    """
    if node.kind is not NodeKind.POOL or node.positions > 1 or len(node.operands) != 1:
        return False
    (operand,), (reach,) = node.operands, node.reaches
    channels, height, width = operand.shape
    whole = reach.rows.kernel == height and reach.columns.kernel == width
    return height > 1 and width > 1 and whole and channels == node.shape[0]


def row_sums(pooling: Node, number: int, bits: int, slices: tuple[int, ...]) -> Node:
    """The node of a number that makes the row sums of a pooling, each of so many bits."""
    channels, height, width = pooling.operands[0].shape
    (reach,) = pooling.reaches
    return Node(
        number=number,
        name=sums_name(pooling.name),
        kind=pooling.kind,
        shape=(channels, height, 1),
        bits=bits,
        slices=slices,
        operands=pooling.operands,
        reaches=(Reach(reach.channels, Axis(height, height), Axis(width, 1, kernel=width)),),
    )


def over_sums(pooling: Node) -> tuple[Reach, ...]:
    """What a pooling reads of its row sums."""
    channels, height, _ = pooling.operands[0].shape
    return (Reach(Axis(channels, channels), Axis(height, 1, kernel=height), Axis(1, 1)),)
