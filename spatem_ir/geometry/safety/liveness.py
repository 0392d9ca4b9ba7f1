"""Liveness: crossbar programs that come to their end even if whole positions wait for each other.

A quick look that leaves slices, row parts and column parts out: a position of a node begins when
every position that it reads is finished and what it waits for (rule R10) has come so far; one of a
layer is finished when all visits to it are made, any other as soon as it begins.  Programs that end
under these rules do not deadlock.  Of others, :mod:`deadlock` says exactly what waits for what.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind, Operand
from spatem_ir.geometry.network.links import is_aligned
from spatem_ir.geometry.network.waits import Wait, input_portions, input_queues
from spatem_ir.geometry.safety.precedence import Countdown, Pairs
from spatem_ir.geometry.shapes.distinct import distinct_rows
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.geometry.shapes.window import PADDING

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def come_to_their_end(
    dataflow: Dataflow, programs: Sequence[CrossbarProgram], waits: Sequence[Wait]
) -> bool:
    """Whether all visits are made and all positions finished under the rules of this module."""
    events = _Events(dataflow, waits)
    countdown = Countdown(events.pairs.graph(events.count))
    stages = [
        _Visits([program for program in programs if program.stage == stage], events)
        for stage in sorted({program.stage for program in programs})
    ]
    for visits in stages:
        countdown.more(visits.all + events.later)
    happened = np.zeros(events.count + 1, bool)
    free = countdown.free
    for visits in stages:
        made = visits.make(happened)
        while len(free) or len(made):
            happened[free] = True
            free = np.append(countdown.after(free), countdown.less(made + events.later))
            made = visits.make(happened)
        if not visits.ended:
            return False
    return not countdown.left.any()


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

    def __init__(self, dataflow: Dataflow, waits: Sequence[Wait]):
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


class _Visits:
    """The visits of the crossbars of a stage, in order, and how far the crossbars have come.

    Visits are given by the events in which the positions begin to which they add.  Crossbars that
    run the same program on the same windows are one.

    Attributes:
        chains: the visits of each crossbar, and an event that never happens after the last one.
        at: how far each crossbar has come in `chains`: shape [crossbars].
        next: the next visit of each crossbar: shape [crossbars].
    """

    def __init__(self, programs: Sequence[CrossbarProgram], events: _Events):
        self.never = events.count
        chains = [_chains(program, events) for program in programs]
        self.chains = np.concatenate([chain.reshape(-1) for chain in chains])
        self.at = np.append(0, np.flatnonzero(self.chains == self.never)[:-1] + 1)
        self.next = self.chains[self.at]

    @property
    def all(self) -> Ints:
        """The events of all visits, crossbar after crossbar."""
        return self.chains[self.chains != self.never]

    @property
    def ended(self) -> bool:
        """Whether all visits are made."""
        return bool((self.next == self.never).all())

    def make(self, happened: Bools) -> Ints:
        """Let each crossbar make its next visit, if that can begin; returns the visits made."""
        going = np.flatnonzero(happened[self.next])
        made = self.next[going]
        self.at[going] += 1
        self.next[going] = self.chains[self.at[going]]
        return made


def _chains(program: CrossbarProgram, events: _Events) -> Ints:
    """The visits of the crossbars of a program that differ: shape [crossbars, visits + 1].

    The last entry is an event that never happens.
    """
    firsts, steps = np.empty(program.tiles.shape, np.int64), []
    for burst, (node, tiles) in enumerate(zip(program.nodes, program.tiles, strict=True)):
        layer, grid = node.layer, node.grid
        assert layer is not None and grid is not None
        matrix, copy = np.divmod(tiles // grid.tiles_per_copy, grid.iw)
        cyclic = grid.deal is Deal.CYCLIC
        first = copy * (1 if cyclic else grid.windows_per_copy(layer))
        if layer.region is not None:
            first += matrix * layer.windows
        firsts[burst] = events.first[node.number] + first
        steps.append(grid.iw if cyclic else 1)
    different = firsts.T[distinct_rows(firsts.T)[0]]
    turns = program.windows * np.array(steps)[program.bursts]
    never = np.full((len(different), 1), events.count)
    return np.append(different[:, program.bursts] + turns, never, axis=1)
