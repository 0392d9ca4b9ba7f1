"""Deadlocks: crossbar programs whose visits wait for each other for ever.

A visit comes after the visit before it in its crossbar's program, and after the pieces of its
operand; a piece of a layer comes after all visits that add to it, one of a digital operator after
the pieces that it reads, one of the input after the one that enters before it.  What waits for the
progress of a node comes after the positions that it waits for (rule R10), and where tiles own
results in turns (R13), a visit comes after the one that has its result before.  Time does not
matter: the machine's resources serve every request, so a program deadlocks exactly if this
precedence is cyclic.

Most programs are seen not to deadlock by a quick look at whole positions (:mod:`liveness`).  Only
of others is the precedence of all pieces and visits examined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
from spatem_ir.geometry.network.dataflow import Dataflow, Node
from spatem_ir.geometry.network.turns import Turns
from spatem_ir.geometry.network.waits import Wait
from spatem_ir.geometry.safety.chains import (
    VisitChains,
    Visits,
    come_to_an_end,
    members,
    operations_of,
)
from spatem_ir.geometry.safety.liveness import come_to_their_end
from spatem_ir.geometry.safety.piece_precedence import PiecePrecedence
from spatem_ir.geometry.safety.precedence import PrecedenceGraph
from spatem_ir.geometry.shapes.ranks import rank_within

Ints = NDArray[np.int64]


class WaitingVisit(NamedTuple):
    """A visit that never starts: the number of its program and burst, crossbar, tile and window."""

    program: int
    burst: int
    crossbar: int
    node: Node
    tile: int
    window: int


def deadlock(
    dataflow: Dataflow,
    programs: Sequence[CrossbarProgram],
    waits: Sequence[Wait] = (),
    in_step: int = 1,
    turns: Mapping[str, Turns] | None = None,
) -> Deadlock | None:
    """What waits for ever; None if the programs do not deadlock.

    So many neighbouring crossbars are in step: the visits of an operation come after all that any
    of them comes after.  `turns` are those in which tiles own results, by the name of the layer.
    """
    if come_to_their_end(dataflow, programs, waits, in_step, turns):
        return None
    precedence = _Precedence(dataflow, programs, waits, in_step, turns or {})
    if precedence.comes_to_an_end():
        return None
    return precedence.deadlock()


class Deadlock(NamedTuple):
    """Visits that wait for each other for ever, and the waits that make them do so.

    Each visit waits for a crossbar that waits before the next, the last for the first's; `waits`
    are those of which positions are in the cycle.  There may be no visits, or no waits.
    """

    visits: list[WaitingVisit]
    waits: list[Wait]


class _Variant(NamedTuple):
    """Crossbars of a program with the same shares: one of them, and the node of its first visit."""

    program: int
    member: int
    first: int


class _Precedence(PiecePrecedence):
    """The precedence graph of programs: that of pieces, and their visits.

    Behind the nodes of the former it has operations of crossbars that are in step, and visits.
    """

    def __init__(
        self,
        dataflow: Dataflow,
        programs: Sequence[CrossbarProgram],
        waits: Sequence[Wait],
        in_step: int,
        turns: Mapping[str, Turns],
    ):
        super().__init__(dataflow, waits, turns)
        self.in_step = in_step
        self.programs = programs
        self.variants: list[_Variant] = []

    # What is visited

    def comes_to_an_end(self) -> bool:
        """Whether everything happens, each crossbar's visits one after the other."""
        return come_to_an_end(self.pairs.graph(self.nodes), self.chains())

    def chains(self) -> VisitChains:
        """What visits need and add to: operands and pieces."""
        visits = Visits.of(self.programs, self.dataflow, self.share_of, self.in_step)
        needs, adds = np.empty_like(visits.shares), np.empty_like(visits.shares)
        places = np.empty_like(visits.shares)
        for number, own in members(visits.layers):
            node, ordinals = self.dataflow.nodes[number], visits.ordinals[own].astype(np.int64)
            needs[own], adds[own], pieces = self.visit_ends(node, visits.shares[own], ordinals)
            places[own] = self.place(node, pieces)
        operations = visits.operations(places, self.in_step)
        return VisitChains.of(visits, needs, adds, self.nodes, operations)

    def add_programs(self) -> PrecedenceGraph:
        """The graph with all visits."""
        first = self.numbered(sum(p.tiles.shape[1] * len(p.bursts) for p in self.programs))
        in_step = [self.add_program(*each) for each in enumerate(self.programs)]
        if self.in_step > 1:
            self.add_operations(first, *map(np.concatenate, zip(*in_step, strict=True)))
        return self.pairs.graph(self.nodes)

    def add_operations(
        self, first: int, visits: Ints, before: Ints, needs: Ints, crossbars: Ints, places: Ints
    ) -> None:
        """Operations come after all that their visits come after; nodes begin with `first`."""
        chain = crossbars * (int(places.max()) + 1) + places
        operations = first + operations_of(crossbars // self.in_step, places, rank_within(chain))
        self.pairs.add(operations, visits)
        self.pairs.add(needs, operations)
        follows = before >= 0
        self.pairs.add(before[follows], operations[follows])

    def add_program(self, number: int, program: CrossbarProgram) -> tuple[Ints, ...]:
        """Visits come after each other and after their operands, pieces after visits.

        Returns, for all visits, their nodes, those of the visits before (negative if there is
        none), their operands, crossbars and places.
        """
        shares, members = self.shares(program)
        visits = len(program.bursts)
        first = self.numbered(visits * len(members))
        self.variants += [
            _Variant(number, member, first + visits * n) for n, member in enumerate(members)
        ]
        ids = first + visits * np.arange(len(members))[:, None] + np.arange(visits)[None, :]
        self.pairs.add(ids[:, :-1], ids[:, 1:])
        layers = np.array([node.number for node in program.nodes])[program.bursts]
        needs, places = np.empty_like(ids), np.empty_like(ids)
        for layer in np.unique(layers).tolist():
            chosen = np.flatnonzero(layers == layer)
            before_visits, after_visits, pieces = self.visit_ends(
                self.dataflow.nodes[layer],
                shares[program.bursts[chosen]].T,
                program.windows[chosen][None, :],
            )
            self.pairs.add(before_visits, ids[:, chosen])
            self.pairs.add(ids[:, chosen], after_visits)
            needs[:, chosen] = before_visits
            places[:, chosen] = self.place(self.dataflow.nodes[layer], pieces)
        before = np.insert(ids[:, :-1], 0, -1, axis=1)
        crossbars = np.broadcast_to(program.crossbars[members][:, None], ids.shape)
        return tuple(each.reshape(-1) for each in (ids, before, needs, crossbars, places))

    def shares(self, program: CrossbarProgram) -> tuple[Ints, list[int]]:
        """What the graph tells apart of tiles: shape [B, variants], and a member of each variant.

        Tiles differ if they do in more than their input bits, or if crossbars are in step; in turns
        they differ in any case.
        """
        tiles = zip(program.nodes, program.tiles, strict=True)
        own = np.stack([self.share_of(node, of_burst) for node, of_burst in tiles])
        if self.in_step > 1:
            return own, list(range(own.shape[1]))
        shares, found = np.unique(own, axis=1, return_index=True)
        return shares, found.tolist()

    # What waits for ever

    def deadlock(self) -> Deadlock:
        """A cycle: the visits before which crossbars wait, from the lowest crossbar on, and waits.

        Only what the waits of the cycle let wait is named.
        """
        graph = self.add_programs()
        first_visit = self.variants[0].first
        cycle = graph.cycle(int(np.flatnonzero(graph.stuck)[-1]))
        steps = list(pairwise([*cycle, cycle[0]]))
        waiting = [visit for visit, needed in steps if visit >= first_visit > needed]
        visits = [self.described(visit) for visit in waiting]
        if visits:
            first = min(range(len(visits)), key=lambda n: (visits[n].crossbar, visits[n].program))
            visits = visits[first:] + visits[:first]
        progress = set(cycle)
        waits = [wait for wait in self.waits if self.is_among(wait, progress)]
        return Deadlock(visits, waits)

    def is_among(self, wait: Wait, nodes: set[int]) -> bool:
        """Whether some nodes of the graph are progress for which a wait waits."""
        first = self.first_progress[wait.other]
        stop = first + len(self.milestones[wait.other])
        return any(first <= node < stop for node in nodes)

    def described(self, visit: int) -> WaitingVisit:
        """The visit of a node of the graph."""
        firsts = [variant.first for variant in self.variants]
        variant = self.variants[int(np.searchsorted(firsts, visit, side="right")) - 1]
        program, number = self.programs[variant.program], visit - variant.first
        burst = int(program.bursts[number])
        node, tile = program.nodes[burst], int(program.tiles[burst, variant.member])
        layer, grid = node.partitioned
        window = grid.copy_windows(layer, grid.coordinates(tile).copy)[program.windows[number]]
        crossbar = int(program.crossbars[variant.member])
        return WaitingVisit(variant.program, burst, crossbar, node, tile, window)
