"""Crossbars and their operands (rules R1 to R4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from spatem_ir.hardware.accelerator import CrossbarAddress
from spatem_ir.runtime.machine.reference.clock import Clock, Resource
from spatem_ir.runtime.machine.reference.pieces import Pieces
from spatem_ir.runtime.machine.reference.program import Key, Program, Visit
from spatem_ir.runtime.machine.reference.steps import Step
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.support.errors import SpatemError


@dataclass
class CrossbarState:
    """Where a crossbar is in its stream: the visit that runs next, and the operands it has.

    `ready_at` is when the last operand was there, `fetch` the step that brought it.
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
    starts: list[int] = field(default_factory=list)

    def visit(self, number: int) -> Visit:
        """The visit with a number counted over all images."""
        return self.visits[number % len(self.visits)]


class Crossbars:
    """All crossbars, each running its stream once per image, and the PE ports that feed them.

    `contribute(crossbar, key)` is called when the results of a visit are valid.
    """

    def __init__(
        self,
        program: Program,
        clock: Clock,
        pieces: Pieces,
        images: int,
        contribute: Callable[[int, Key], None],
    ):
        self.program = program
        self.components = program.accelerator.components
        self.clock = clock
        self.pieces = pieces
        self.contribute = contribute
        self.register_bytes = 0
        self.ports: dict[int, Resource] = defaultdict(lambda: Resource(clock, ResourceKind.PORT))
        self.states = {
            number: CrossbarState(visits, images * len(visits), program.accelerator.address(number))
            for number, visits in program.streams.items()
        }

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
        number = state.requested
        if number >= state.total or number > state.next_visit + state.running:
            return
        visit = state.visit(number)
        image = number // len(state.visits)
        if state.running:
            before = state.visit(number - 1)
            if before.operand == visit.operand and (number - 1) // len(state.visits) == image:
                state.requested += 1
                self.operand_ready(crossbar)
                return
            share = self.components.compute_unit.operand_bytes
            if before.operand_bytes + visit.operand_bytes > share:
                return
        state.requested += 1
        pieces = self.program.operand_pieces[visit.operand._replace(bit=0)]
        fetch = partial(self.fetch, crossbar, number)
        met = partial(self.pieces.progress.when_met, (image, visit.piece), fetch)
        self.pieces.when_present(state.address.pe, image, pieces, met)

    def fetch(self, crossbar: int, number: int) -> None:
        """R3: fetch an operand over the PE port; equal requests of a CU share one fetch (R2)."""
        state = self.states[crossbar]
        visit, image = state.visit(number), number // len(state.visits)
        pe, cu, _ = state.address
        cycles = self.components.memory.fetch_cycles(visit.operand_bytes)

        def started() -> None:
            self.register_bytes += visit.operand_bytes
            self.clock.at(self.clock.now + cycles, partial(self.operand_ready, crossbar))

        shared = (cu, image, visit.operand)
        size = visit.operand_bytes
        self.ports[pe].request((crossbar, number), cycles, started, size=size, shared=shared)

    def operand_ready(self, crossbar: int) -> None:
        """The operand of the first visit without one is in the register: its pieces are read."""
        state = self.states[crossbar]
        visit, image = state.visit(state.ready), state.ready // len(state.visits)
        state.ready += 1
        state.ready_at, state.fetch = self.clock.now, self.clock.cause
        for piece in self.program.operand_pieces[visit.operand._replace(bit=0)]:
            self.pieces.read(state.address.pe, (image, piece))
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
        visit, image = state.visit(state.next_visit), state.next_visit // len(state.visits)
        units = self.components.compute_unit
        ends = self.clock.now + units.visit_cycles(visit.operations)
        self.clock.at(ends, partial(self.end_visit, crossbar))
        valid = ends + units.pipeline_cycles
        self.clock.at(valid, partial(self.contribute, crossbar, (image, visit.piece)))
        self.request_operand(crossbar)

    def end_visit(self, crossbar: int) -> None:
        """The last OU operation of a visit is over; its results are valid a pipeline later (R4)."""
        state = self.states[crossbar]
        state.running = False
        state.next_visit += 1
        self.start_visit(crossbar)
        self.request_operand(crossbar)

    def check_finished(self) -> None:
        """Check that every visit has run.

        Raises:
            SpatemError: the program deadlocks; names a crossbar and what it waits for.
        """
        for crossbar, state in self.states.items():
            if state.next_visit < state.total:
                operand = state.visit(state.next_visit).operand
                name = self.program.dataflow.nodes[operand.node].name
                raise SpatemError(
                    f"the program deadlocks: crossbar {crossbar} waits for the operand of window "
                    f"{operand.window} of @{name}"
                )
