"""Greedy clustering by shared data: crossbars into compute units, compute units into PEs.

Items (crossbars, then compute units) hold *data*: operands that they read and partial sums that
they feed, each with a weight in bytes.  The shared data of two items is the weight of the data that
both hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.dataflow import Dataflow
from spatem_ir.geometry.grid import operand_bytes
from spatem_ir.geometry.latency import PARTIAL_SUM_BYTES

if TYPE_CHECKING:
    from spatem_ir.geometry.placement import Placement

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Incidence:
    """Which item holds which data.

    `items` and `data` are parallel arrays of (item, datum) pairs, ascending without duplicates;
    `weights` gives the bytes of each datum: shape [data].
    """

    count: int
    items: Ints
    data: Ints
    weights: Ints

    @staticmethod
    def of(count: int, items: Ints, data: Ints, weights: Ints) -> Incidence:
        """The incidence of possibly repeated pairs."""
        pairs = np.sort(items * (len(weights) + 1) + data)
        pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]]
        return Incidence(count, *np.divmod(pairs, len(weights) + 1), weights)

    @property
    def bytes_held(self) -> int:
        """Bytes of the data of all items; what several items hold counts for each of them."""
        return int(self.weights[self.data].sum())

    def merged(self, clusters: Ints, count: int) -> Incidence:
        """The incidence of clusters: a cluster holds what its items hold; `clusters` by item."""
        return Incidence.of(count, clusters[self.items], self.data, self.weights)


def crossbar_incidence(
    dataflow: Dataflow, placements: dict[str, Placement], crossbars: int
) -> Incidence:
    """Operands and partial sums of every virtual crossbar.

    An operand is (layer, matrix, copy, row part, bit part), its weight the bytes that a crossbar
    reads over all windows; a partial sum is (layer, matrix, copy, column part), its weight the
    bytes of the sums over all windows.
    """
    items: list[Ints] = []
    data: list[Ints] = []
    weights: list[Ints] = []
    first = 0
    for node in dataflow.layers:
        layer, grid, placed = node.layer, node.grid, placements[node.name]
        assert layer is not None and grid is not None
        at = grid.coordinates(placed.tiles)
        copy = at.matrix * grid.iw + at.copy
        windows = grid.windows_per_copy(layer)
        copies = layer.matrices * grid.iw
        operand = (copy * grid.hwm + at.row) * grid.ib + at.bit
        operands = copies * grid.hwm * grid.ib
        sums = copies * grid.wwm
        items += [placed.crossbars, placed.crossbars]
        data += [first + operand, first + operands + copy * grid.wwm + at.column]
        read = operand_bytes(grid.tile_rows, grid.tile_bits(layer)) * windows
        fed = grid.tile_columns * PARTIAL_SUM_BYTES * windows
        weights += [np.full(operands, read), np.full(sums, fed)]
        first += operands + sums
    return Incidence.of(
        crossbars, np.concatenate(items), np.concatenate(data), np.concatenate(weights)
    )


def cluster(incidence: Incidence, capacity: int) -> Ints:
    """Greedily merge items that share most data; the cluster of each item: shape [items].

    A cluster starts with the lowest item that is in none, and takes the item that shares most data
    with it (the lowest among equals) until it has `capacity` items.
    """
    held_from = np.searchsorted(incidence.items, np.arange(incidence.count + 1)).tolist()
    by_datum = np.argsort(incidence.data, kind="stable")
    holders, data = incidence.items[by_datum], incidence.data[by_datum]
    bounds = np.searchsorted(data, np.arange(len(incidence.weights) + 1))
    holders_from, holders_of = bounds.tolist(), np.diff(bounds)
    available = np.zeros(incidence.count)
    clusters = np.full(incidence.count, -1)
    counted = np.full(len(incidence.weights), -1)
    bytes_of = incidence.weights.astype(float)
    for number in range(-(-incidence.count // capacity)):
        shared = available.copy()
        size = min(capacity, incidence.count - number * capacity)
        for left in range(size - 1, -1, -1):
            item = int(np.argmax(shared))
            clusters[item] = number
            available[item] = shared[item] = -np.inf
            data = incidence.data[held_from[item] : held_from[item + 1]]
            data = data[counted[data] != number]
            if left and len(data):
                counted[data] = number
                several = [holders[holders_from[d] : holders_from[d + 1]] for d in data.tolist()]
                weights = np.repeat(bytes_of[data], holders_of[data])
                np.add.at(shared, np.concatenate(several), weights)
    return clusters


def cluster_neighbours(count: int, capacity: int) -> Ints:
    """Items with neighbouring numbers in one cluster; the cluster of each item: shape [count]."""
    return np.arange(count) // capacity
