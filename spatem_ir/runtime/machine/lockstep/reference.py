"""Crossbars of a CU in lockstep (rule R12 of docs/machine.md), to be read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.reference.clock import Clock
from spatem_ir.runtime.machine.reference.crossbars import Crossbars
from spatem_ir.runtime.machine.reference.merging import PartialSums
from spatem_ir.runtime.machine.reference.pieces import Pieces
from spatem_ir.runtime.machine.reference.program import Program, Visit
from spatem_ir.runtime.machine.reference.steps import Step
from spatem_ir.runtime.machine.schedule import VisitSchedule
from spatem_ir.runtime.machine.steps import ResourceKind

Rank = tuple[int, int, int, int]
"""Of an operation: image, layer, position, and the how manyth visits of the crossbars to it."""


@dataclass(eq=False)
class UnitOperation:
    """An operation of a CU: visits of some of its crossbars, as (crossbar, number).

    `missing` crossbars have visits before theirs that were not taken up.  It is ready `since` a
    cycle, in which the step `cause` let its window begin.
    """

    rank: Rank
    visits: list[tuple[int, int]] = field(default_factory=list)
    missing: int = 0
    since: int = 0
    cause: Step | None = None

    @property
    def crossbars(self) -> set[int]:
        """The crossbars that take part."""
        return {crossbar for crossbar, _ in self.visits}


@dataclass
class UnitState:
    """Where a CU is: operations that are ready, the one taken up, and the one that runs.

    The operands of the one taken up are there if `is_fetched`, since `fetched_at`, by `fetch`.
    `started_at` and `ended_at` are of the operations that started and ended last, `step` is the
    last one's.
    """

    ready: list[UnitOperation] = field(default_factory=list)
    taken: UnitOperation | None = None
    is_fetched: bool = False
    fetched_at: int = 0
    fetch: Step | None = None
    running: UnitOperation | None = None
    started_at: int = -1
    ended_at: int = -1
    step: Step | None = None


class LockstepCrossbars(Crossbars):
    """R12: the crossbars of a CU visit a position of a layer together."""

    def __init__(
        self,
        program: Program,
        clock: Clock,
        pieces: Pieces,
        images: int,
        partial_sums: PartialSums,
    ):
        super().__init__(program, clock, pieces, images, partial_sums)
        self.units: dict[int, UnitState] = {}
        self.operation_of: dict[tuple[int, int], UnitOperation] = {}
        operations: dict[tuple[int, Rank], UnitOperation] = {}
        for crossbar, state in self.states.items():
            unit = self.unit(crossbar)
            self.units.setdefault(unit, UnitState())
            turns: Counter[tuple[int, int, int]] = Counter()
            for number in range(state.total):
                node, position = program.place(state.visit(number).piece)
                place = state.image(number), node, position
                rank = (*place, turns[place])
                turns[place] += 1
                operation = operations.setdefault((unit, rank), UnitOperation(rank))
                operation.visits.append((crossbar, number))
                operation.missing += 1
                self.operation_of[crossbar, number] = operation
        for operation in operations.values():
            operation.visits.sort()

    def unit(self, crossbar: int) -> int:
        """The CU of a crossbar, numbered over the chip."""
        return crossbar // self.components.compute_unit.crossbars_in_step

    def start(self) -> None:
        """All crossbars come to their first visits."""
        for crossbar in self.states:
            self.come_to_next(crossbar)

    def come_to_next(self, crossbar: int) -> None:
        """R12: the visits of a crossbar before its next one were taken up.

        When that is so of all visits of an operation, it waits for their operands.
        """
        state = self.states[crossbar]
        if state.requested == state.total:
            return
        operation = self.operation_of[crossbar, state.requested]
        operation.missing -= 1
        if operation.missing == 0:
            visits = [self.visit(*each) for each in operation.visits]
            pieces = tuple(sorted({p for visit in visits for p in self.pieces_of(visit)}))
            ready = partial(self.operation_ready, self.unit(crossbar), operation)
            key = (operation.rank[0], visits[0].piece)
            met = partial(self.pieces.progress.when_met, key, ready)
            self.pieces.when_present(state.address.pe, key[0], pieces, met)

    def pieces_of(self, visit: Visit) -> tuple[int, ...]:
        """The pieces that a visit reads."""
        return self.program.operand_pieces[visit.operand._replace(bit=0)]

    def operation_ready(self, unit: int, operation: UnitOperation) -> None:
        """R12: all operands of an operation are there, and its window may begin."""
        operation.since, operation.cause = self.clock.now, self.clock.cause
        self.units[unit].ready.append(operation)
        self.look(unit)

    def look(self, unit: int) -> None:
        """R12: a CU that has room for operands takes up an operation after all events."""
        state = self.units[unit]
        can_fetch = state.running is None or self.components.compute_unit.fetches_ahead
        if state.ready and state.taken is None and can_fetch:
            self.clock.decide(unit, partial(self.take_up, unit))

    def take_up(self, unit: int) -> None:
        """R12: the operation that was ready first is taken up, if its operands fit (R2)."""
        state = self.units[unit]
        operation = min(state.ready, key=lambda each: (each.since, each.rank))
        if state.running is not None and not self.fit(state.running, operation):
            return
        state.ready.remove(operation)
        state.taken, state.is_fetched = operation, False
        self.clock.because(self.cause_of(state, operation), partial(self.ask, unit, operation))
        for crossbar, _ in operation.visits:
            self.states[crossbar].requested += 1
            self.come_to_next(crossbar)

    def fit(self, one: UnitOperation, other: UnitOperation) -> bool:
        """R2: whether each crossbar has room for its operands of two operations."""
        held = {crossbar: self.visit(crossbar, n).operand_bytes for crossbar, n in one.visits}
        share = self.components.compute_unit.operand_bytes
        return all(
            held.get(crossbar, 0) + self.visit(crossbar, number).operand_bytes <= share
            for crossbar, number in other.visits
        )

    def cause_of(self, unit: UnitState, operation: UnitOperation) -> Step | None:
        """What let a CU take up an operation in this very cycle.

        Of the pieces that came now the one with the lowest number; if none did, the operation
        before, if it made room now; otherwise the progress that let the window begin.
        """
        image, first = operation.rank[0], operation.visits[0]
        pe = self.states[first[0]].address.pe
        keys = [
            (pe, (image, piece))
            for each in operation.visits
            for piece in self.pieces_of(self.visit(*each))
        ]
        came = [key for key in keys if self.pieces.arrivals[key] == self.clock.now]
        if came:
            return self.pieces.bringers[min(came)]
        if self.clock.now in (unit.started_at, unit.ended_at):
            return unit.step
        return operation.cause

    def ask(self, unit: int, operation: UnitOperation) -> None:
        """R12: one fetch brings all operands of an operation, equal ones once."""
        visits = [self.visit(*each) for each in operation.visits]
        sizes = {visit.operand: visit.operand_bytes for visit in visits}
        units, memory = self.components.compute_unit, self.components.memory
        cycles = units.fetch_cycles(sum(sizes.values()), memory)

        def started() -> None:
            self.register_bytes += sum(visit.operand_bytes for visit in visits)
            self.clock.at(self.clock.now + cycles, partial(self.fetched, unit))

        port = self.ports[self.states[operation.visits[0][0]].address.pe]
        port.request(operation.visits[0], cycles, started, size=sum(sizes.values()))

    def fetched(self, unit: int) -> None:
        """The operands of the operation that was taken up are in the register."""
        state = self.units[unit]
        assert state.taken is not None
        state.is_fetched = True
        state.fetched_at, state.fetch = self.clock.now, self.clock.cause
        image = state.taken.rank[0]
        for crossbar, number in state.taken.visits:
            for piece in self.pieces_of(self.visit(crossbar, number)):
                self.pieces.read(self.states[crossbar].address.pe, (image, piece))
        self.start_operation(unit)

    def start_operation(self, unit: int) -> None:
        """R12: the operation that was taken up starts when the one before has ended."""
        state = self.units[unit]
        if state.running is not None or state.taken is None or not state.is_fetched:
            return
        state.running, state.taken = state.taken, None
        state.started_at = self.clock.now
        for crossbar, _ in state.running.visits:
            self.states[crossbar].starts.append(self.clock.now)
        is_queued = state.fetched_at < self.clock.now
        cause = self.clock.cause if is_queued else state.fetch
        longest = max(state.running.visits, key=self.length)
        state.step = Step(ResourceKind.CROSSBAR, longest, self.clock.now, cause, is_queued)
        started = partial(self.operation_started, unit, self.visit(*longest).operations)
        self.clock.because(state.step, started)

    def length(self, visit: tuple[int, int]) -> tuple[int, int]:
        """The OU operations of a visit; of visits that are equally long the first one is longer."""
        return self.visit(*visit).operations, -visit[0]

    def operation_started(self, unit: int, operations: int) -> None:
        """R12: an operation takes as long as its longest visit, of so many OU operations."""
        units = self.components.compute_unit
        ends = self.clock.now + units.visit_cycles(operations)
        self.clock.at(ends, partial(self.end_operation, unit))
        self.look(unit)

    def end_operation(self, unit: int) -> None:
        """R12: all results of an operation are valid, and the CU goes on."""
        state = self.units[unit]
        assert state.running is not None
        for crossbar, number in state.running.visits:
            self.states[crossbar].next_visit += 1
            self.states[crossbar].ended_at = self.clock.now
            visit, image = self.visit(crossbar, number), state.running.rank[0]
            self.partial_sums.contribute(crossbar, (image, visit.piece))
        state.running, state.ended_at = None, self.clock.now
        self.start_operation(unit)
        self.look(unit)


class WatchedCrossbars(LockstepCrossbars):
    """Crossbars in lockstep, which have nothing to choose (R11); what they did is written down."""

    def schedule(self, images: int) -> VisitSchedule:
        """The visits of all crossbars, in the order of their streams."""
        return self.watched(images)


def crossbars_of(dispatch: Dispatch) -> type[LockstepCrossbars]:
    """The rules of crossbars in lockstep; they are the same whether crossbars may choose or not."""
    return WatchedCrossbars if dispatch is Dispatch.FREE else LockstepCrossbars
