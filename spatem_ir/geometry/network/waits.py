"""Dependencies that keep buffers from overflowing (rule R10): who waits for whose progress.

The progress of a node is the number of its positions that are finished, counted in raster order as
far as all pieces of all of them are finished.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Wait:
    """Position p of a node waits until `until[p]` positions of an `other` node are finished.

    Nodes are given by number.  `until` has shape [positions of `node`]; a negative entry leaves so
    many positions of the image before unfinished.
    """

    node: int
    other: int
    until: Ints


def input_portions(dataflow: Dataflow, waits: Iterable[Wait]) -> Ints:
    """Where the portions begin in which an image enters (rule R9), in the order of its positions.

    A portion are positions in a row that wait for the same; without waits there is one portion.
    What comes back (:mod:`decided`) enters on its own.
    """
    waiting = by_node(waits)
    firsts: list[Ints] = []
    before: list[tuple[int, int]] | None = None
    entered = 0
    for node in dataflow.inputs:
        own = waiting.get(node.number, [])
        others = [wait.other for wait in own]
        counts = np.array([wait.until for wait in own], np.int64).reshape(-1, node.positions)
        differs = (np.diff(counts, axis=1) != 0).any(axis=0)
        begins = before != list(zip(others, counts[:, 0].tolist(), strict=True))
        begins |= node.has_own_queue
        firsts.append(entered + np.flatnonzero(np.append(begins, differs)))
        before = list(zip(others, counts[:, -1].tolist(), strict=True))
        entered += node.positions
    return np.concatenate(firsts)


def input_queues(dataflow: Dataflow) -> Ints:
    """The number of the queue in which each position of the inputs enters (rule R9).

    The network's inputs enter one after the other, each map that comes back in a queue of its own,
    and each input of a stage (R14).
    Returns an array of shape [positions of all inputs], ascending from 0.
    """
    queues = np.cumsum([node.has_own_queue for node in dataflow.inputs])
    return np.repeat(queues - queues[0], [node.positions for node in dataflow.inputs])


def loads(dataflow: Dataflow) -> list[Wait]:
    """The waits without which what was spilled could come back before it has left."""
    return [
        Wait(node.number, node.store, np.arange(node.positions) + 1)
        for node in dataflow.inputs
        if node.store is not None
    ]


def by_node(waits: Iterable[Wait]) -> dict[int, list[Wait]]:
    """The waits of each node that has any, by its number."""
    table: dict[int, list[Wait]] = {}
    for wait in waits:
        table.setdefault(wait.node, []).append(wait)
    return table
