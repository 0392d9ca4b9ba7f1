"""Dependencies that keep buffers from overflowing (rule R10): who waits for whose progress.

The progress of a node is the number of its positions that are finished, counted in raster order as
far as all pieces of all of them are finished.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.dataflow import Dataflow

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
    """
    waiting = by_node(waits)
    needs: list[tuple[tuple[int, int], ...]] = []
    for node in dataflow.inputs:
        own = waiting.get(node.number, [])
        columns = [[(wait.other, count) for count in wait.until.tolist()] for wait in own]
        needs += list(zip(*columns, strict=True)) if own else [()] * node.positions
    firsts = [n for n, need in enumerate(needs) if n == 0 or need != needs[n - 1]]
    return np.array(firsts, np.int64)


def by_node(waits: Iterable[Wait]) -> dict[int, list[Wait]]:
    """The waits of each node that has any, by its number."""
    table: dict[int, list[Wait]] = {}
    for wait in waits:
        table.setdefault(wait.node, []).append(wait)
    return table
