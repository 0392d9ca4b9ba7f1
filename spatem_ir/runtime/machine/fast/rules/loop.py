"""The event loop of the fast engine (rules R6 and R9, and the dispatch of all), for numba."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from spatem_ir.runtime.machine.fast.records import NONE, POOL_TASK
from spatem_ir.runtime.machine.fast.rules.arrivals import await_inputs, deliver, first_task
from spatem_ir.runtime.machine.fast.rules.crossbars import read_pieces
from spatem_ir.runtime.machine.fast.rules.events import (
    EPOCH,
    borrowed,
    drain,
    free_job,
    image_of,
    inlined,
    is_short,
    kept,
    log_grant,
    measure_peaks,
    next_cycle,
    occupy,
    piece_of,
    prefetch,
    recall_cause,
    schedule,
)
from spatem_ir.runtime.machine.fast.rules.kind_rules import rule
from spatem_ir.runtime.machine.fast.rules.kinds import (
    ACTIVATE,
    ACTIVATED,
    ACTIVATIONS,
    ARRIVE,
    AWAIT,
    CONTRIBUTE,
    CROSS,
    CU,
    DELIVER,
    END,
    ENTER,
    ENTERING,
    FETCH,
    HEAD,
    HOME,
    INPUTS,
    LEAVE,
    LEFT,
    MERGE_HOME,
    PROCEED,
    PROCESS,
    PROCESSED,
    PRODUCE,
    READY,
    SUM_CU,
    SUM_HOME,
    SUM_PE,
)
from spatem_ir.runtime.machine.fast.rules.progress import enter_portion, finish_piece
from spatem_ir.runtime.machine.fast.rules.traffic import (
    grant_link,
    grant_merge,
    pass_on,
    produce,
    reached,
    request_link,
)

crossbar_goes_on = rule("go_on")
"""R1, R2, R11: a crossbar starts its next visit if possible, then asks for an operand."""

choices_are_made = rule("choose")
"""R11: after all events of a cycle crossbars choose; False if a pool has to grow before."""

fetch_granted = rule("fetch")
"""R2, R3: an operand is fetched."""

task_has_ended = rule("worked")
"""R6: a digital operator has made its result; whether that is in the buffer at once."""

other_event = rule("follow")
"""An event that only a kind of components knows."""

other_request = rule("serve")
"""A request that only a kind of components knows is granted."""


@inlined
def leave(machine, state, pe, values, held):
    """R10: the sum of so many values is complete; each took `held` bytes of a PE's buffer."""
    if held > 0:
        state.totals[0].read_bytes += values * held
        drain(machine, state, pe, values * held)


@inlined
def contribution(machine, tables, state, kind, number, key):
    """R4, R5: results are valid, or the sum of a place is complete, or partial sums arrive home.

    The contribution goes on to the next place.
    """
    place, index, source = CU, number, 0
    if kind == ARRIVE:
        packet = state.packets[number]
        place, index, source, key = HOME, packet.tile, packet.source, packet.key
        reached(state, number)
    else:
        tile = tables.tiles[index]
        if kind == CONTRIBUTE:
            source = tile.crossbar
        elif kind == SUM_CU:
            place, source = CU + 1, tile.cu
            leave(machine, state, tile.pe, tile.at_cu * tile.values, machine.cu_held)
        elif kind == SUM_PE:
            place, source = CU + 2, tile.pe
            leave(machine, state, tile.pe, tile.at_pe * tile.values, machine.pe_held)
        else:
            place, pe = HOME + 1, tables.pieces[piece_of(machine, key)].home
            leave(machine, state, pe, tile.at_home * tile.values, machine.home_held)
    pass_on(machine, tables, state, place, index, key, source)


@inlined
def finished(machine, tables, state, kind, number, key):
    """R6, R9: a piece has entered, was activated or is the result of a digital operator."""
    produce(machine, tables, state, number if kind == PRODUCE else ACTIVATIONS, key)
    finish_piece(machine, tables, state, key)


@inlined
def read_inputs(machine, tables, state, task, key):
    """R10: the inputs of a digital task have been read."""
    state.totals[0].read_bytes += tables.tasks[task].bytes
    read_pieces(machine, tables, state, image_of(machine, key), machine.instances + task)


@inlined
def handle(machine, tables, state, kind, number, key):
    """An event."""
    totals = state.totals[0]
    if kind in (READY, END, PROCEED):
        crossbar_goes_on(machine, tables, state, kind, number, key)
    elif kind <= SUM_HOME or (kind == ARRIVE and state.packets[number].tile != NONE):
        contribution(machine, tables, state, kind, number, key)
    elif kind in (ARRIVE, DELIVER):
        slot = number
        if kind == ARRIVE:
            slot, key = key, state.packets[number].key
            totals.written_bytes += tables.slots[slot].bytes
            reached(state, number)
        deliver(machine, tables, state, slot, key)
    elif kind == PROCESSED:
        read_inputs(machine, tables, state, number, key)
        if task_has_ended(machine, tables, state, number, key):
            finished(machine, tables, state, kind, number, key)
    elif kind in (PRODUCE, ACTIVATED):
        finished(machine, tables, state, kind, number, key)
    elif kind == LEFT:
        read_inputs(machine, tables, state, number, key)
        image = image_of(machine, key)
        state.images[image].outputs_left -= 1
        state.images[image].finished = totals.now
        state.images[image].step = totals.cause
        finish_piece(machine, tables, state, key)
    elif kind == ENTER:
        queue = tables.portions[number].queue
        state.entries[queue].portion, state.entries[queue].key = number, key
        enter_portion(machine, tables, state, queue, 0)
    elif kind == AWAIT:
        await_inputs(machine, tables, state, number)
    else:
        other_event(machine, tables, state, kind, number, key)


@inlined
def grant(machine, tables, state, kind, number, key, rank):
    """A request that is granted, now or as soon as the requests before it are done."""
    if kind == FETCH:
        fetch_granted(machine, tables, state, number, rank)
    elif kind <= MERGE_HOME:
        grant_merge(machine, tables, state, kind, number, key, rank)
    elif kind in (ACTIVATE, PROCESS):
        grant_units(machine, tables, state, kind, number, key)
    elif kind in (LEAVE, ENTERING):
        grant_port(machine, tables, state, kind, number, key)
    else:
        other_request(machine, tables, state, kind, number, key, rank)


@inlined
def grant_units(machine, tables, state, kind, number, key):
    """R6: a PE's pooling or activation units work on values."""
    totals = state.totals[0]
    if kind == ACTIVATE:
        pe, pooling = tables.pieces[piece_of(machine, key)].home, False
        values = tables.tiles[number].values
    else:
        pe, pooling = tables.tasks[number].pe, tables.tasks[number].kind == POOL_TASK
        values = tables.tasks[number].values
    if pooling:
        resource, per_cycle = machine.first_pooling + pe, machine.poolings
        totals.pooled += values
    else:
        resource, per_cycle = machine.first_activation + pe, machine.activations
        totals.activated += values
    cycles = (values + per_cycle - 1) // per_cycle
    piece = tables.pieces[piece_of(machine, key)]
    prefetch(tables.sendings, piece.first_sending)
    start = occupy(machine, state, resource, cycles, piece.node)
    log_grant(machine, state, resource, piece.node, key, start, cycles)
    schedule(
        machine, state, start + cycles, ACTIVATED if kind == ACTIVATE else PROCESSED, number, key
    )


@inlined
def grant_port(machine, tables, state, kind, number, key):
    """R9: a portion of an image enters, or a piece of an output leaves, through the chip's port."""
    leaving = kind == LEAVE
    piece = piece_of(machine, key)
    size = tables.pieces[piece].bytes if leaving else tables.portions[number].bytes
    state.totals[0].io_bytes += size
    node, rate = tables.pieces[piece].node, machine.io_bytes
    if tables.nodes[node].external:
        rate = machine.external_bytes
        state.totals[0].external_bytes += size
    cycles = (size + rate - 1) // rate
    start = occupy(machine, state, machine.first_io, cycles, node)
    log_grant(machine, state, machine.first_io, node, key, start, cycles)
    if leaving:
        schedule(machine, state, start + cycles, LEFT, number, key)
        return
    portion, image = tables.portions[number], image_of(machine, key)
    for index in range(portion.first, portion.stop):
        entering = tables.inputs[index]
        entered = image * machine.pieces + entering.piece
        schedule(machine, state, start + entering.cycles, PRODUCE, INPUTS, entered)
    following, queue = number + 1, tables.queues[portion.queue]
    if following == queue.stop:
        following, image = queue.first, image + 1
    if image < machine.images:
        first = tables.inputs[tables.portions[following].first].piece
        schedule(machine, state, start + cycles, ENTER, following, image * machine.pieces + first)


@inlined
def begin(machine, tables, state):
    """Cycle 0: queues begin to enter, digital tasks wait, crossbars ask for operands."""
    for queue in tables.queues:
        first = tables.inputs[tables.portions[queue.first].first].piece
        schedule(machine, state, 0, ENTER, queue.first, first)
    for index in range(state.crossbars.size):
        schedule(machine, state, 0, PROCEED, index, 0)
    for waiter in range(first_task(state), state.waiters.size - state.entries.size):
        schedule(machine, state, 0, AWAIT, waiter, 0)


@inlined
def advance(machine, tables, state):
    """Execute until nothing is left to happen (True), or a pool has to grow or it is time to stop.

    All events of a cycle come before any choice (R11), these before any grant of that cycle (R3).
    """
    tables = borrowed(tables)  # type: ignore[call-arg]
    state = borrowed(state)  # type: ignore[call-arg]
    totals = state.totals[0]
    if totals.events == 0:
        totals.events = 1
        begin(machine, tables, state)
    while totals.events < totals.pause:
        cycle = totals.now & (EPOCH - 1)
        while state.lists[cycle] != NONE:
            if is_short(machine, state):
                return False
            event = state.lists[cycle]
            job = state.jobs[event]
            kind, number, key = job.kind, job.number, job.key
            recall_cause(machine, state, event)
            state.lists[cycle] = job.next
            prefetch(state.jobs, job.next)
            totals.pending -= 1
            totals.near -= 1
            totals.events += 1
            if kind == HEAD:
                request_link(machine, tables, state, event, key)
            else:
                free_job(state, event)
                handle(machine, tables, state, kind, number, key)
        if not choices_are_made(machine, tables, state):
            return False
        while totals.contended != NONE:
            if is_short(machine, state):
                return False
            server = state.resources[totals.contended]
            index = server.first
            job = state.jobs[index]
            kind, number, key, rank = job.kind, job.number, job.key, job.order
            recall_cause(machine, state, index)
            server.first = job.next
            if server.first == NONE:
                totals.contended = server.next
            totals.events += 1
            if kind == CROSS:
                grant_link(machine, tables, state, index)
            else:
                free_job(state, index)
                grant(machine, tables, state, kind, number, key, rank)
        measure_peaks(machine, state)
        if totals.pending == 0:
            return True
        next_cycle(state)
        if totals.now > machine.latest:
            return False
    return False


@cache
def compiled_loop(digest: str) -> Callable[..., bool]:
    """The event loop, compiled; `digest` is one of all source files of the engine.

    numba notices a change of the file in which a kept function is defined, but not of those whose
    functions it calls.  It does notice other values that the function encloses, such as `digest`.
    """

    def loop(machine, tables, state):
        len(digest)
        return advance(machine, tables, state)

    return kept(loop)
