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

from spatem_ir.geometry.network.dataflow import Dataflow
from spatem_ir.geometry.shapes.grid import operand_bytes

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.placement import Placement

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Incidence:
    """Which item holds which data.

    `items` and `data` are parallel arrays of (item, datum) pairs, ascending without duplicates;
    `weights` gives the bytes of each datum: shape [data].  The data from number `first_sum` on are
    partial sums, those before are operands.
    """

    count: int
    items: Ints
    data: Ints
    weights: Ints
    first_sum: int

    @staticmethod
    def of(count: int, items: Ints, data: Ints, weights: Ints, first_sum: int) -> Incidence:
        """The incidence of possibly repeated pairs."""
        pairs = np.sort(items * (len(weights) + 1) + data)
        pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]]
        return Incidence(count, *np.divmod(pairs, len(weights) + 1), weights, first_sum)

    @property
    def bytes_held(self) -> int:
        """Bytes of the data of all items; what several items hold counts for each of them."""
        return int(self.weights[self.data].sum())

    @property
    def sum_bytes_held(self) -> int:
        """Bytes of the partial sums of all items; what several hold counts for each of them."""
        return int(self.weights[self.data[self.data >= self.first_sum]].sum())

    def least_sum_bytes(self, capacity: int) -> int:
        """The least partial-sum bytes that clusters of at most `capacity` items hold."""
        holders = np.bincount(self.data, minlength=len(self.weights))[self.first_sum :]
        return int((-(-holders // capacity) * self.weights[self.first_sum :]).sum())

    def merged(self, clusters: Ints, count: int) -> Incidence:
        """The incidence of clusters: a cluster holds what its items hold; `clusters` by item."""
        return Incidence.of(count, clusters[self.items], self.data, self.weights, self.first_sum)


def crossbar_incidence(
    dataflow: Dataflow, placements: dict[str, Placement], crossbars: int, sum_bytes: int
) -> Incidence:
    """Operands and partial sums of every virtual crossbar.

    An operand is (layer, matrix, copy, row part, bit part), its weight the bytes that a crossbar
    reads over all windows; a partial sum is (layer, matrix, copy, column part), its weight the
    bytes of the sums over all windows, `sum_bytes` for each value.
    """
    items: list[Ints] = []
    operands: list[Ints] = []
    sums: list[Ints] = []
    read: list[Ints] = []
    fed: list[Ints] = []
    first_operand = first_sum = 0
    for node in dataflow.layers:
        layer, grid, placed = node.layer, node.grid, placements[node.name]
        assert layer is not None and grid is not None
        at = grid.coordinates(placed.tiles)
        copy = at.matrix * grid.iw + at.copy
        windows = grid.windows_per_copy(layer)
        copies = grid.matrices(layer) * grid.iw
        items.append(placed.crossbars)
        operands.append(first_operand + (copy * grid.hwm + at.row) * grid.ib + at.bit)
        sums.append(first_sum + copy * grid.wwm + at.column)
        operand = operand_bytes(grid.operand_rows, grid.tile_bits(layer)) * windows
        partial_sum = grid.results * sum_bytes * windows
        read.append(np.full(copies * grid.hwm * grid.ib, operand))
        fed.append(np.full(copies * grid.wwm, partial_sum))
        first_operand += len(read[-1])
        first_sum += len(fed[-1])
    data = [*operands, *(first_operand + feeds for feeds in sums)]
    return Incidence.of(
        crossbars,
        np.concatenate(items * 2),
        np.concatenate(data),
        np.concatenate(read + fed),
        first_operand,
    )


def cluster(incidence: Incidence, capacity: int) -> Ints:
    """Greedily merge items that share most data; the cluster of each item: shape [items].

    A cluster starts with the lowest item that is in none, and takes the item that shares most data
    with it (the lowest among equals) until it has `capacity` items.
    """
    by_datum = np.argsort(incidence.data, kind="stable")
    holders, data = incidence.items[by_datum], incidence.data[by_datum]
    bounds = np.searchsorted(data, np.arange(len(incidence.weights) + 1))
    is_shared = np.diff(bounds)[incidence.data] > 1
    items, held = incidence.items[is_shared], incidence.data[is_shared].tolist()
    held_from = np.searchsorted(items, np.arange(incidence.count + 1)).tolist()
    holder, holders_from = holders.tolist(), bounds.tolist()
    bytes_of = incidence.weights.astype(float).tolist()
    available = np.zeros(incidence.count)
    shared = np.zeros(incidence.count)
    clusters = [-1] * incidence.count
    lowest = 0
    for number in range(-(-incidence.count // capacity)):
        low, high = incidence.count, 0
        counted = set[int]()
        size = min(capacity, incidence.count - number * capacity)
        for left in range(size - 1, -1, -1):
            item = low + int(shared[low:high].argmax()) if low < high else lowest
            if shared[item] <= 0:
                while clusters[lowest] >= 0:
                    lowest += 1
                item = lowest
            clusters[item] = number
            available[item] = shared[item] = -np.inf
            for datum in held[held_from[item] : held_from[item + 1]] if left else ():
                if datum not in counted:
                    counted.add(datum)
                    first, end = holders_from[datum], holders_from[datum + 1]
                    shared[holders[first:end]] += bytes_of[datum]
                    low, high = min(low, holder[first]), max(high, holder[end - 1] + 1)
        shared[low:high] = available[low:high]
    return np.array(clusters, np.int64)


def cluster_neighbours(incidence: Incidence, capacity: int) -> Ints:
    """Items with neighbouring numbers in one cluster; the cluster of each item: shape [items]."""
    return np.arange(incidence.count) // capacity
