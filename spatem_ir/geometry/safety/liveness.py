"""Liveness: crossbar programs that come to their end even if whole positions wait for each other.

A quick look that leaves slices, row parts and column parts out: a position of a node begins when
every position that it reads is finished and what it waits for (rule R10) has come so far; one of a
layer is finished when all visits to it are made, any other as soon as it begins.  Where tiles own
results in turns (R13), all slices of a position change hands together.  Programs that end
under these rules do not deadlock.  Of others, :mod:`deadlock` says exactly what waits for what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind, Operand
from spatem_ir.geometry.network.links import is_aligned
from spatem_ir.geometry.network.turns import Turns
from spatem_ir.geometry.network.waits import Wait, input_portions, input_queues
from spatem_ir.geometry.safety.chains import VisitChains, Visits, come_to_an_end, members
from spatem_ir.geometry.safety.precedence import Pairs
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.geometry.shapes.window import PADDING

Ints = NDArray[np.int64]


def come_to_their_end(
    dataflow: Dataflow,
    programs: Sequence[CrossbarProgram],
    waits: Sequence[Wait],
    in_step: int = 1,
    turns: Mapping[str, Turns] | None = None,
) -> bool:
    """Whether all visits are made and all positions finished under the rules of this module.

    So many neighbouring crossbars are in step; `turns` are those of layers, by name.
    """
    events = _Events(dataflow, waits, turns or {})
    chains = events.chains(programs, in_step)
    return come_to_an_end(events.pairs.graph(events.count), chains)


class OwnedPositions(NamedTuple):
    """Turns at the positions of a layer, whose first event is `first_begin`.

    Position p has been owned by n of P parts in event `first` + p · (P − 1) + n − 1, for 0 < n < P;
    by none when it begins, and by all when it is finished, so much `later`.
    """

    turns: Turns
    first_begin: int
    first: int
    later: int

    def owned(self, begins: Ints, turn: Ints | int) -> Ints:
        """That so many parts have owned positions, given by the events in which they begin."""
        parts = self.turns.parts
        between = self.first + (begins - self.first_begin) * (parts - 1) + turn - 1
        by_all = np.where(np.equal(turn, parts), begins + self.later, between)
        return np.where(np.equal(turn, 0), begins, by_all)


class _Events:
    """What happens in an execution, by number, and pairs of events of which one comes first.

    Layers have two events for each position, in which it begins and in which it is finished, the
    second one numbered so much `later`; they stand region by region of a locally connected layer.
    Positions of other nodes have one event, all positions of a portion of the input the same one.

    Attributes:
        begins: the event in which each position of a node begins, by number of the node.
        finished: the event in which it is finished.
        first: the event in which the first window of a layer begins.
    """

    def __init__(self, dataflow: Dataflow, waits: Sequence[Wait], turns: Mapping[str, Turns]):
        self.dataflow = dataflow
        self.pairs = Pairs()
        self.count = 0
        self.begins: dict[int, Ints] = {}
        self.first: dict[int, int] = {}
        for node in dataflow.layers:
            self.add_layer(node)
        self.later = self.count
        self.count *= 2
        self.finished = {number: begins + self.later for number, begins in self.begins.items()}
        self.turns: dict[int, OwnedPositions] = {}
        for node in dataflow.layers:
            if node.name in turns and turns[node.name].parts > 1:
                self.add_turns(node, turns[node.name])
        self.add_inputs(waits)
        for node in dataflow.nodes:
            if node.number not in self.begins:
                self.begins[node.number] = self.finished[node.number] = self.new(node.positions)
            self.add_reads(node)
        for wait in waits:
            self.add_wait(wait)

    def new(self, count: int) -> Ints:
        """The numbers of `count` events that nothing else has."""
        self.count += count
        return np.arange(self.count - count, self.count)

    def add_layer(self, node: Node) -> None:
        """Positions of a layer begin, those of a matrix in the order of its windows."""
        assert node.layer is not None
        positions = node.layer.positions_by_matrix()
        in_order = positions[0] if node.layer.region is None else positions.reshape(-1)
        self.first[node.number] = self.count
        begins = self.begins[node.number] = np.empty(node.positions, np.int64)
        begins[in_order] = self.new(node.positions)

    def add_turns(self, node: Node, turns: Turns) -> None:
        """Between the beginning and the end of a position, all parts but one have owned it."""
        first = int(self.new(node.positions * (turns.parts - 1))[0])
        own = OwnedPositions(turns, self.first[node.number], first, self.later)
        self.turns[node.number] = own
        layer, grid = node.partitioned
        if turns.in_sequence:
            firsts = np.unique(self.first_visit_at(node, np.arange(grid.tiles(layer))))
            for first, windows in zip(firsts, self.windows_from(node, firsts), strict=True):
                begins = first + np.arange(windows) * grid.window_step
                self.pairs.add(begins[:-1] + self.later, begins[1:])

    def windows_from(self, node: Node, firsts: Ints) -> Ints:
        """How many windows the copies have whose first windows begin in some events."""
        layer, grid = node.partitioned
        copy = (firsts - self.first[node.number]) % layer.windows
        if grid.deal is not Deal.CYCLIC:
            copy //= grid.windows_per_copy(layer)
        return grid.window_counts(layer)[copy]

    def add_inputs(self, waits: Sequence[Wait]) -> None:
        """The portions of a queue enter one after the other."""
        starts = input_portions(self.dataflow, waits)
        portions = self.new(len(starts))
        queues = input_queues(self.dataflow)[starts]
        together = queues[:-1] == queues[1:]
        self.pairs.add(portions[:-1][together], portions[1:][together])
        inputs = self.dataflow.inputs
        stops = np.cumsum([node.positions for node in inputs])
        entering = portions[np.searchsorted(starts, np.arange(stops[-1]), side="right") - 1]
        for node, events in zip(inputs, np.split(entering, stops[:-1]), strict=True):
            self.begins[node.number] = self.finished[node.number] = events

    def add_reads(self, node: Node) -> None:
        """Positions of a node begin after those that they read are finished."""
        for number, operand in enumerate(node.operands):
            if node.layer is not None:
                positions = node.layer.window.positions(*node.layer.input_shape[1:])
            else:
                positions = node.reaches[number].positions()
            sources = [self.dataflow.nodes[source] for source in operand.sources]
            if not all(is_aligned(operand, source) for source in sources):
                self.add_read(node, self.by_position(operand)[positions])
                continue
            for source in sources:
                read = np.append(self.finished[source.number], PADDING)[positions]
                if source.kind is NodeKind.INPUT:
                    read = read.max(axis=1)
                self.add_read(node, read)

    def add_read(self, node: Node, read: Ints) -> None:
        """Each position of a node begins after its events in `read`: shape [positions, …]."""
        read = read.reshape(node.positions, -1)
        begins = np.broadcast_to(self.begins[node.number][:, None], read.shape)
        there = read != PADDING
        self.pairs.add(read[there], begins[there])

    def by_position(self, operand: Operand) -> Ints:
        """The events in which some channel of a position of an operand is finished.

        Returns an array of shape [positions + 1, events]; the last row stands for padding.
        """
        sources = [self.dataflow.nodes[source] for source in operand.sources]
        channels = [np.tile(self.finished[source.number], source.shape[0]) for source in sources]
        elements = np.concatenate(channels)
        if operand.order is not None:
            elements = elements[operand.order]
        different = np.unique(elements.reshape(-1, operand.positions), axis=0)
        padding = np.full((len(different), 1), PADDING)
        return np.concatenate((different, padding), axis=1).T

    def add_wait(self, wait: Wait) -> None:
        """Positions begin after an event in which another node has come so far as they wait for."""
        begins = self.begins[wait.node]
        waiting = np.append(True, np.diff(begins) != 0) & (wait.until > 0)
        counts, needed = np.unique(wait.until[waiting], return_inverse=True)
        progress = self.new(len(counts))
        finished = self.finished[wait.other][: counts.max(initial=0)]
        self.pairs.add(
            finished, progress[np.searchsorted(counts, np.arange(len(finished)), "right")]
        )
        self.pairs.add(progress[:-1], progress[1:])
        self.pairs.add(progress[needed], begins[waiting])

    def chains(self, programs: Sequence[CrossbarProgram], in_step: int) -> VisitChains:
        """What the visits of a stage need and add to: positions that begin and are finished."""
        visits = Visits.of(programs, self.dataflow, self.first_visit, in_step)
        begins = visits.shares
        needs, adds = np.empty_like(begins), np.empty_like(begins)
        for number, own in members(visits.layers):
            node, turns = self.dataflow.nodes[number], self.turns.get(number)
            assert node.grid is not None
            parts = 1 if turns is None else turns.turns.parts
            first, part = np.divmod(begins[own], parts)
            begins[own] = first + visits.ordinals[own] * node.grid.window_step
            if turns is None:
                needs[own], adds[own] = begins[own], begins[own] + self.later
                continue
            windows = self.windows_from(node, first)
            turn = turns.turns.turn(part, visits.ordinals[own].astype(np.int64), windows)
            needs[own] = turns.owned(begins[own], turn)
            adds[own] = turns.owned(begins[own], turn + 1)
        operations = visits.operations(begins, in_step)
        return VisitChains.of(visits, needs, adds, self.count, operations)

    def first_visit(self, node: Node, tiles: Ints) -> Ints:
        """The event in which the first window of each of some tiles begins, and its part in turns.

        The event times the parts, plus the number of the part.
        """
        first, turns = self.first_visit_at(node, tiles), self.turns.get(node.number)
        if turns is None:
            return first
        return first * turns.turns.parts + tiles % turns.turns.parts

    def first_visit_at(self, node: Node, tiles: Ints) -> Ints:
        """The event in which the first window of each of some tiles begins."""
        layer, grid = node.partitioned
        matrix, copy = np.divmod(tiles // grid.tiles_per_copy, grid.iw)
        first = copy * (1 if grid.deal is Deal.CYCLIC else grid.windows_per_copy(layer))
        if layer.region is not None:
            first += matrix * layer.windows
        return self.first[node.number] + first
