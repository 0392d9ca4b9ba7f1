"""Chains of visits: each crossbar makes its visits one after the other, each when it can.

A visit can be made when one event has happened, and counts towards another one.  What events there
are, is up to who looks: whole positions (:mod:`liveness`) or pieces (:mod:`deadlock`).  Where
crossbars work in step, the visits of an *operation* are made together, when all of them can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
from spatem_ir.geometry.network.dataflow import Dataflow, Node
from spatem_ir.geometry.safety.precedence import Countdown, PrecedenceGraph
from spatem_ir.geometry.shapes.distinct import distinct_rows
from spatem_ir.geometry.shapes.ranks import rank_within

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Visits(NamedTuple):
    """The visits of crossbars, crossbar after crossbar.

    Attributes:
        starts: the first visit of each crossbar: shape [crossbars].
        crossbars: their numbers; of crossbars that are one, that of the first.
        layers: the number of the layer that is visited: shape [visits].
        shares: what of a tile counts: shape [visits].
        ordinals: the window, counted within the share of the tile's copy: shape [visits].
    """

    starts: Ints
    crossbars: Ints
    layers: NDArray[np.int32]
    shares: Ints
    ordinals: NDArray[np.int32]

    @staticmethod
    def of(
        programs: Sequence[CrossbarProgram],
        dataflow: Dataflow,
        share: Callable[[Node, Ints], Ints],
        in_step: int = 1,
    ) -> Visits:
        """The visits of the crossbars of programs.

        Crossbars of a program whose tiles have the same `share` are one, unless several crossbars
        are in step.
        """
        layers = [np.array([n.number for n in program.nodes], np.int32) for program in programs]
        sizes = [program.tiles.shape[1] for program in programs]
        of_tile = np.concatenate([np.repeat(*each) for each in zip(layers, sizes, strict=True)])
        shares = np.concatenate([program.tiles.reshape(-1) for program in programs])
        for number, tiles in members(of_tile):
            shares[tiles] = share(dataflow.nodes[number], shares[tiles])
        stops = np.cumsum([program.tiles.size for program in programs])
        columns = []
        for program, own, layer in zip(programs, np.split(shares, stops[:-1]), layers, strict=True):
            by_crossbar, crossbars = own.reshape(program.tiles.shape).T, program.crossbars
            if len(by_crossbar) > 1 and in_step == 1:
                found = distinct_rows(by_crossbar)[0]
                by_crossbar, crossbars = by_crossbar[found], crossbars[found]
            visited = by_crossbar[:, program.bursts]
            count = len(by_crossbar)
            columns.append(
                (
                    np.full(count, len(program.bursts)),
                    crossbars,
                    np.tile(layer[program.bursts], count),
                    visited.reshape(-1),
                    np.tile(program.windows.astype(np.int32), count),
                )
            )
        lengths, *others = (np.concatenate(column) for column in zip(*columns, strict=True))
        return Visits(np.cumsum(lengths) - lengths, *others)

    def operations(self, places: Ints, in_step: int) -> Ints | None:
        """The operation of each visit, if so many neighbouring crossbars are in step (R1).

        `places` say which position of which layer each visit is to.
        """
        if in_step == 1:
            return None
        chain = np.repeat(np.arange(len(self.starts)), np.diff([*self.starts, len(places)]))
        repeats = rank_within(chain * (int(places.max(initial=0)) + 1) + places)
        return operations_of(self.crossbars[chain] // in_step, places, repeats)


def operations_of(units: Ints, places: Ints, repeats: Ints) -> Ints:
    """The number of the operation of each visit: those of a unit and a place are one.

    Of visits that a crossbar repeats there, so are those that are its n-th; `repeats` says which
    each is.  They are numbered by unit, then by place, then by repeat.
    """
    keys = np.stack([repeats, places, units])
    order = np.lexsort(keys)
    is_new = (np.diff(keys[:, order], axis=1) != 0).any(axis=0)
    numbers = np.empty(len(units), np.int64)
    numbers[order] = np.append(0, np.cumsum(is_new))
    return numbers


def members(groups: NDArray[np.integer]) -> Iterator[tuple[int, Ints]]:
    """Each group with its members, in ascending order."""
    order = np.argsort(groups.astype(np.int16), kind="stable")
    starts = np.append(0, np.flatnonzero(np.diff(groups[order])) + 1)
    for own in np.split(order, starts[1:]) if len(order) else []:
        yield int(groups[own[0]]), own


@dataclass
class VisitChains:
    """How far the crossbars of a stage have come.

    Attributes:
        needs: the event after which each visit can be made; behind the last one of each crossbar
            one that never happens.
        adds: the event towards which it counts.
        at: how far each crossbar has come: shape [crossbars].
        operations: the operation of each visit, if crossbars are in step.
        sizes: how many visits each operation has.
    """

    needs: Ints
    adds: Ints
    at: Ints
    never: int
    operations: Ints | None = None
    sizes: Ints | None = None

    @staticmethod
    def of(
        visits: Visits, needs: Ints, adds: Ints, never: int, operations: Ints | None = None
    ) -> VisitChains:
        """The chains of visits, given the events of each of them; `never` is one that none is."""
        ends = np.append(visits.starts[1:], len(needs))
        starts = visits.starts + np.arange(len(visits.starts))
        chains = VisitChains(
            np.insert(needs, ends, never), np.insert(adds, ends, never), starts, never
        )
        if operations is not None:
            chains.sizes = np.bincount(operations)
            chains.operations = np.insert(operations, ends, 0)
        return chains

    @property
    def counted(self) -> Ints:
        """The events towards which all visits count."""
        return self.adds[self.adds != self.never]

    @property
    def ended(self) -> bool:
        """Whether all visits are made."""
        return bool((self.needs[self.at] == self.never).all())

    def make(self, happened: Bools) -> Ints:
        """Let each crossbar make its next visit, if it can; returns what they count towards."""
        going = np.flatnonzero(happened[self.needs[self.at]])
        if self.operations is not None and self.sizes is not None:
            own = self.operations[self.at[going]]
            _, which, counts = np.unique(own, return_inverse=True, return_counts=True)
            going = going[counts[which] == self.sizes[own]]
        added = self.adds[self.at[going]]
        self.at[going] += 1
        return added


def come_to_an_end(graph: PrecedenceGraph, chains: VisitChains) -> bool:
    """Whether all nodes of a graph happen and all visits are made.

    A node happens after those before it in the graph, and the visits that count towards it.
    """
    countdown = Countdown(graph)
    countdown.more(chains.counted)
    happened = np.zeros(graph.nodes + 1, bool)
    free = countdown.free
    made = chains.make(happened)
    while len(free) or len(made):
        happened[free] = True
        free = np.append(countdown.after(free), countdown.less(made))
        made = chains.make(happened)
    return chains.ended and not countdown.left.any()
