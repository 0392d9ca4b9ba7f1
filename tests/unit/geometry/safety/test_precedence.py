"""Precedence graphs against the definition: a node is stuck if a cycle leads to it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.geometry.safety.precedence import PrecedenceGraph

NODES = 9
PAIRS = st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)), max_size=14)


def graph(pairs: list[tuple[int, int]], nodes: int = NODES) -> PrecedenceGraph:
    before, after = np.array(pairs, np.int64).reshape(-1, 2).T
    return PrecedenceGraph(nodes, before, after)


def reachable(pairs: list[tuple[int, int]], start: int) -> set[int]:
    """What one or more pairs lead to."""
    found: set[int] = set()
    frontier = {start}
    while frontier:
        frontier = {after for before, after in pairs if before in frontier} - found
        found |= frontier
    return found


@given(PAIRS)
def test_nodes_after_a_cycle_are_stuck_and_no_others(pairs: list[tuple[int, int]]) -> None:
    cyclic = {node for node in range(NODES) if node in reachable(pairs, node)}
    stuck = cyclic.union(*(reachable(pairs, node) for node in cyclic))
    assert set(np.flatnonzero(graph(pairs).stuck).tolist()) == stuck


@given(PAIRS)
def test_a_cycle_goes_back_from_node_to_node(pairs: list[tuple[int, int]]) -> None:
    found = graph(pairs)
    for start in np.flatnonzero(found.stuck).tolist():
        cycle = found.cycle(start)
        assert len(set(cycle)) == len(cycle)
        for node, earlier in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            assert (earlier, node) in pairs
        assert start in cycle or start in reachable(pairs, cycle[0])


def test_pairs_may_occur_several_times() -> None:
    assert not graph([(0, 1), (0, 1), (1, 2)], 3).stuck.any()
    assert graph([(0, 1), (1, 0), (1, 0)], 3).stuck.tolist() == [True, True, False]
