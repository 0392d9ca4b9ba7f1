"""Cores that add to partial sums in a shared memory, in turns (rule R13), to be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.hardware.port import PORT_PE
from spatem_ir.runtime.machine.buffers import BufferOccupancy
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.reference.clock import Action, Clock
from spatem_ir.runtime.machine.reference.crossbars import Crossbars
from spatem_ir.runtime.machine.reference.merging import PLACES, PartialSums
from spatem_ir.runtime.machine.reference.packets import Packets
from spatem_ir.runtime.machine.reference.program import DigitalTask, Key, Program, Visit
from spatem_ir.runtime.machine.reference.steps import Step
from spatem_ir.runtime.machine.schedule import VisitSchedule

if TYPE_CHECKING:
    from spatem_ir.geometry.network.dataflow import Node
    from spatem_ir.geometry.network.turns import Turns

OPERAND, SUMS, RESULT, CALL = range(4)
"""What a transfer carries, as part of its rank."""


class Cores(Crossbars):
    """R13: crossbars that do one thing after the other."""

    fetched = 0

    @property
    def fetched_bytes(self) -> int:
        """The bytes of all operands that were loaded."""
        return self.fetched

    @property
    def sums(self) -> SharedSums:
        """What the crossbars contribute to."""
        assert isinstance(self.partial_sums, SharedSums)
        return self.partial_sums

    def request_operand(self, crossbar: int) -> None:
        """R13: a core whose visit before has ended loads the operand of the next one.

        In sequence, it waits for its turn before that.
        """
        state = self.states[crossbar]
        if state.running or state.requested == state.total:
            return
        number = state.requested
        state.requested += 1
        visit, image = state.visit(number), state.image(number)
        load = partial(self.fetch, crossbar, number)
        wait = partial(self.when_ready, self.buffer(crossbar), image, visit, load)
        self.sums.when_begun(image, visit, wait)

    def fetch(self, crossbar: int, number: int) -> None:
        """R13: LOAD the operand over the bus."""
        state = self.states[crossbar]
        visit, image = state.visit(number), state.image(number)
        self.fetched += visit.operand_bytes
        self.register_bytes += visit.operand_bytes
        loaded = partial(self.operand_ready, crossbar)
        rank = (image, visit.piece, OPERAND, crossbar)
        pe, size = state.address.pe, visit.operand_bytes
        self.sums.transfer("activations", pe, size, rank, loaded)

    def visit_started(self, crossbar: int) -> None:
        """R1, R4: the results of the MVM are valid a pipeline after its last operation."""
        state = self.states[crossbar]
        visit = state.visit(state.next_visit)
        units = self.components.compute_unit
        valid = self.clock.now + units.visit_cycles(visit.operations) + units.pipeline_cycles
        self.clock.at(valid, partial(self.results_valid, crossbar))

    def results_valid(self, crossbar: int) -> None:
        """R13: the core contributes its results; the visit ends when that is done."""
        state = self.states[crossbar]
        visit, image = state.visit(state.next_visit), state.image(state.next_visit)
        self.sums.take_turn(crossbar, image, visit, partial(self.end_visit, crossbar))


class WatchedCores(Cores):
    """Cores, which have nothing to choose (R11); what they did is written down."""

    def schedule(self, images: int) -> VisitSchedule:
        """The visits of all crossbars, in the order of their streams."""
        return self.watched(images)


def crossbars_of(dispatch: Dispatch) -> type[Cores]:
    """The rules of cores; they are the same whether crossbars may choose or not."""
    return WatchedCores if dispatch is Dispatch.FREE else Cores


class SharedSums(PartialSums):
    """R13: partial sums in the shared memory, which cores own in turns.

    `owned` counts how many have owned a piece; `called` is when the last CALL for it came, and the
    step that brought it.
    """

    def __init__(
        self,
        program: Program,
        clock: Clock,
        packets: Packets,
        buffers: BufferOccupancy,
        completed: Callable[[int, Key], None],
    ):
        super().__init__(program, clock, packets, buffers, completed)
        self.interconnect = self.accelerator.components.interconnect
        self.holder = self.accelerator.components.memory.holder(PORT_PE)
        self.owned: Counter[Key] = Counter()
        self.called: dict[Key, tuple[int, Step | None]] = {}
        self.waiting: dict[tuple[Key, int], Action] = {}
        self.last_core: dict[Key, tuple[int, Action]] = {}
        self.groups = Groups(program)

    def transfer(
        self, carried: str, pe: int, size: int, rank: tuple[int, ...], done: Action
    ) -> None:
        """R13: `size` bytes between a PE and the memory, or to another PE's sequence register."""
        number = self.interconnect.link_to_memory(pe)
        assert number is not None
        cycles = self.packets.group(number).cycles(size)
        self.packets.traffic.injected[carried] += size
        self.packets.traffic.byte_hops += size

        def started() -> None:
            there = self.clock.now + self.interconnect.head_cycles + cycles - 1
            self.clock.at(there, done)

        self.packets.link(number).request((*rank, 0), cycles, started, size=size)

    # Turns

    def when_begun(self, image: int, visit: Visit, action: Action) -> None:
        """R13: in sequence, a visit begins when the one before it in its group has ended."""
        turns, part = self.groups.turns(visit), self.groups.part(visit)
        if turns.in_sequence and part > 0:
            self.when_owned((image, visit.piece), part, action)
        elif turns.in_sequence and visit.ordinal > 0 and turns.parts > 1:
            before = self.groups.piece(visit, visit.ordinal - 1)
            self.when_owned((image, before), turns.parts, action)
        else:
            action()

    def when_owned(self, key: Key, turn: int, action: Action) -> None:
        """R13: WAIT until so many have owned a piece; a CALL in this very cycle is the cause."""
        if self.owned[key] < turn:
            self.waiting[key, turn] = action
            return
        since, call = self.called.get(key, (-1, None))
        self.clock.because(call if since == self.clock.now else self.clock.cause, action)

    def take_turn(self, crossbar: int, image: int, visit: Visit, ended: Action) -> None:
        """R13: WAIT, LOAD the sum unless the core is the first, ADD; a lone one passes free."""
        key, turns = (image, visit.piece), self.groups.turns(visit).parts
        if turns == 1:
            self.complete(crossbar, key, visit, ended)
            return
        turn = self.groups.turn(visit)
        add = partial(self.add, crossbar, key, visit, turn, ended)
        load = add if turn == 0 else partial(self.load_sums, crossbar, key, turn, turns, add)
        self.when_owned(key, turn, load)

    def load_sums(self, crossbar: int, key: Key, turn: int, turns: int, add: Action) -> None:
        """R13: LOAD the partial sum; the last core takes it out of the memory."""
        size = self.sum_size(key)

        def loaded() -> None:
            self.buffers.read_bytes += size
            if turn == turns - 1:
                self.buffers.drain(self.holder, self.clock.now, size)
            add()

        self.transfer("partial_sums", self.pe(crossbar), size, (*key, SUMS, crossbar), loaded)

    def add(self, crossbar: int, key: Key, visit: Visit, turn: int, ended: Action) -> None:
        """R13: ADD; the last core activates, others STORE the sum and CALL the next core."""
        values = self.program.contributors[key[1]].values
        self.additions += values
        if turn == self.groups.turns(visit).parts - 1:
            following = partial(self.complete, crossbar, key, visit, ended)
        else:
            following = partial(self.store_sums, crossbar, key, turn, ended)
        rank = (*key, crossbar, PLACES.index("home"))
        cycles = self.accumulation.cycles("home", values)
        self.pe_adders[self.pe(crossbar)].serve(rank, cycles, following)

    def store_sums(self, crossbar: int, key: Key, turn: int, ended: Action) -> None:
        """R13: STORE the partial sum; the first core brings it into the memory."""
        size = self.sum_size(key)

        def stored() -> None:
            self.buffers.written_bytes += size
            if turn == 0:
                self.buffers.fill(self.holder, self.clock.now, size)
            self.call(crossbar, key, ended)

        self.transfer("partial_sums", self.pe(crossbar), size, (*key, RESULT, crossbar), stored)

    def call(self, crossbar: int, key: Key, ended: Action) -> None:
        """R13: CALL the next owner, which goes on if it waits; so does the core."""

        def called() -> None:
            self.owned[key] += 1
            self.called[key] = self.clock.now, self.clock.cause
            waiting = self.waiting.pop((key, self.owned[key]), None)
            if waiting is not None:
                waiting()
            ended()

        size = self.accumulation.call_bytes
        self.transfer("calls", self.pe(crossbar), size, (*key, CALL, crossbar), called)

    def complete(self, crossbar: int, key: Key, visit: Visit, ended: Action) -> None:
        """R13: the last core activates a piece and stores it; in sequence, it CALLs the first."""
        turns, following = self.groups.turns(visit), ended
        is_last = visit.ordinal == self.groups.windows(visit) - 1
        if turns.in_sequence and turns.parts > 1 and not is_last:
            following = partial(self.call, crossbar, key, ended)
        self.last_core[key] = crossbar, following
        self.completed(self.pe(crossbar), key)

    # Digital operators

    def load(self, task: DigitalTask, key: Key, loaded: Action) -> None:
        """R13: LOAD what a digital operator reads."""
        self.transfer("activations", task.pe, task.bytes, (*key, SUMS, task.pe), loaded)

    def store(self, pe: int, key: Key, stored: Action) -> None:
        """R13: STORE what a PE makes; a core goes on then."""
        source, ended = self.last_core.pop(key, (pe, None))

        def done() -> None:
            stored()
            if ended is not None:
                ended()

        size = self.program.piece_bytes[key[1]]
        self.transfer("activations", pe, size, (*key, RESULT, source), done)

    def sum_size(self, key: Key) -> int:
        """The bytes of a piece's partial sums."""
        return self.program.contributors[key[1]].values * self.sum_bytes

    def pe(self, crossbar: int) -> int:
        """The PE of a crossbar."""
        return self.accelerator.address(crossbar).pe


class Groups:
    """Of which group a visit is, and when it is its turn (:mod:`geometry.network.turns`)."""

    def __init__(self, program: Program):
        self.program = program
        self._tables: dict[tuple[int, int], NDArray[np.int64]] = {}

    def turns(self, visit: Visit) -> Turns:
        """The turns of the visit's layer."""
        return self.program.turns[visit.operand.node]

    def part(self, visit: Visit) -> int:
        """Which part of its group the visit's tile is."""
        return visit.tile % self.turns(visit).parts

    def windows(self, visit: Visit) -> int:
        """How many windows the copy of the visit's tile has."""
        layer, grid = self._node(visit).partitioned
        return len(grid.copy_windows(layer, grid.coordinates(visit.tile).copy))

    def turn(self, visit: Visit) -> int:
        """How many own the vector to which a visit adds before it does."""
        key = visit.operand.node, self.windows(visit)
        if key not in self._tables:
            self._tables[key] = self.turns(visit).turns(key[1])
        return int(self._tables[key][visit.ordinal, self.part(visit)])

    def piece(self, visit: Visit, ordinal: int) -> int:
        """The piece to which the visit's tile adds with another window."""
        layer, grid = self._node(visit).partitioned
        at = grid.coordinates(visit.tile)
        positions, share = layer.window_positions(at.matrix), grid.copy_windows(layer, at.copy)
        change = positions[share[ordinal]] - positions[share[visit.ordinal]]
        return visit.piece + int(change)

    def _node(self, visit: Visit) -> Node:
        return self.program.dataflow.nodes[visit.operand.node]


PARTIAL_SUMS = SharedSums
