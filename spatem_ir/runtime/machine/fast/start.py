"""What an execution of the fast engine begins with: its numbers, its state, and pools that grow."""

from __future__ import annotations

import numpy as np

from spatem_ir.runtime.machine.fast.computer import check_memory
from spatem_ir.runtime.machine.fast.elaborate.program import FastProgram
from spatem_ir.runtime.machine.fast.elaborate.queues import Queues
from spatem_ir.runtime.machine.fast.log import set_watch
from spatem_ir.runtime.machine.fast.records import (
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
    Int32s,
    Records,
)
from spatem_ir.runtime.machine.fast.rules.events import EPOCH, FAR
from spatem_ir.runtime.machine.fast.steps import FIRST_STEPS, collect
from spatem_ir.runtime.machine.fast.tables import EachCrossbar, State
from spatem_ir.runtime.machine.log import Watch
from spatem_ir.support.errors import SpatemError

RESERVES = 2
"""How often the records of the largest event fit into a new pool."""

EVENTS_PER_REPORT = 100_000
"""Events after which the progress is told: those of about a hundredth of a second."""

LARGEST_RANK = 2**62
"""Ranks are packed into 63 bits."""

LARGEST_PLACE = 2**31 - 1
"""Places of visits in streams, over all images, have 31 bits."""


def machine_of(program: FastProgram, images: int, watch: Watch | None, trace: bool) -> np.record:
    """The numbers of a program, its accelerator and a run: a :data:`MACHINE` record.

    Raises:
        SpatemError: ranks of so many images, pieces and crossbars do not fit into 63 bits, or the
            places of visits in streams not into 31.
    """
    accelerator, tables = program.accelerator, program.tables
    components = accelerator.components
    pes, pieces = accelerator.pes, len(tables.pieces)
    most_visits = images * int(program.crossbars.visits.max())
    carried = len(components.memory.carried)
    largest_rank = images * pieces * carried * accelerator.crossbars * max(pes, 2)
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
    machine.io_bytes = components.port_rate(external=False)
    machine.external_bytes = components.port_rate(external=True)
    machine.head = components.interconnect.head_cycles
    machine.sources, machine.carried = accelerator.crossbars, carried
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
    machine.nodes = len(tables.nodes)
    machine.is_traced = trace
    set_watch(machine, watch)
    set_reserves(machine, program)
    return machine


def set_reserves(machine: np.record, program: FastProgram) -> None:
    """How many records of each pool one event can take at most.

    All waiters may go on, an image may enter; a piece may go to all PEs in packets of their own;
    all pieces of an operand may leave the buffer.
    """
    tables = program.tables
    machine.jobs_reserve = waiters_of(program, int(machine.images)) + len(tables.inputs)
    machine.jobs_reserve += machine.pes + 8
    machine.packets_reserve = machine.pes + 1
    in_step = program.accelerator.components.compute_unit.crossbars_in_step
    most_logged = (int(np.diff(tables.read_first).max()) + 8) * in_step
    machine.log_reserve = most_logged * machine.is_logged


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
        watched=np.zeros(0, np.uint8),
        watched_nodes=np.zeros(0, np.uint8),
        activity=np.zeros((0, 0), np.int64),
        held_before=np.zeros(0, np.int64),
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
