"""Crossbars that run whatever is ready (rule R11)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from spatem_ir.runtime.machine.reference.crossbars import Crossbars, CrossbarState
from spatem_ir.runtime.machine.reference.program import Visit
from spatem_ir.runtime.machine.reference.steps import Step
from spatem_ir.runtime.machine.schedule import VisitSchedule


@dataclass
class TileQueue:
    """The visits of a tile that its crossbar has not asked for, in the order of the stream.

    `turns` are their places in the stream, counted over all images, the last one first.  The
    operand of the head is there, and its window may begin, if it is ready, which it became by the
    step `cause`.
    """

    turns: list[int]
    is_ready: bool = False
    cause: Step | None = None

    @property
    def head(self) -> int:
        """The place of the first visit in the stream."""
        return self.turns[-1]


@dataclass
class FreeCrossbarState(CrossbarState):
    """Where a crossbar is that takes what is ready.

    `turns` are the places in the stream of the visits that it has asked for, in turn; `ended_at` is
    when the last one ended, `step` the last one that started.
    """

    turns: list[int] = field(default_factory=list)
    queues: list[TileQueue] = field(default_factory=list)
    ended_at: int = 0
    step: Step | None = None

    def __post_init__(self) -> None:
        turns: dict[tuple[int, int], list[int]] = {}
        for turn in reversed(range(self.total)):
            visit = self.visits[turn % len(self.visits)]
            turns.setdefault((visit.operand.node, visit.tile), []).append(turn)
        self.queues = [TileQueue(of_tile) for of_tile in turns.values()]

    def turn(self, number: int) -> int:
        """Which visit of the stream, counted over all images, runs as the one with a number."""
        return self.turns[number]

    @property
    def awaited(self) -> Visit:
        """Of the visits that have not run the one that the stream has first."""
        first = min(queue.head for queue in self.queues if queue.turns)
        return self.visits[first % len(self.visits)]


class FreeCrossbars(Crossbars):
    """R11: crossbars that run, of the visits whose operands are there, the first of the stream."""

    state = FreeCrossbarState
    states: dict[int, FreeCrossbarState]

    def start(self) -> None:
        """All tiles wait for their first operands."""
        for crossbar, state in self.states.items():
            for queue in state.queues:
                self.await_head(crossbar, queue)

    def await_head(self, crossbar: int, queue: TileQueue) -> None:
        """R11: the head of a queue is ready when its operand could be fetched (R3, R10)."""
        state = self.states[crossbar]
        queue.is_ready = False
        if queue.turns:
            image, position = divmod(queue.head, len(state.visits))
            ready = partial(self.head_ready, crossbar, queue)
            self.when_ready(state.address.pe, image, state.visits[position], ready)

    def head_ready(self, crossbar: int, queue: TileQueue) -> None:
        """The head of a queue is ready: the crossbar may choose it."""
        queue.is_ready, queue.cause = True, self.clock.cause
        self.request_operand(crossbar)

    def request_operand(self, crossbar: int) -> None:
        """R11: a crossbar with room for an operand chooses after all events of the cycle."""
        if self.states[crossbar].has_room:
            self.clock.decide(crossbar, partial(self.choose, crossbar))

    def choose(self, crossbar: int) -> None:
        """R11: ask for the ready operand whose visit the stream has first, if it fits (R2)."""
        state = self.states[crossbar]
        ready = [queue for queue in state.queues if queue.is_ready]
        if not ready:
            return
        first = min(ready, key=lambda queue: queue.head)
        number = state.requested
        state.turns.append(first.head)
        known = self.is_known(state, number)
        if state.running and not known and not self.fits(state, number):
            state.turns.pop()
            return
        state.requested += 1
        cause = self.cause_of_choice(state, number, first.cause)
        ask = partial(self.operand_ready if known else partial(self.fetch, number=number), crossbar)
        self.clock.because(cause, ask)
        first.turns.pop()
        self.await_head(crossbar, first)

    def cause_of_choice(
        self, state: FreeCrossbarState, number: int, progress: Step | None
    ) -> Step | None:
        """What let a crossbar ask for an operand in this very cycle.

        Of the pieces that came now the one with the lowest number; if none did, the visit before,
        if it made room now; otherwise the progress that let the window begin.
        """
        visit, image = state.visit(number), state.image(number)
        pieces = self.program.operand_pieces[visit.operand._replace(bit=0)]
        keys = [(state.address.pe, (image, piece)) for piece in pieces]
        came = [key for key in keys if self.pieces.arrivals[key] == self.clock.now]
        if came:
            return self.pieces.bringers[min(came)]
        has_fitted = number == 0 or state.running or self.fits(state, number)
        room_since = state.starts[-1] if has_fitted and number else state.ended_at
        return state.step if room_since == self.clock.now else progress

    def visit_started(self, crossbar: int) -> None:
        """R1, R4: when a visit ends and its results are valid; the next operand is asked for."""
        self.states[crossbar].step = self.clock.cause
        super().visit_started(crossbar)

    def end_visit(self, crossbar: int) -> None:
        """The last OU operation of a visit is over; its results are valid a pipeline later (R4)."""
        self.states[crossbar].ended_at = self.clock.now
        super().end_visit(crossbar)

    def schedule(self, images: int) -> VisitSchedule:
        """R11: in which order crossbars ran their visits."""
        return self.watched(images)
