"""Clustering by shared data: capacities, every item once, and cases in which sharing decides."""

from __future__ import annotations

import numpy as np
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind, Operand
from spatem_ir.geometry.placing.clustering import Incidence, cluster, crossbar_incidence
from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.placement import Placement
from spatem_ir.geometry.shapes.window import Window


def incidence(held: list[dict[int, int]]) -> Incidence:
    """The incidence of items that each hold data, with the weight of every datum."""
    weights = {datum: weight for item in held for datum, weight in item.items()}
    pairs = [(item, datum) for item, data in enumerate(held) for datum in data]
    items, data = np.array(pairs, np.int64).reshape(-1, 2).T
    count = max(weights, default=-1) + 1
    table = np.array([weights.get(datum, 0) for datum in range(count)], np.int64)
    return Incidence.of(len(held), items, data, table, 0)


@st.composite
def incidences(draw: st.DrawFn) -> Incidence:
    weights = draw(st.lists(st.integers(1, 9), min_size=1, max_size=8))
    data = st.sets(st.integers(0, len(weights) - 1))
    held = draw(st.lists(data, min_size=1, max_size=12))
    pairs = [(item, datum) for item, several in enumerate(held) for datum in several]
    items, numbers = np.array(pairs, np.int64).reshape(-1, 2).T
    return Incidence.of(len(held), items, numbers, np.array(weights), 0)


def shared_bytes(held: Incidence, items: list[int], other: int) -> int:
    """Weight of the data that an item holds and one of several others, too."""
    data = [set(held.data[held.items == item].tolist()) for item in range(held.count)]
    union = set().union(*(data[item] for item in items))
    return sum(int(held.weights[datum]) for datum in union & data[other])


@examples(60)
@given(incidences(), st.integers(1, 5))
def test_every_item_is_in_one_cluster_and_only_the_last_is_not_full(
    held: Incidence, capacity: int
) -> None:
    clusters = cluster(held, capacity)
    assert clusters.shape == (held.count,)
    sizes = np.bincount(clusters)
    assert len(sizes) == -(-held.count // capacity)
    assert (sizes[:-1] == capacity).all()
    assert 1 <= sizes[-1] <= capacity


@examples(60)
@given(incidences(), st.integers(1, 5))
def test_a_cluster_takes_the_item_that_shares_most_with_it(held: Incidence, capacity: int) -> None:
    left = list(range(held.count))
    expected = np.full(held.count, -1)
    for number in range(-(-held.count // capacity)):
        members = [left.pop(0)]
        while left and len(members) < capacity:
            # max() takes the first of equals, the lowest number
            best = max(left, key=lambda item: shared_bytes(held, members, item))
            left.remove(best)
            members.append(best)
        expected[members] = number
    assert cluster(held, capacity).tolist() == expected.tolist()


def test_shared_data_decides_against_the_order_of_items() -> None:
    """Items 0 and 3 share 5 bytes, items 1 and 2 share 9; items 0 and 1 share only 4."""
    held = incidence([{0: 4, 1: 5}, {0: 4, 2: 9}, {2: 9}, {1: 5}])
    assert cluster(held, 2).tolist() == [0, 1, 1, 0]


def test_data_that_a_cluster_holds_twice_counts_once() -> None:
    """Items 0 and 1 hold the same 3 bytes: item 3 shares 3 of them, item 2 shares 4 bytes."""
    held = incidence([{0: 3, 2: 10}, {0: 3, 1: 4, 2: 10}, {1: 4}, {0: 3}])
    assert cluster(held, 3).tolist() == [0, 0, 0, 1]


def test_without_shared_data_items_stay_in_order() -> None:
    assert cluster(incidence([{0: 1}, {1: 1}, {2: 1}, {3: 1}, {}]), 2).tolist() == [0, 0, 1, 1, 2]


def test_a_cluster_holds_what_its_items_hold() -> None:
    held = incidence([{0: 4, 1: 5}, {0: 4}, {2: 9}])
    merged = held.merged(np.array([0, 0, 1]), 2)
    assert merged.count == 2
    assert merged.items.tolist() == [0, 0, 1]
    assert merged.data.tolist() == [0, 1, 2]
    assert merged.weights.tolist() == [4, 5, 9]


def test_operands_and_partial_sums_of_crossbars() -> None:
    """Two rows, two columns and two copies of tiles, one on each of eight crossbars."""
    layer = Layer("conv", (4, 2, 2), 6, Window((1, 1)), weight_bits=2)
    grid = Grid(hwm=2, wwm=2, iw=2, ib=1, tile_rows=2, tile_columns=3)
    image = Operand((0,), (4, 2, 2))
    nodes = (
        Node(0, "input", NodeKind.INPUT, (4, 2, 2), 8, (0,)),
        Node(1, "conv", NodeKind.LAYER, (6, 2, 2), 8, (0, 3), (image,), layer=layer, grid=grid),
    )
    tiles = np.arange(8)
    placements = {"conv": Placement(tiles, tiles[::-1], tiles * 0, tiles * 0)}
    held = crossbar_incidence(Dataflow(nodes), placements, 8, sum_bytes=4)

    def data_of(tile: int) -> set[int]:
        return set(held.data[held.items == 7 - tile].tolist())

    for tile in range(8):
        assert len(data_of(tile)) == 2
    # tile = (copy · 2 + column) · 2 + row
    same_operand = [(0, 2), (1, 3), (4, 6), (5, 7)]
    same_sums = [(0, 1), (2, 3), (4, 5), (6, 7)]
    operand_bytes, sum_bytes = 2 * 2, 3 * 4 * 2
    for first in range(8):
        for second in range(first + 1, 8):
            shared = sum(int(held.weights[datum]) for datum in data_of(first) & data_of(second))
            expected = operand_bytes * ((first, second) in same_operand)
            expected += sum_bytes * ((first, second) in same_sums)
            assert shared == expected


def test_a_crossbar_holds_a_datum_once() -> None:
    """Both tiles of one column slice on one crossbar: they read two operands, feed one sum."""
    layer = Layer("fc", (4, 1, 1), 3, Window((1, 1)), weight_bits=2)
    grid = Grid(hwm=2, wwm=1, iw=1, ib=1, tile_rows=2, tile_columns=3)
    vector = Operand((0,), (4, 1, 1))
    nodes = (
        Node(0, "input", NodeKind.INPUT, (4, 1, 1), 8, (0,)),
        Node(1, "fc", NodeKind.LAYER, (3, 1, 1), 8, (0,), (vector,), layer=layer, grid=grid),
    )
    zeros = np.zeros(2, np.int64)
    placements = {"fc": Placement(np.arange(2), zeros, zeros, zeros)}
    held = crossbar_incidence(Dataflow(nodes), placements, 1, sum_bytes=4)
    assert held.items.tolist() == [0, 0, 0]
    assert sorted(held.weights[held.data].tolist()) == [2, 2, 12]


def test_bytes_of_partial_sums_and_the_least_that_clusters_can_hold() -> None:
    """Datum 0 is an operand of three items; 1 and 2 are sums of three and of one item."""
    items, data = np.array([0, 0, 1, 1, 2, 2, 3]), np.array([0, 1, 0, 1, 0, 1, 2])
    held = Incidence.of(4, items, data, np.array([100, 10, 1]), first_sum=1)
    assert held.bytes_held == 331
    assert held.sum_bytes_held == 31
    assert [held.least_sum_bytes(capacity) for capacity in (1, 2, 3)] == [31, 21, 11]
    assert held.merged(np.array([0, 0, 1, 1]), 2).sum_bytes_held == 21
