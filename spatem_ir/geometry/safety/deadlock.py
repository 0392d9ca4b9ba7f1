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
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.network.turns import Turns
from spatem_ir.geometry.network.waits import Wait, input_portions, input_queues
from spatem_ir.geometry.safety.chains import (
    VisitChains,
    Visits,
    by_stage,
    come_to_an_end,
    members,
    operations_of,
)
from spatem_ir.geometry.safety.liveness import come_to_their_end
from spatem_ir.geometry.safety.owned_pieces import OwnedPieces
from spatem_ir.geometry.safety.precedence import Pairs, PrecedenceGraph
from spatem_ir.geometry.shapes.equals import lengths
from spatem_ir.geometry.shapes.ranks import rank_within
from spatem_ir.geometry.shapes.window import PADDING
from spatem_ir.hardware.accelerator import MOST_CROSSBARS

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer

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


class _Precedence:
    """The precedence graph of programs.

    Its nodes are, one kind after the other: pieces, operands (row parts of windows), how far nodes
    are (as far as others wait for that), turns at pieces, the ends of stages, operations of
    crossbars that are in step, and visits.
    """

    def __init__(
        self,
        dataflow: Dataflow,
        programs: Sequence[CrossbarProgram],
        waits: Sequence[Wait],
        in_step: int,
        turns: Mapping[str, Turns],
    ):
        self.in_step = in_step
        self.dataflow = dataflow
        self.programs = programs
        self.waits = waits
        self.pairs = Pairs()
        self.variants: list[_Variant] = []
        self.nodes = 0
        self.first_piece = {node.number: self.numbered(node.pieces) for node in dataflow.nodes}
        self.first_operand: dict[int, int] = {}
        self.positions: dict[int, Ints] = {}
        for node in dataflow.nodes:
            if node.kind is NodeKind.LAYER:
                self.add_operands(node)
            elif node.kind is not NodeKind.INPUT:
                self.add_digital(node)
        self.turns: dict[int, OwnedPieces] = {}
        for node in dataflow.layers:
            if node.name in turns and turns[node.name].parts > 1:
                self.add_turns(node, turns[node.name])
        self.first_progress: dict[int, int] = {}
        self.milestones: dict[int, Ints] = {}
        self.add_waits()

    def numbered(self, count: int) -> int:
        """The number of the first of `count` new nodes."""
        self.nodes += count
        return self.nodes - count

    # What is read

    def add_operands(self, node: Node) -> None:
        """Operands of a layer come after the pieces of which they consist."""
        layer, grid = _partitioned(node)
        matrices, rows = grid.matrices(layer), list(map(grid.operand_part, range(grid.hwm)))
        first = self.numbered(matrices * layer.windows * len(rows))
        self.first_operand[node.number] = first
        self.positions[node.number] = grid.positions_by_matrix(layer)
        pieces = self.operand_pieces(node)
        for matrix in range(matrices):
            read = pieces[grid.operand_elements(layer, matrix)]
            operands = first + (matrix * layer.windows + np.arange(layer.windows)) * len(rows)
            for part, chosen in enumerate(rows):
                self.add_reads(operands + part, read[:, chosen])

    def add_digital(self, node: Node) -> None:
        """Pieces of a digital operator or output come after those that it reads."""
        first = self.first_piece[node.number]
        positions = np.arange(node.positions)
        pieces = self.operand_pieces(node)
        for part in range(len(node.slices)):
            own = first + part * node.positions + positions
            self.add_reads(own, pieces[node.operand_windows(part)])

    def add_reads(self, readers: Ints, pieces: Ints) -> None:
        """Reader n comes after the pieces of row n, each once; padding is read from nowhere."""
        ordered = np.sort(pieces, axis=1)
        distinct = np.diff(ordered, axis=1, prepend=PADDING) > 0
        self.pairs.add(ordered[distinct], np.repeat(readers, distinct.sum(axis=1)))

    def operand_pieces(self, node: Node) -> Ints:
        """The graph's node of every operand element; a last entry stands for padding."""
        parts = []
        for operand in node.operands:
            pieces = np.concatenate([self.element_pieces(source) for source in operand.sources])
            parts.append(pieces if operand.order is None else pieces[operand.order])
        return np.append(np.concatenate(parts), PADDING)

    def element_pieces(self, number: int) -> Ints:
        """The graph's node of every element of a node of the dataflow, in row-major order."""
        return self.first_piece[number] + self.dataflow.nodes[number].element_pieces()

    # What waits for its turn

    def add_turns(self, node: Node, turns: Turns) -> None:
        """A visit begins after its operand, and after so many have owned its piece."""
        layer, grid = _partitioned(node)
        firsts = self.numbered(node.pieces * turns.parts), self.numbered(node.pieces * turns.parts)
        self.turns[node.number] = own = OwnedPieces(
            turns, self.first_piece[node.number], *firsts, grid.window_counts(layer)
        )
        numbers = np.arange(node.pieces * turns.parts)
        self.pairs.add(own.first_owned + numbers, own.first_begun + numbers)
        tiles = np.arange(grid.tiles(layer))
        for copy, windows in enumerate(own.windows.tolist()):
            of_copy = tiles[grid.coordinates(tiles).copy == copy][:, None]
            ordinals = np.arange(windows)[None, :]
            operands, pieces = self.ends(node, of_copy, ordinals)
            turn = own.turn(of_copy, ordinals, windows)
            self.pairs.add(operands, own.begun(pieces, turn))
            if turns.in_sequence:
                self.pairs.add(pieces[:, :-1], own.begun(pieces[:, 1:], turn[:, 1:] * 0))

    def visit_ends(self, node: Node, shares: Ints, windows: Ints) -> tuple[Ints, Ints, Ints]:
        """The graph's nodes after which visits come, those that come after them, and their pieces.

        Without turns, these are operands and pieces.
        """
        operands, pieces = self.ends(node, shares, windows)
        own = self.turns.get(node.number)
        if own is None:
            return operands, pieces, pieces
        _, grid = _partitioned(node)
        copies = grid.coordinates(shares).copy
        return *own.visit_ends(pieces, shares, windows, copies), pieces

    # What waits for progress

    def add_waits(self) -> None:
        """Positions come after the progress for which they wait."""
        if not self.waits:
            return
        for number in sorted({wait.other for wait in self.waits}):
            counts = [wait.until for wait in self.waits if wait.other == number]
            self.add_progress(self.dataflow.nodes[number], np.unique(np.concatenate(counts)))
        self.add_entering()
        for wait in self.waits:
            waiting = np.flatnonzero(wait.until > 0)
            self.add_waiting(
                self.dataflow.nodes[wait.node],
                waiting,
                self.first_progress[wait.other]
                + np.searchsorted(self.milestones[wait.other], wait.until[waiting]),
            )

    def add_entering(self) -> None:
        """A portion of the input enters after the one before; its positions wait for the same."""
        entering = np.concatenate(
            [self.first_piece[n.number] + np.arange(n.positions) for n in self.dataflow.inputs]
        )
        starts = input_portions(self.dataflow, self.waits)
        firsts = entering[starts]
        queues = input_queues(self.dataflow)[starts]
        together = queues[:-1] == queues[1:]
        self.pairs.add(firsts[:-1][together], firsts[1:][together])
        others = np.repeat(firsts, lengths(starts, len(entering)))
        self.pairs.add(others[others != entering], entering[others != entering])

    def add_progress(self, node: Node, counts: Ints) -> None:
        """Progress to some numbers of positions comes after their pieces and after each other."""
        counts = self.milestones[node.number] = counts[counts > 0]
        first = self.first_progress[node.number] = self.numbered(len(counts))
        positions = np.arange(counts.max(initial=0))
        progress = first + np.searchsorted(counts, positions, side="right")
        for part in range(len(node.slices)):
            pieces = self.first_piece[node.number] + part * node.positions + positions
            self.pairs.add(pieces, progress)
        after = first + np.arange(1, len(counts))
        self.pairs.add(after - 1, after)

    def add_waiting(self, node: Node, positions: Ints, progress: Ints) -> None:
        """Positions of a node begin after some progress: a layer's when it reads its operands."""
        if node.kind is not NodeKind.LAYER:
            for part in range(len(node.slices)):
                first = self.first_piece[node.number] + part * node.positions
                self.pairs.add(progress, first + positions)
            return
        layer, grid = _partitioned(node)
        after = np.full(node.positions, PADDING)
        after[positions] = progress
        operands = np.arange(grid.matrices(layer) * layer.windows * grid.hwm).reshape(-1, grid.hwm)
        progress = after[self.positions[node.number].reshape(-1)]
        waiting = progress != PADDING
        first = self.first_operand[node.number]
        self.pairs.add(progress[waiting, None], first + operands[waiting])

    # What is visited

    def comes_to_an_end(self) -> bool:
        """Whether everything happens, each crossbar's visits one after the other."""
        stages = [self.chains(own) for own in by_stage(self.programs)]
        return come_to_an_end(self.pairs.graph(self.nodes), stages)

    def chains(self, programs: Sequence[CrossbarProgram]) -> VisitChains:
        """What the visits of a stage need and add to: operands and pieces."""
        visits = Visits.of(programs, self.dataflow, self.share_of, self.in_step)
        needs, adds = np.empty_like(visits.shares), np.empty_like(visits.shares)
        places = np.empty_like(visits.shares)
        for number, own in members(visits.layers):
            node, turns = self.dataflow.nodes[number], visits.turns[own].astype(np.int64)
            needs[own], adds[own], pieces = self.visit_ends(node, visits.shares[own], turns)
            places[own] = self.place(node, pieces)
        operations = visits.operations(places, self.in_step)
        return VisitChains.of(visits, needs, adds, self.nodes, operations)

    def place(self, node: Node, pieces: Ints) -> Ints:
        """The first piece at the position of some pieces of a node, which stands for it."""
        first = self.first_piece[node.number]
        return first + (pieces - first) % node.positions

    def add_programs(self) -> PrecedenceGraph:
        """The graph with all visits."""
        self.first_end = self.numbered(max(program.stage for program in self.programs) + 1)
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
        if program.stage > 0:
            self.pairs.add(self.first_end + program.stage - 1, ids[:, 0])
        self.pairs.add(ids[:, -1], self.first_end + program.stage)
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
        # Those of different stages are never in step.
        crossbars = program.crossbars[members] + program.stage * self.in_step * MOST_CROSSBARS
        crossbars = np.broadcast_to(crossbars[:, None], ids.shape)
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

    def ends(self, node: Node, shares: Ints, turns: Ints) -> tuple[Ints, Ints]:
        """The graph's nodes of the operands that visits read, and of the pieces to which they add.

        `shares` and `turns` have shapes that broadcast.
        """
        layer, grid = _partitioned(node)
        at = grid.coordinates(shares if node.number in self.turns else shares * grid.ib)
        window = grid.dealt_window(layer, at.copy, turns)
        operands = (at.matrix * layer.windows + window) * grid.hwm + at.row
        part = grid.slice_of(layer, at.matrix, at.column)
        pieces = part * node.positions + self.positions[node.number][at.matrix, window]
        return (
            self.first_operand[node.number] + operands,
            self.first_piece[node.number] + pieces,
        )

    def share_of(self, node: Node, tiles: Ints) -> Ints:
        """What the precedence tells apart of tiles: all but their input bits, unless in turns."""
        return tiles if node.number in self.turns else share_of(node, tiles)

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
        layer, grid = _partitioned(node)
        window = grid.copy_windows(layer, grid.coordinates(tile).copy)[program.windows[number]]
        crossbar = int(program.crossbars[variant.member])
        return WaitingVisit(variant.program, burst, crossbar, node, tile, window)


def share_of(node: Node, tiles: Ints) -> Ints:
    """What the precedence tells apart of tiles: all but their input bits."""
    _, grid = _partitioned(node)
    return tiles // grid.ib


def _partitioned(node: Node) -> tuple[Layer, Grid]:
    assert node.layer is not None and node.grid is not None
    return node.layer, node.grid
