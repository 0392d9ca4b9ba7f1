"""Precedence graphs: what must happen before what, and what can therefore never happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.integer]


class Neighbours(NamedTuple):
    """The neighbours of every node: those of node n are `numbers[starts[n] : starts[n + 1]]`."""

    starts: Ints
    numbers: Ints

    @staticmethod
    def of(nodes: int, sources: Ints, neighbours: Ints) -> Neighbours:
        """The neighbours of `nodes` nodes, from pairs of a node and its neighbour."""
        starts = np.zeros(nodes + 1, np.int64)
        np.cumsum(np.bincount(sources, minlength=nodes), out=starts[1:])
        return Neighbours(starts, neighbours[np.argsort(sources, kind="stable")])

    def of_node(self, node: int) -> Ints:
        """The neighbours of one node: shape [neighbours]."""
        return self.numbers[self.starts[node] : self.starts[node + 1]]

    def of_nodes(self, nodes: Ints) -> Ints:
        """The neighbours of several nodes, one after the other."""
        starts = self.starts[nodes]
        counts = self.starts[nodes + 1] - starts
        before = np.cumsum(counts) - counts
        return self.numbers[np.repeat(starts - before, counts) + np.arange(counts.sum())]


@dataclass
class Pairs:
    """Pairs of nodes of a precedence graph while they are collected."""

    before: list[Ints] = field(default_factory=list)
    after: list[Ints] = field(default_factory=list)

    def add(self, before: Ints | int, after: Ints | int) -> None:
        """Each node of `before` comes before the one of `after` at the same place."""
        pairs = np.broadcast_arrays(before, after)
        self.before.append(pairs[0].reshape(-1))
        self.after.append(pairs[1].reshape(-1))

    def graph(self, nodes: int) -> PrecedenceGraph:
        """The graph on `nodes` nodes whose arrows are all pairs added so far."""
        return PrecedenceGraph(nodes, np.concatenate(self.before), np.concatenate(self.after))


@dataclass(frozen=True)
class PrecedenceGraph:
    """Nodes 0, 1, 2 …, and pairs of nodes of which one comes `before` and one `after`.

    A pair may occur several times.
    """

    nodes: int
    before: Ints
    after: Ints

    @cached_property
    def stuck(self) -> NDArray[np.bool_]:
        """Which nodes are on a cycle or come after one: shape [nodes].

        Kahn's algorithm (1962), all nodes that are free at once in one step.
        """
        countdown = Countdown(self)
        free = countdown.free
        while len(free):
            free = countdown.after(free)
        return countdown.left > 0

    def cycle(self, start: int) -> list[int]:
        """A cycle that keeps `start`, a stuck node, from its turn; each node comes after the next.

        The walk goes back from every node to the first stuck one of those before it.
        """
        within = self.stuck[self.before] & self.stuck[self.after]
        before = Neighbours.of(self.nodes, self.after[within], self.before[within])
        walk, step = [start], {start: 0}
        while True:
            node = int(before.of_node(walk[-1])[0])
            if node in step:
                return walk[step[node] :]
            step[node] = len(walk)
            walk.append(node)


class Countdown:
    """How many nodes have yet to come before each node of a graph; nothing has its turn at first.

    Attributes:
        left: how many: shape [nodes].
    """

    def __init__(self, graph: PrecedenceGraph):
        self.following = Neighbours.of(graph.nodes, graph.before, graph.after)
        self.left = np.bincount(graph.after, minlength=graph.nodes)
        self._place = np.empty(graph.nodes, np.int64)

    @property
    def free(self) -> Ints:
        """The nodes before which none has yet to come."""
        return np.flatnonzero(self.left == 0)

    def after(self, nodes: Ints) -> Ints:
        """The nodes that become free when some nodes have their turn."""
        return self.less(self.following.of_nodes(nodes))

    def more(self, nodes: Ints) -> None:
        """One more has to come before each of some nodes, which may occur several times."""
        np.add.at(self.left, nodes, 1)

    def less(self, nodes: Ints) -> Ints:
        """One less has to come before each of some nodes: those that become free thereby."""
        np.subtract.at(self.left, nodes, 1)
        free = nodes[self.left[nodes] == 0]
        places = np.arange(len(free))
        self._place[free] = places
        return free[self._place[free] == places]
