"""Precedence graphs: what must happen before what, and what can therefore never happen."""

from __future__ import annotations

from dataclasses import dataclass
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
        """The neighbours of one node."""
        return self.numbers[self.starts[node] : self.starts[node + 1]]

    def of_nodes(self, nodes: Ints) -> Ints:
        """The neighbours of several nodes, one after the other."""
        starts = self.starts[nodes]
        counts = self.starts[nodes + 1] - starts
        before = np.cumsum(counts) - counts
        return self.numbers[np.repeat(starts - before, counts) + np.arange(counts.sum())]


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
        following = Neighbours.of(self.nodes, self.before, self.after)
        waits = np.bincount(self.after, minlength=self.nodes)
        stuck = np.ones(self.nodes, bool)
        free = np.flatnonzero(waits == 0)
        while len(free):
            stuck[free] = False
            reached = following.of_nodes(free)
            np.subtract.at(waits, reached, 1)
            free = np.unique(reached[waits[reached] == 0])
        return stuck

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
