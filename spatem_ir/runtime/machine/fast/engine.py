"""The fast engine: every event time is that of the reference engine, much sooner.

It executes the rules of the machine on arrays, in a loop compiled by numba (extra `fast`).  The
program is written out by `elaborate/` into the tables of `tables`; `rules/` has the rules,
events and resources.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import import_module
from inspect import getsource
from pathlib import Path

import numpy as np

from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.machine.fast.computer import MemoryShortError as MemoryShortError
from spatem_ir.runtime.machine.fast.computer import check_memory
from spatem_ir.runtime.machine.fast.elaborate.program import FastProgram
from spatem_ir.runtime.machine.fast.elaborate.queues import NO_QUEUES, Queues
from spatem_ir.runtime.machine.fast.results import MeasuredBuffers, logged_facts, schedule_of
from spatem_ir.runtime.machine.fast.rules.components import loop_of
from spatem_ir.runtime.machine.fast.rules.events import EPOCH, FAR
from spatem_ir.runtime.machine.fast.steps import FIRST_STEPS, busy_of, collect, path_of
from spatem_ir.runtime.machine.fast.tables import (
    BRINGER,
    ENTRY,
    FETCH,
    IMAGE,
    INSTANCE,
    JOB,
    LOGGED,
    MACHINE,
    NEVER,
    NONE,
    PACKET,
    PE_STATE,
    PROGRESS,
    RESOURCE,
    STEP,
    TILE_QUEUE,
    TOTALS,
    WAITER,
    EachCrossbar,
    Int32s,
    Records,
    State,
)
from spatem_ir.runtime.machine.fast.warm_up import compilation_noted
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.messages import SILENT, Messages

RESERVES = 2
"""How often the records of the largest event fit into a new pool."""

EVENTS_PER_REPORT = 1_000_000
"""Events after which the progress is told: those of about a tenth of a second."""

LARGEST_RANK = 2**62
"""Ranks are packed into 63 bits."""

ROOMY = 2**62
"""Bytes that no buffer holds."""

ANY_TIME = 2**62
"""A cycle after which nothing happens."""

LARGEST_PLACE = 2**31 - 1
"""Places of visits in streams, over all images, have 31 bits."""


class LateError(SpatemError):
    """An execution was ended because it takes too long."""


class FastEngine:
    """Executes a program on the machine model.

    If `dispatch` is free, crossbars choose their visits (R11), and the execution has the schedule.
    With `log`, the execution has the starts of all visits and the changes of all buffers, and
    :attr:`facts` every grant and arrival; otherwise the former are empty.  With `trace`, it has the
    critical path and how busy resources were.  With `strict`, it ends where a buffer overflows, and
    in any case after the cycle `latest`.  `say` is told of the progress, and if the loop has to be
    compiled.
    """

    def __init__(
        self,
        program: FastProgram,
        images: int = 1,
        *,
        dispatch: Dispatch = Dispatch.STATIC,
        log: bool = False,
        trace: bool = False,
        strict: bool = False,
        latest: int = ANY_TIME,
        say: Messages = SILENT,
    ):
        self.program = program
        self.say = say
        self.machine = machine_of(program, images, log, trace)
        self.is_strict = strict
        self.machine.room = program.accelerator.components.memory.buffer_bytes if strict else ROOMY
        self.machine.latest = latest
        is_free = dispatch is Dispatch.FREE
        kind = program.kind
        queues = program.queues if is_free and kind is None else NO_QUEUES
        self.tables = queues.added_to(program.tables) if queues is not NO_QUEUES else program.tables
        self.state = initial_state(program, self.machine, queues, is_free=is_free)
        if kind is not None:
            self.tables = self.tables._replace(kind=kind.tables)
            self.state = self.state._replace(kind=kind.state())

    def run(self) -> Execution:
        """Execute all images.

        Raises:
            SpatemError: the program deadlocks, or there is not enough memory; if the engine is
                strict, also that a buffer overflows.
            LateError: it goes on after the latest cycle.
        """
        components = self.program.accelerator.components
        kinds = type(components.compute_unit), type(components.accumulation)
        loop = loop_of(*kinds, source_digest(components.compute_unit.rules))
        with compilation_noted(self.say.note):
            while not loop(self.machine, self.tables, self.state):
                self.check_buffers()
                self.check_time()
                self.state = grown(self.machine, self.state)
                self.report()
        self.check_buffers()
        self.check_finished()
        program, totals = self.program, self.state.totals[0]
        facts = logged_facts(program, self.machine, self.state)
        return Execution(
            finished=self.state.images.finished.tolist(),
            ended=int(totals.now),
            visit_starts=facts.visit_starts,
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
            },
            byte_hops=int(totals.byte_hops),
            io_bytes=int(totals.io_bytes),
            buffers=MeasuredBuffers(
                facts.changes, int(totals.written_bytes), int(totals.read_bytes), self.peaks()
            ),
            path=path_of(self.machine, self.state) if self.machine.is_traced else None,
            busy=busy_of(self.machine, self.state),
            schedule=schedule_of(self.machine, self.state),
        )

    def report(self) -> None:
        """Tell which share of the visits has ended, if the loop stopped in order that it is told.

        An interrupt is noticed then, too.
        """
        totals, crossbars = self.state.totals[0], self.state.crossbars
        if totals.events >= totals.pause:
            totals.pause = totals.events + EVENTS_PER_REPORT
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


def machine_of(program: FastProgram, images: int, log: bool, trace: bool) -> np.record:
    """The numbers of a program, its accelerator and a run: a :data:`MACHINE` record.

    Raises:
        SpatemError: ranks of so many images, pieces and crossbars do not fit into 63 bits, or the
            places of visits in streams not into 31.
    """
    accelerator, tables = program.accelerator, program.tables
    components = accelerator.components
    pes, pieces = accelerator.pes, len(tables.pieces)
    most_visits = images * int(program.crossbars.visits.max())
    largest_rank = images * pieces * 2 * accelerator.crossbars * max(pes, 2)
    if largest_rank > LARGEST_RANK or most_visits > LARGEST_PLACE:
        raise SpatemError(f"{images} images in flight are too many for the fast engine")
    machine = np.zeros(1, MACHINE).view(np.recarray)[0]
    machine.images, machine.pieces, machine.pes = images, pieces, pes
    machine.share = components.compute_unit.operand_bytes
    machine.visit_setup = components.compute_unit.setup_cycles
    machine.operation = components.compute_unit.operation_cycles
    machine.pipeline = components.compute_unit.pipeline_cycles
    machine.fetch_setup = components.memory.setup_cycles
    machine.port = components.memory.port_bytes_per_cycle
    machine.sum_bytes = components.accumulation.sum_bytes
    for place in components.accumulation.places:
        adders = components.accumulation.adders(place)
        machine[f"{place}_setup"] = adders.setup_cycles
        machine[f"{place}_adders"] = adders.values_per_cycle
        machine[f"{place}_held"] = components.accumulation.sum_bytes * adders.in_buffer
    machine.activations = components.digital.values_per_cycle(pooling=False)
    machine.poolings = components.digital.values_per_cycle(pooling=True)
    machine.io_bytes = components.port.bytes_per_cycle
    machine.head = components.interconnect.head_cycles
    machine.sources = accelerator.crossbars
    machine.bits = int(tables.tiles.bit.max()) + 1
    machine.slots = len(program.slot_reads)
    machine.instances = len(program.instance_reads)
    machine.meetings = program.meetings
    machine.first_home = images * program.meetings
    machine.first_cu_adders = pes
    machine.first_pe_adders = machine.first_cu_adders + pes * accelerator.cus_per_pe
    machine.first_link = machine.first_pe_adders + pes
    machine.first_activation = machine.first_link + components.interconnect.links
    machine.first_pooling = machine.first_activation + pes
    machine.first_io = machine.first_pooling + pes
    machine.first_visits = machine.first_io + 1
    machine.first_arrivals = machine.first_visits + accelerator.crossbars
    machine.first_changes = machine.first_arrivals + pes
    machine.is_traced = trace
    set_reserves(machine, program, log)
    return machine


def set_reserves(machine: np.record, program: FastProgram, log: bool) -> None:
    """How many records of each pool one event can take at most.

    All waiters may go on, an image may enter; a piece may go to all PEs in packets of their own;
    all pieces of an operand may leave the buffer.
    """
    tables = program.tables
    machine.jobs_reserve = waiters_of(program, int(machine.images)) + len(tables.inputs)
    machine.jobs_reserve += machine.pes + 8
    machine.packets_reserve = machine.pes + 1
    machine.is_logged = log
    in_step = program.accelerator.components.compute_unit.crossbars_in_step
    machine.log_reserve = (int(np.diff(tables.read_first).max()) + 8) * in_step if log else 0


def waiters_of(program: FastProgram, images: int) -> int:
    """Crossbars, digital tasks of all images, and the queues of what enters."""
    tables = program.tables
    return len(program.crossbars) + images * len(tables.tasks) + len(tables.queues)


def initial_state(
    program: FastProgram, machine: np.record, queues: Queues, *, is_free: bool
) -> State:
    """Nothing has happened yet; crossbars that choose (R11) do so from `queues`, if there are any.

    Raises:
        SpatemError: there is not enough memory.
    """
    images = int(machine.images)
    waiters = waiters_of(program, images)
    if len(queues.tile_queues):
        waiters += len(queues.tile_queues) - len(program.crossbars)
    visits = program.visits * images * is_free
    meetings = images * int(machine.meetings + machine.pieces)
    slots, instances = images * len(program.slot_reads), images * len(program.instance_reads)
    bringers = slots * int(machine.is_traced)
    needed = instances * INSTANCE.itemsize + bringers * BRINGER.itemsize
    needed += waiters * WAITER.itemsize + (2 * slots + meetings) * np.dtype(np.int32).itemsize
    needed += len(queues.tile_queues) * (TILE_QUEUE.itemsize + np.dtype(np.int64).itemsize)
    needed += visits * (np.dtype(np.int32).itemsize + np.dtype(np.int64).itemsize)
    check_memory(needed, images)
    watched_positions = program.watched_positions
    unknown = np.full(visits, NONE, np.int32)
    crossbars = program.crossbars.copy()
    crossbars.total = crossbars.visits.astype(np.int64) * images
    state = State(
        totals=records(TOTALS, 1),
        crossbars=crossbars,
        fetches=records(FETCH, len(crossbars)),
        resources=records(RESOURCE, int(machine.first_visits)),
        jobs=records(JOB, 0),
        packets=records(PACKET, 0),
        lists=np.full(EPOCH + FAR, NONE, np.int32),
        awaiting=np.full(slots, NONE, np.int32),
        reads_left=np.tile(program.slot_reads, images),
        waiters=records(WAITER, waiters),
        entries=records(ENTRY, len(program.tables.queues)),
        progress=records(PROGRESS, len(program.tables.nodes)),
        unfinished=np.repeat(program.watched_slices, images * watched_positions),
        held=np.full(images * int(watched_positions.sum()), NONE, np.int32),
        instances=records(INSTANCE, instances),
        meetings=np.zeros(meetings, np.int32),
        pes=records(PE_STATE, int(machine.pes)),
        images=records(IMAGE, images),
        log=records(LOGGED, 0),
        steps=records(STEP, FIRST_STEPS if machine.is_traced else 1),
        bringers=records(BRINGER, bringers),
        causes=np.zeros(0, np.int32),
        dispatchers=queues.dispatchers.copy(),
        tile_queues=queues.tile_queues.copy(),
        heads=np.full(len(queues.tile_queues), NEVER, np.int64),
        ran=in_order(crossbars) if is_free and not len(queues.dispatchers) else unknown,
        began=np.full(visits, NONE, np.int64),
        finished_at=np.full(images * len(program.tables.pieces) * is_free, NONE, np.int64),
        freedom=(True,) if is_free else (),
        hooks=(True,) if machine.is_logged or machine.is_traced else (),
        kind=EachCrossbar(np.zeros(0, np.int32), np.zeros(0, np.int64)),
    )
    totals = state.totals
    if len(queues.dispatchers):
        state.dispatchers.first_run = np.cumsum(crossbars.total) - crossbars.total
    totals.undecided = totals.contended = totals.changed = NONE
    totals.pause = EVENTS_PER_REPORT
    totals.free_job = totals.free_packet = totals.cause = NONE
    state.fetches.operand = state.resources.first = NONE
    state.instances.left = np.tile(program.instance_reads, images)
    state.progress.time = state.images.step = NONE
    state.images.outputs_left = sum(node.pieces for node in program.dataflow.outputs)
    return grown(machine, state)


def in_order(crossbars: Records) -> Int32s:
    """The places in their streams of all visits, in the order of the streams."""
    return np.concatenate([np.arange(total, dtype=np.int32) for total in crossbars.total])


def records(kind: np.dtype, count: int) -> Records:
    """So many records, all zeros."""
    return np.zeros(count, kind).view(np.recarray)


def grown(machine: np.record, state: State) -> State:
    """The state with larger pools, where one event might need more than there is.

    Raises:
        SpatemError: there is not enough memory.
    """
    totals, images = state.totals[0], int(machine.images)
    for pool, head, free, reserve in (
        ("jobs", "free_job", "free_jobs", int(machine.jobs_reserve)),
        ("packets", "free_packet", "free_packets", int(machine.packets_reserve)),
    ):
        if totals[free] < reserve:
            old = getattr(state, pool)
            more = max(RESERVES * reserve, len(old))
            state = state._replace(**{pool: chained(old, more, int(totals[head]), images)})
            totals[head] = len(old)
            totals[free] += more
    if machine.is_traced and len(state.causes) < len(state.jobs):
        causes = np.full(len(state.jobs), NONE, np.int32)
        causes[: len(state.causes)] = state.causes
        state = state._replace(causes=causes)
    size, reserve = len(state.log), int(machine.log_reserve)
    if size - totals.logged < reserve:
        more = max(RESERVES * reserve, size)
        check_memory((size + more) * LOGGED.itemsize, images)
        log = np.concatenate([state.log, np.zeros(more, LOGGED)]).view(np.recarray)
        state = state._replace(log=log)
    size = len(state.steps)
    if totals.steps == size:
        totals.steps = collect(state)
        if totals.steps > size // 2:
            check_memory(2 * size * STEP.itemsize, images)
            steps = np.concatenate([state.steps, np.zeros(size, STEP)]).view(np.recarray)
            state = state._replace(steps=steps)
    return state


def chained(old: Records, more: int, head: int, images: int) -> Records:
    """Records and so many unused ones, the last of which leads on to the unused one `head`."""
    size = len(old)
    check_memory((size + more) * old.itemsize, images)
    larger = np.empty(size + more, old.dtype).view(np.recarray)
    larger[:size] = old
    larger["next"][size:] = np.arange(size + 1, size + more + 1)
    larger["next"][-1] = head
    return larger


@cache
def source_digest(rules: str | None = None) -> str:
    """A digest of the engine's source files, and of the package that holds further rules."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    if rules is not None:
        digest.update(getsource(import_module(f"{rules}.fast")).encode())
    return digest.hexdigest()
