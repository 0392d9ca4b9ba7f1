"""The fast engine: every event time is that of the reference engine, much sooner.

It executes the rules of the machine on arrays, in a loop compiled by numba (extra `fast`).  The
program is written out by `elaborate/` into the tables of `tables`; `rules/` has the rules,
events and resources.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np

from spatem_ir.runtime.machine.buffers import MeasuredBuffers
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.machine.fast import start
from spatem_ir.runtime.machine.fast.computer import MemoryShortError as MemoryShortError
from spatem_ir.runtime.machine.fast.elaborate.program import FastProgram
from spatem_ir.runtime.machine.fast.elaborate.queues import NO_QUEUES
from spatem_ir.runtime.machine.fast.log import event_log, watched_state
from spatem_ir.runtime.machine.fast.results import schedule_of
from spatem_ir.runtime.machine.fast.rules import components as components
from spatem_ir.runtime.machine.fast.rules.loop import compiled_loop
from spatem_ir.runtime.machine.fast.start import grown, initial_state, machine_of
from spatem_ir.runtime.machine.fast.steps import busy_of, last_visits, path_of
from spatem_ir.runtime.machine.fast.warm_up import compilation_noted
from spatem_ir.runtime.machine.log import Watch
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.messages import SILENT, Messages

ROOMY = 2**62
"""Bytes that no buffer holds."""

ANY_TIME = 2**62
"""A cycle after which nothing happens."""


class LateError(SpatemError):
    """An execution was ended because it takes too long."""


class FastEngine:
    """Executes a program on the machine model.

    If `dispatch` is free, crossbars choose their visits (R11), and the execution has the schedule.
    With `log`, the execution has a log of what that watches, where alone starts of visits and
    changes of buffers are.  With `trace`, it has the critical path and how busy resources were.
    With `strict`, it ends where a buffer overflows, and in any case after the cycle `latest`.
    `say` is told of the progress, and if the loop has to be compiled.
    """

    def __init__(
        self,
        program: FastProgram,
        images: int = 1,
        *,
        dispatch: Dispatch = Dispatch.STATIC,
        log: Watch | None = None,
        trace: bool = False,
        strict: bool = False,
        latest: int = ANY_TIME,
        say: Messages = SILENT,
    ):
        self.program = program
        self.say = say
        self.reports: list[int] = []
        self.machine = machine_of(program, images, log, trace)
        self.is_strict = strict
        self.machine.room = program.accelerator.components.memory.buffer_bytes if strict else ROOMY
        self.machine.latest = latest
        is_free = dispatch is Dispatch.FREE
        kind = program.kind
        queues = program.queues if is_free and kind is None else NO_QUEUES
        self.tables = queues.added_to(program.tables) if queues is not NO_QUEUES else program.tables
        state = initial_state(program, self.machine, queues, is_free=is_free)
        self.state = watched_state(self.machine, state, log)
        if kind is not None:
            self.tables = self.tables._replace(kind=kind.tables)
            self.state = self.state._replace(kind=kind.state(images))

    def run(self) -> Execution:
        """Execute all images.

        Raises:
            SpatemError: the program deadlocks, or there is not enough memory; if the engine is
                strict, also that a buffer overflows.
            LateError: it goes on after the latest cycle.
        """
        loop = compiled_loop(source_digest(self.program.rules))
        with compilation_noted(self.say.note):
            while not loop(self.machine, self.tables, self.state):
                self.check_buffers()
                self.check_time()
                self.state = grown(self.machine, self.state)
                self.report()
        self.check_buffers()
        self.check_finished()
        program, totals = self.program, self.state.totals[0]
        return Execution(
            finished=self.state.images.finished.tolist(),
            ended=int(totals.now),
            visit_starts={},
            last_visits=last_visits(self.state),
            operations=program.operations,
            fetched_bytes=int(totals.fetched_bytes),
            register_bytes=int(totals.register_bytes),
            additions=int(totals.additions),
            activated_values=int(totals.activated),
            pooled_values=int(totals.pooled),
            injected_bytes={
                "inputs": int(totals.inputs),
                "activations": int(totals.activations),
                "partial_sums": int(totals.partial_sums),
                "calls": int(totals.calls),
            },
            byte_hops=int(totals.byte_hops),
            io_bytes=int(totals.io_bytes),
            external_bytes=int(totals.external_bytes),
            buffers=MeasuredBuffers(
                {}, int(totals.written_bytes), int(totals.read_bytes), self.peaks()
            ),
            path=path_of(self.machine, self.state) if self.machine.is_traced else None,
            busy=busy_of(self.machine, self.state),
            schedule=schedule_of(self.machine, self.state),
            log=event_log(self.machine, self.state),
        )

    def report(self) -> None:
        """Tell which share of the visits has ended, if the loop stopped in order that it is told.

        An interrupt is noticed then, too, and the cycle is noted in `reports`.
        """
        totals, crossbars = self.state.totals[0], self.state.crossbars
        if totals.events >= totals.pause:
            totals.pause = totals.events + start.EVENTS_PER_REPORT
            self.reports.append(int(totals.now))
            self.say.progress(float(crossbars.ended.sum() / crossbars.total.sum()))

    def check_buffers(self) -> None:
        """Check that no buffer has overflown yet, if the engine is strict.

        Raises:
            SpatemError: one has; names the PE and the bytes.
        """
        if self.is_strict and self.state.pes.most.max() > self.machine.room:
            memory = self.program.accelerator.components.memory
            MeasuredBuffers(measured=self.peaks()).check(memory, int(self.machine.images))

    def check_time(self) -> None:
        """Check that all outputs have left in time.

        Raises:
            LateError: they have not.
        """
        is_late = self.state.totals[0].now > self.machine.latest
        if is_late and self.state.images.outputs_left.any():
            raise LateError(f"the program goes on after cycle {self.machine.latest}")

    def peaks(self) -> dict[int, int]:
        """R10: the most bytes in the buffer of each PE that held any."""
        most = self.state.pes.most
        return {pe: int(most[pe]) for pe in np.flatnonzero(most).tolist()}

    def check_finished(self) -> None:
        """Check that every visit has run and all outputs have left.

        Raises:
            SpatemError: the program deadlocks; names a crossbar and what it waits for.
        """
        program, crossbars = self.program, self.state.crossbars
        where = np.searchsorted(crossbars.number, program.order)
        for index in where[crossbars.ended[where] < crossbars.total[where]][:1]:
            core, tables = crossbars[index], program.tables
            visit = tables.sequence[self.awaited(index)]
            first = tables.bursts[visit.burst].first
            tile = tables.tiles[tables.burst_tiles[first + core.column]]
            window = tile.first_window + visit.ordinal * tile.window_step
            raise SpatemError(
                f"the program deadlocks: crossbar {core.number} waits for the operand of window "
                f"{window} of @{program.dataflow.nodes[tile.node].name}"
            )
        if self.state.images.outputs_left.any():
            raise SpatemError("the program ends before all outputs have left the chip")

    def awaited(self, index: int) -> int:
        """The entry of the sequence that a crossbar has not run, the first one if it chooses."""
        core = self.state.crossbars[index]
        if not len(self.state.tile_queues):
            return int(core.first + core.ended % core.visits)
        queues = self.state.tile_queues
        left = queues[(queues.crossbar == index) & (queues.image < self.machine.images)]
        left = left[left.image == left.image.min()]
        return int(self.tables.tile_visits[left.first + left.asked].min())


@cache
def source_digest(rules: str | None = None) -> str:
    """A digest of the engine's source files, and of the package that holds further rules."""
    digest, sources = hashlib.sha256(), [__file__]
    if rules is not None:
        sources.append(import_module(f"{rules}.fast").__file__ or "")
    for source in sources:
        for file in sorted(Path(source).parent.rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()
