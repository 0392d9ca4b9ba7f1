"""Crossbars and their operands (rules R1 to R4)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from spatem_ir.hardware.accelerator import CrossbarAddress
from spatem_ir.runtime.machine.reference.clock import Action, Clock, Resource
from spatem_ir.runtime.machine.reference.merging import PartialSums
from spatem_ir.runtime.machine.reference.pieces import Pieces
from spatem_ir.runtime.machine.reference.program import Program, Visit
from spatem_ir.runtime.machine.reference.steps import Step
from spatem_ir.runtime.machine.schedule import VisitSchedule
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.support.errors import SpatemError


@dataclass
class CrossbarState:
    """Where a crossbar is: the visit that runs next, and the operands it has.

    Its visits are counted in the order in which they run, over all images.  `ready_at` is when the
    last operand was there, `fetch` the step that brought it, `ended_at` when the last visit ended.
    """

    visits: list[Visit]
    total: int
    address: CrossbarAddress
    next_visit: int = 0
    requested: int = 0
    ready: int = 0
    ready_at: int = 0
    fetch: Step | None = None
    running: bool = False
    ended_at: int = 0
    starts: list[int] = field(default_factory=list)

    @property
    def has_room(self) -> bool:
        """R2: whether there are operands to ask for, and none is ahead of the visit that runs."""
        return self.requested < min(self.total, self.next_visit + self.running + 1)

    @property
    def awaited(self) -> Visit:
        """The visit that runs next."""
        return self.visit(self.next_visit)

    def turn(self, number: int) -> int:
        """Which visit of the stream, counted over all images, runs as the one with a number."""
        return number

    def visit(self, number: int) -> Visit:
        """The visit with a number."""
        return self.visits[self.turn(number) % len(self.visits)]

    def image(self, number: int) -> int:
        """The image of the visit with a number."""
        return self.turn(number) // len(self.visits)


class Crossbars:
    """All crossbars, each running its stream once per image, and the PE ports that feed them.

    The results of a visit are contributed to the partial sums when they are valid.
    """

    state: type[CrossbarState] = CrossbarState

    def __init__(
        self,
        program: Program,
        clock: Clock,
        pieces: Pieces,
        images: int,
        partial_sums: PartialSums,
    ):
        self.program = program
        self.components = program.accelerator.components
        self.clock = clock
        self.pieces = pieces
        self.partial_sums = partial_sums
        self.register_bytes = 0
        self.ports: dict[int, Resource] = defaultdict(lambda: Resource(clock, ResourceKind.PORT))
        self.states = {
            number: self.state(visits, images * len(visits), program.accelerator.address(number))
            for number, visits in program.streams.items()
        }

    def visit(self, crossbar: int, number: int) -> Visit:
        """The visit of a crossbar that runs as the one with a number."""
        return self.states[crossbar].visit(number)

    def start(self) -> None:
        """All crossbars ask for their first operands."""
        for crossbar in self.states:
            self.request_operand(crossbar)

    def request_operand(self, crossbar: int) -> None:
        """R2: ask for the operand of the first visit that has none, if the register has room.

        There is room when the visit before has ended, or has started and both operands fit.  A
        visit with the operand of the visit before needs no fetch.  The operand is fetched when its
        pieces are there (R3) and nothing keeps its window from beginning (R10).
        """
        state = self.states[crossbar]
        if not state.has_room:
            return
        number = state.requested
        if self.is_known(state, number):
            state.requested += 1
            self.operand_ready(crossbar)
        elif not state.running or self.fits(state, number):
            state.requested += 1
            fetch = partial(self.fetch, crossbar, number)
            self.when_ready(self.buffer(crossbar), state.image(number), state.visit(number), fetch)

    def buffer(self, crossbar: int) -> int:
        """The PE in whose buffer the operands of a crossbar are."""
        return self.components.memory.holder(self.states[crossbar].address.pe)

    @property
    def fetched_bytes(self) -> int:
        """The bytes of all operands that were fetched."""
        return sum(port.bytes for port in self.ports.values())

    def is_known(self, state: CrossbarState, number: int) -> bool:
        """R2: whether the visit with a number reads what the one reads that runs before it."""
        return (
            state.running
            and state.visit(number - 1).operand == state.visit(number).operand
            and state.image(number - 1) == state.image(number)
        )

    def fits(self, state: CrossbarState, number: int) -> bool:
        """R2: whether the register has room for the operand of a visit and of that before it."""
        both = state.visit(number - 1).operand_bytes + state.visit(number).operand_bytes
        return both <= self.components.compute_unit.operand_bytes

    def when_ready(self, pe: int, image: int, visit: Visit, action: Action) -> None:
        """R3, R10: do something when the operand of a visit is there and its window may begin."""
        pieces = self.program.operand_pieces[visit.operand._replace(bit=0)]
        met = partial(self.pieces.progress.when_met, (image, visit.piece), action)
        self.pieces.when_present(pe, image, pieces, met)

    def fetch(self, crossbar: int, number: int) -> None:
        """R3: fetch an operand over the PE port; equal requests of a CU share one fetch (R2)."""
        state = self.states[crossbar]
        visit, image = state.visit(number), state.image(number)
        pe, cu, _ = state.address
        units, memory = self.components.compute_unit, self.components.memory
        cycles = units.fetch_cycles(visit.operand_bytes, memory)

        def started() -> None:
            self.register_bytes += visit.operand_bytes
            self.clock.at(self.clock.now + cycles, partial(self.operand_ready, crossbar))

        shared = (cu, image, visit.operand)
        size = visit.operand_bytes
        self.ports[pe].request((crossbar, number), cycles, started, size=size, shared=shared)

    def operand_ready(self, crossbar: int) -> None:
        """The operand of the first visit without one is in the register: its pieces are read."""
        state = self.states[crossbar]
        visit, image = state.visit(state.ready), state.image(state.ready)
        state.ready += 1
        state.ready_at, state.fetch = self.clock.now, self.clock.cause
        buffer = self.buffer(crossbar)
        for piece in self.program.operand_pieces[visit.operand._replace(bit=0)]:
            self.pieces.read(buffer, (image, piece))
        self.start_visit(crossbar)

    def start_visit(self, crossbar: int) -> None:
        """R1: start the next visit of the stream when its operand is there and the last ended."""
        state = self.states[crossbar]
        if state.running or state.next_visit >= state.ready:
            return
        state.running = True
        state.starts.append(self.clock.now)
        is_queued = state.ready_at < self.clock.now
        cause = self.clock.cause if is_queued else state.fetch
        rank = (crossbar, state.next_visit)
        step = Step(ResourceKind.CROSSBAR, rank, self.clock.now, cause, is_queued)
        self.clock.because(step, partial(self.visit_started, crossbar))

    def visit_started(self, crossbar: int) -> None:
        """R1, R4: when a visit ends and its results are valid; the next operand is asked for."""
        state = self.states[crossbar]
        visit, image = state.visit(state.next_visit), state.image(state.next_visit)
        units = self.components.compute_unit
        ends = self.clock.now + units.visit_cycles(visit.operations)
        self.clock.at(ends, partial(self.end_visit, crossbar))
        valid = ends + units.pipeline_cycles
        contribute = partial(self.partial_sums.contribute, crossbar, (image, visit.piece))
        self.clock.at(valid, contribute)
        self.request_operand(crossbar)

    def end_visit(self, crossbar: int) -> None:
        """The last OU operation of a visit is over; its results are valid a pipeline later (R4)."""
        state = self.states[crossbar]
        state.running = False
        state.next_visit += 1
        state.ended_at = self.clock.now
        self.start_visit(crossbar)
        self.request_operand(crossbar)

    def schedule(self, images: int) -> VisitSchedule | None:
        """In which order crossbars ran their visits, if that is not the order of their streams."""
        return None

    def watched(self, images: int) -> VisitSchedule:
        """The visits of all crossbars, as they ran."""
        numbers = sorted(self.states)
        states = [self.states[crossbar] for crossbar in numbers]
        turns = ([state.turn(number) for number in range(state.total)] for state in states)
        finished = np.full((images, self.program.dataflow.first_pieces[-1]), -1, np.int64)
        for key, time in self.pieces.progress.finished_at.items():
            finished[key] = time
        return VisitSchedule(
            crossbars=np.array(numbers, np.int32),
            first=np.cumsum([0, *(state.total for state in states)]),
            places=np.concatenate([np.array(own, np.int32) for own in turns]),
            starts=np.concatenate([np.array(state.starts, np.int64) for state in states]),
            finished=finished,
        )

    def check_finished(self) -> None:
        """Check that every visit has run.

        Raises:
            SpatemError: the program deadlocks; names a crossbar and what it waits for.
        """
        for crossbar, state in self.states.items():
            if state.next_visit < state.total:
                operand = state.awaited.operand
                name = self.program.dataflow.nodes[operand.node].name
                raise SpatemError(
                    f"the program deadlocks: crossbar {crossbar} waits for the operand of window "
                    f"{operand.window} of @{name}"
                )
