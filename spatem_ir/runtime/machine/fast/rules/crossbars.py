"""Crossbars and their operands (rules R1 to R3, R10), compiled by numba."""

from __future__ import annotations

from spatem_ir.runtime.machine.fast.records import PRESENT
from spatem_ir.runtime.machine.fast.rules.events import (
    add_step,
    drain,
    inlined,
    is_traced,
    log_grant,
    occupy,
    piece_of,
    prefetch,
    request,
    schedule,
)
from spatem_ir.runtime.machine.fast.rules.kinds import (
    CONTRIBUTE,
    END,
    FETCH,
    READY,
)
from spatem_ir.runtime.machine.fast.rules.waits import all_met

NUMBER_BITS = 32
"""Bits of a visit's number in the rank of its fetch."""


@inlined
def all_present(machine, tables, state, waiter, image, first, stop):
    """Whether the pieces of a reader, from the first entry up to `stop`, are in its PE's buffer.

    If not, the waiter waits for the last that is not, and goes on from there: the last pieces
    usually come last, so that it need not wait often.
    """
    slots = image * machine.slots
    while stop > first:
        stop -= 1
        at = slots + tables.read_slots[stop]
        if state.awaiting[at] != PRESENT:
            waiting = state.waiters[waiter]
            waiting.next = state.awaiting[at]
            waiting.first = first
            waiting.entry = stop
            state.awaiting[at] = waiter
            return False
    return True


@inlined
def operand_present(machine, tables, state, waiter, image, reader):
    """Whether an operand is in its PE's buffer, whole; if not, the waiter waits for it."""
    instance = state.instances[image * machine.instances + reader]
    if instance.is_present == 0:
        first, stop = tables.read_first[reader], tables.read_first[reader + 1]
        if not all_present(machine, tables, state, waiter, image, first, stop):
            return False
        instance.is_present = 1
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
    what = machine.first_visits + core.number
    log_grant(machine, state, what, tile.node, core.ended, now, ends - now)


@inlined
def end_visit(machine, state, core, key):
    """R1, R4: a visit has ended; its results are valid a little later."""
    core.running = 0
    core.ended += 1
    core.ended_at = state.totals[0].now
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
    known = is_known(tables, core, tile, ordinal, image)
    if core.running == 1 and not known and not fits(machine, tables, core, tile):
        return
    core.requested += 1
    core.asked_tile, core.asked_ordinal, core.asked_image = asked_tile, ordinal, image
    core.asked_operations = burst.operations if burst.operations > 0 else tile.operations
    if known:
        read_operand(machine, tables, state, core)
        return
    reader = tile.instance + ordinal
    if operand_present(machine, tables, state, index, image, reader):
        asked_present(machine, tables, state, index)


@inlined
def note(machine, tables, state, kind, number, key):
    """R1, R2: an operand has come, or a visit has ended."""
    core = state.crossbars[number]
    if kind == READY:
        read_operand(machine, tables, state, core)
    elif kind == END:
        end_visit(machine, state, core, key)


@inlined
def go_on_in_order(machine, tables, state, kind, number, key):
    """R1, R2: what follows when an operand came or a visit ended; in the beginning, all proceed."""
    note(machine, tables, state, kind, number, key)
    proceed(machine, tables, state, number)


@inlined
def no_choices(machine, tables, state):
    """R1: crossbars that run their streams in order have nothing to choose."""
    return True


@inlined
def is_known(tables, core, tile, ordinal, image):
    """R2: whether the visit that runs reads what the visit of a tile reads."""
    if core.running == 0 or core.image != image:
        return False
    before = tables.tiles[core.tile]
    return before.instance + core.ordinal == tile.instance + ordinal and before.bit == tile.bit


@inlined
def fits(machine, tables, core, tile):
    """R2: whether the register has room for a tile's operand and that of the visit before."""
    return tables.tiles[core.tile].bytes + tile.bytes <= machine.share


@inlined
def visited(tables, number, ordinal):
    """The node and position to which the visit of a tile with an ordinal adds."""
    tile = tables.tiles[number]
    window = tile.first_window + ordinal * tile.window_step
    return tile.node, tables.positions[tile.positions + window]


@inlined
def asked_came(machine, tables, state, number):
    """R3: the last piece of the operand has come that a crossbar asked for."""
    core = state.crossbars[number]
    reader = tables.tiles[core.asked_tile].instance + core.asked_ordinal
    state.instances[core.asked_image * machine.instances + reader].is_present = 1
    asked_present(machine, tables, state, number)


@inlined
def asked_present(machine, tables, state, number):
    """R10: the operand is in the buffer; it is fetched when the window may begin."""
    if tables.waits.size > 0:
        asked_waits(machine, tables, state, number, 0)
    else:
        request_fetch(machine, tables, state, number, state.crossbars[number])


@inlined
def asked_waits(machine, tables, state, number, entry):
    """R10: an operand is fetched when no wait, from an entry on, holds its window back."""
    core = state.crossbars[number]
    node, position = visited(tables, core.asked_tile, core.asked_ordinal)
    if all_met(machine, tables, state, number, core.asked_image, node, position, entry):
        request_fetch(machine, tables, state, number, core)


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
    is_shared = start >= 0
    if not is_shared:
        start = occupy(machine, state, core.pe, cycles, tile.node)
        totals.fetched_bytes += tile.bytes
    totals.register_bytes += tile.bytes
    state.fetches[index].operand = operand
    state.fetches[index].start = start
    state.fetches[index].step = totals.cause
    schedule(machine, state, start + cycles, READY, index, 0)
    log_grant(machine, state, core.pe, tile.node, rank, start, cycles, is_shared)
