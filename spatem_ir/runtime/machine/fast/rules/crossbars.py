"""Crossbars, their operands and what waits for pieces (rules R1 to R3, R10), compiled by numba."""

from __future__ import annotations

from spatem_ir.runtime.machine.fast.rules.events import (
    add_step,
    drain,
    fill,
    image_of,
    inlined,
    is_traced,
    occupy,
    piece_of,
    prefetch,
    request,
    schedule,
    write_log,
)
from spatem_ir.runtime.machine.fast.rules.kinds import (
    ACTIVATIONS,
    CONTRIBUTE,
    END,
    FETCH,
    LEAVE,
    PROCESS,
    PRODUCE,
    READY,
)
from spatem_ir.runtime.machine.fast.rules.waits import all_met
from spatem_ir.runtime.machine.fast.tables import NONE, OUTPUT_TASK, POOL_TASK, PRESENT

NUMBER_BITS = 32
"""Bits of a visit's number in the rank of its fetch."""


@inlined
def all_present(machine, tables, state, waiter, image, entry, stop):
    """Whether the pieces of a reader, from an entry up to `stop`, are in the buffer of its PE.

    If not, the waiter waits for the first that is not, and goes on from there.
    """
    first = image * machine.slots
    while entry < stop:
        at = first + tables.read_slots[entry]
        if state.awaiting[at] != PRESENT:
            waiting = state.waiters[waiter]
            waiting.next = state.awaiting[at]
            waiting.entry = entry
            waiting.stop = stop
            state.awaiting[at] = waiter
            return False
        entry += 1
    return True


@inlined
def read_pieces(machine, tables, state, image, reader):
    """R10: a reader has read its pieces; after the last read their bytes are free."""
    first = image * machine.slots
    for entry in range(tables.read_first[reader], tables.read_first[reader + 1]):
        number = tables.read_slots[entry]
        state.reads_left[first + number] -= 1
        if state.reads_left[first + number] == 0:
            drain(machine, state, tables.slots[number].pe, tables.slots[number].bytes)


@inlined
def read_operand(machine, tables, state, core):
    """R10: the operand asked for last is in the register.

    The pieces of an operand are counted as read when all visits of the PE have read it.
    """
    core.ready += 1
    core.ready_at = state.totals[0].now
    core.fetch = state.totals[0].cause
    tile = tables.tiles[core.asked_tile]
    reader = tile.instance + core.asked_ordinal
    instance = state.instances[core.asked_image * machine.instances + reader]
    instance.left -= 1
    if instance.left == 0:
        read_pieces(machine, tables, state, core.asked_image, reader)


@inlined
def start_visit(machine, tables, state, index, core):
    """R1: the visit whose operand came last starts."""
    now = state.totals[0].now
    core.running = 1
    core.tile, core.ordinal, core.image = core.asked_tile, core.asked_ordinal, core.asked_image
    tile = tables.tiles[core.tile]
    window = tile.first_window + core.ordinal * tile.window_step
    position = tables.positions[tile.positions + window]
    key = core.image * machine.pieces + tile.first_piece + position
    prefetch(tables.pieces, piece_of(machine, key))
    ends = now + machine.visit_setup + core.asked_operations * machine.operation
    core.busy += ends - now
    if is_traced(machine, state):
        is_queued = core.ready_at < now
        cause = state.totals[0].cause if is_queued else core.fetch
        add_step(state, machine.first_visits + core.number, tile.node, now, cause, is_queued)
    schedule(machine, state, ends, END, index, key)
    write_log(machine, state, machine.first_visits + core.number, core.ended, now)


@inlined
def end_visit(machine, state, core, key):
    """R1, R4: a visit has ended; its results are valid a little later."""
    core.running = 0
    core.ended += 1
    schedule(machine, state, state.totals[0].now + machine.pipeline, CONTRIBUTE, core.tile, key)


@inlined
def proceed(machine, tables, state, index):
    """R1, R2: start the next visit if possible, then ask for the next operand if there is room."""
    core = state.crossbars[index]
    if core.running == 0 and core.ended < core.ready:
        start_visit(machine, tables, state, index, core)
    number = core.requested
    if number >= core.total or number > core.ended + core.running:
        return
    image = number // core.visits if number >= core.visits else 0
    entry = core.first + number - image * core.visits
    ordinal = tables.sequence[entry].ordinal
    burst = tables.bursts[tables.sequence[entry].burst]
    asked_tile = tables.burst_tiles[burst.first + core.column]
    tile = tables.tiles[asked_tile]
    known = False
    if core.running == 1:
        before = tables.tiles[core.tile]
        known = (
            core.image == image
            and before.instance + core.ordinal == tile.instance + ordinal
            and before.bit == tile.bit
        )
        if not known and before.bytes + tile.bytes > machine.share:
            return
    core.requested += 1
    core.asked_tile, core.asked_ordinal, core.asked_image = asked_tile, ordinal, image
    core.asked_operations = burst.operations if burst.operations > 0 else tile.operations
    if known:
        read_operand(machine, tables, state, core)
        return
    reader = tile.instance + ordinal
    instance = state.instances[image * machine.instances + reader]
    if instance.is_present == 0:
        first, stop = tables.read_first[reader], tables.read_first[reader + 1]
        if not all_present(machine, tables, state, index, image, first, stop):
            return
        instance.is_present = 1
    request_when_met(machine, tables, state, index, core)


@inlined
def visited(tables, core):
    """The node and position to which the visit adds whose operand the crossbar asked for last."""
    tile = tables.tiles[core.asked_tile]
    window = tile.first_window + core.asked_ordinal * tile.window_step
    return tile.node, tables.positions[tile.positions + window]


@inlined
def request_when_met(machine, tables, state, index, core):
    """R10: the operand is in the buffer; it is fetched when the window may begin."""
    if tables.waits.size > 0:
        node, position = visited(tables, core)
        if not all_met(machine, tables, state, index, core.asked_image, node, position, 0):
            return
    request_fetch(machine, tables, state, index, core)


@inlined
def trace_arrivals(machine, tables, state, image, reader):
    """What happens is due to the first piece of a reader that came just now, if any did."""
    if is_traced(machine, state):
        totals = state.totals[0]
        for entry in range(tables.read_first[reader], tables.read_first[reader + 1]):
            at = image * machine.slots + tables.read_slots[entry]
            if state.bringers[at].time == totals.now:
                totals.cause = state.bringers[at].step
                break


@inlined
def request_fetch(machine, tables, state, index, core):
    """R3: ask the PE's port for the operand that the crossbar asked for last."""
    reader = tables.tiles[core.asked_tile].instance + core.asked_ordinal
    trace_arrivals(machine, tables, state, core.asked_image, reader)
    rank = (core.number << NUMBER_BITS) | (core.requested - 1)
    request(machine, state, core.pe, rank, FETCH, index, 0)


@inlined
def grant_fetch(machine, tables, state, index, rank):
    """R2, R3: fetch an operand, or share the fetch of a crossbar of the CU that still waits."""
    core = state.crossbars[index]
    totals = state.totals[0]
    tile = tables.tiles[core.asked_tile]
    instance = core.asked_image * machine.instances + tile.instance + core.asked_ordinal
    operand = instance * machine.bits + tile.bit
    cycles = machine.fetch_setup + (tile.bytes + machine.port - 1) // machine.port
    start = -1
    for other in range(tables.cu_crossbars[core.cu], tables.cu_crossbars[core.cu + 1]):
        if state.fetches[other].operand == operand and state.fetches[other].start >= totals.now:
            start = state.fetches[other].start
            totals.cause = state.fetches[other].step
            break
    if start < 0:
        start = occupy(machine, state, core.pe, cycles, tile.node)
        totals.fetched_bytes += tile.bytes
    totals.register_bytes += tile.bytes
    state.fetches[index].operand = operand
    state.fetches[index].start = start
    state.fetches[index].step = totals.cause
    schedule(machine, state, start + cycles, READY, index, 0)
    write_log(machine, state, core.pe, rank, start)


@inlined
def await_inputs(machine, tables, state, waiter):
    """R6, R9: a digital operator or output starts as soon as its inputs are there."""
    number = waiter - state.crossbars.size
    image, task = number // tables.tasks.size, number % tables.tasks.size
    reader = machine.instances + task
    first, stop = tables.read_first[reader], tables.read_first[reader + 1]
    if all_present(machine, tables, state, waiter, image, first, stop):
        start_when_met(machine, tables, state, waiter, image, task)


@inlined
def start_when_met(machine, tables, state, waiter, image, number):
    """R10: the inputs of a digital operator are there; it starts when its position may begin."""
    task = tables.tasks[number]
    if all_met(machine, tables, state, waiter, image, task.node, task.position, 0):
        start_task(machine, tables, state, image, number)


@inlined
def start_task(machine, tables, state, image, number):
    """R6: the inputs of a digital operator are there; an output leaves at once (R9)."""
    task = tables.tasks[number]
    key = image * machine.pieces + task.piece
    trace_arrivals(machine, tables, state, image, machine.instances + number)
    if task.kind == OUTPUT_TASK:
        request(machine, state, machine.first_io, key, LEAVE, number, key)
    elif task.values == 0:
        schedule(machine, state, state.totals[0].now, PRODUCE, ACTIVATIONS, key)
    else:
        pooling = task.kind == POOL_TASK
        first = machine.first_pooling if pooling else machine.first_activation
        request(machine, state, first + task.pe, key, PROCESS, number, key)


@inlined
def deliver(machine, tables, state, number, key):
    """R10: a piece is in a PE's buffer, until it has been read as often as it will be."""
    image = image_of(machine, key)
    at = image * machine.slots + number
    slot = tables.slots[number]
    waiter = state.awaiting[at]
    state.awaiting[at] = PRESENT
    if is_traced(machine, state):
        bringer = state.bringers[at]
        bringer.time = state.totals[0].now
        bringer.step = state.totals[0].cause
    fill(machine, state, slot.pe, slot.bytes)
    write_log(machine, state, machine.first_arrivals + slot.pe, key, state.totals[0].now)
    while waiter != NONE:
        waiting = state.waiters[waiter]
        following = waiting.next
        if all_present(machine, tables, state, waiter, image, waiting.entry + 1, waiting.stop):
            go_on_present(machine, tables, state, waiter, image)
        waiter = following


@inlined
def go_on_present(machine, tables, state, waiter, image):
    """R3, R6: all pieces that a crossbar or a digital operator waited for are there."""
    if waiter < state.crossbars.size:
        core = state.crossbars[waiter]
        reader = tables.tiles[core.asked_tile].instance + core.asked_ordinal
        state.instances[image * machine.instances + reader].is_present = 1
        request_when_met(machine, tables, state, waiter, core)
    else:
        task = (waiter - state.crossbars.size) % tables.tasks.size
        start_when_met(machine, tables, state, waiter, image, task)
