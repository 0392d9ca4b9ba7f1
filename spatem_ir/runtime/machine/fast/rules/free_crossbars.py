"""Crossbars that run whatever is ready (rule R11), compiled by numba."""

from __future__ import annotations

from spatem_ir.runtime.machine.fast.records import NEVER, NONE
from spatem_ir.runtime.machine.fast.rules.crossbars import (
    fits,
    is_known,
    note,
    operand_present,
    read_operand,
    request_fetch,
    start_visit,
    visited,
)
from spatem_ir.runtime.machine.fast.rules.events import inlined, is_short, is_traced
from spatem_ir.runtime.machine.fast.rules.waits import all_met


@inlined
def await_head(machine, tables, state, number):
    """R11: the head of a queue is ready when its operand could be fetched (R3, R10)."""
    queue = state.tile_queues[number]
    if queue.asked == queue.visits:
        queue.asked = 0
        queue.image += 1
    if queue.image == machine.images:
        return
    queue.ordinal = tables.sequence[tables.tile_visits[queue.first + queue.asked]].ordinal
    reader = tables.tiles[queue.tile].instance + queue.ordinal
    if operand_present(machine, tables, state, number, queue.image, reader):
        head_present(machine, tables, state, number)


@inlined
def head_came(machine, tables, state, number):
    """R3: the last piece of the operand of a queue's head has come."""
    queue = state.tile_queues[number]
    reader = tables.tiles[queue.tile].instance + queue.ordinal
    state.instances[queue.image * machine.instances + reader].is_present = 1
    head_present(machine, tables, state, number)


@inlined
def head_present(machine, tables, state, number):
    """R10: the operand of a queue's head is there; it is ready when the window may begin."""
    if tables.waits.size > 0:
        head_waits(machine, tables, state, number, 0)
    else:
        head_ready(machine, tables, state, number)


@inlined
def head_waits(machine, tables, state, number, entry):
    """R10: the head of a queue is ready when no wait, from an entry on, holds its window back."""
    queue = state.tile_queues[number]
    node, position = visited(tables, queue.tile, queue.ordinal)
    if all_met(machine, tables, state, number, queue.image, node, position, entry):
        head_ready(machine, tables, state, number)


@inlined
def head_ready(machine, tables, state, number):
    """R11: the head of a queue is ready: its crossbar may choose it."""
    queue = state.tile_queues[number]
    core, dispatcher = state.crossbars[queue.crossbar], state.dispatchers[queue.crossbar]
    place = tables.tile_visits[queue.first + queue.asked] - core.first
    state.heads[number] = queue.image * core.visits + place
    dispatcher.ready += 1
    if is_traced(machine, state):
        queue.since = state.totals[0].now
        queue.cause = state.totals[0].cause
    look(state, queue.crossbar, core, dispatcher)


@inlined
def look(state, index, core, dispatcher):
    """R11: a crossbar with room for an operand chooses after all events of the cycle."""
    has_room = core.requested <= core.ended + core.running
    if has_room and dispatcher.ready > 0 and dispatcher.is_listed == 0:
        dispatcher.is_listed = 1
        dispatcher.next = state.totals[0].undecided
        state.totals[0].undecided = index


@inlined
def proceed_freely(machine, tables, state, index):
    """R1, R11: start the next visit if possible, then choose one if there is room.

    In the beginning all tiles wait for their first operands.
    """
    core, dispatcher = state.crossbars[index], state.dispatchers[index]
    now = state.totals[0].now
    if core.requested == 0:
        for number in range(dispatcher.first_queue, dispatcher.stop_queue):
            await_head(machine, tables, state, number)
    if core.running == 0 and core.ended < core.ready:
        start_visit(machine, tables, state, index, core)
        state.began[dispatcher.first_run + core.ended] = now
        dispatcher.started_at = now
        dispatcher.step = state.totals[0].cause
    elif core.running == 0:
        dispatcher.ended_at = now
    look(state, index, core, dispatcher)


@inlined
def go_on_freely(machine, tables, state, kind, number, key):
    """R1, R2: what follows when an operand came or a visit ended; in the beginning, all proceed."""
    note(machine, tables, state, kind, number, key)
    proceed_freely(machine, tables, state, number)


@inlined
def make_choices(machine, tables, state):
    """R11: all crossbars that look choose; False if a pool has to grow before the next one does."""
    totals = state.totals[0]
    while totals.undecided != NONE:
        if is_short(machine, state):
            return False
        index = totals.undecided
        dispatcher = state.dispatchers[index]
        totals.undecided = dispatcher.next
        dispatcher.is_listed = 0
        choose(machine, tables, state, index)
    return True


@inlined
def choose(machine, tables, state, index):
    """R11: ask for the ready operand whose visit the stream has first, if it fits (R2)."""
    core, dispatcher = state.crossbars[index], state.dispatchers[index]
    place = NEVER
    for number in range(dispatcher.first_queue, dispatcher.stop_queue):
        place = min(place, state.heads[number])
    image = place // core.visits if place >= core.visits else 0
    visit = tables.sequence[core.first + place - image * core.visits]
    burst = tables.bursts[visit.burst]
    number = dispatcher.first_queue + tables.burst_queues[visit.burst]
    queue = state.tile_queues[number]
    tile = tables.tiles[queue.tile]
    known = is_known(tables, core, tile, queue.ordinal, image)
    if core.running == 1 and not known and not fits(machine, tables, core, tile):
        return
    state.ran[dispatcher.first_run + core.requested] = place
    state.heads[number] = NEVER
    dispatcher.ready -= 1
    trace_choice(machine, tables, state, core, dispatcher, queue)
    core.requested += 1
    core.asked_tile, core.asked_ordinal, core.asked_image = queue.tile, queue.ordinal, image
    core.asked_operations = burst.operations if burst.operations > 0 else tile.operations
    if known:
        read_operand(machine, tables, state, core)
    else:
        request_fetch(machine, tables, state, index, core)
    queue.asked += 1
    await_head(machine, tables, state, number)


@inlined
def trace_choice(machine, tables, state, core, dispatcher, queue):
    """What let a crossbar choose the head of a queue now, unless a piece of its operand came.

    The visit before, if it made room now, otherwise the progress that let the window begin.
    """
    if is_traced(machine, state):
        totals, tile = state.totals[0], tables.tiles[queue.tile]
        has_fitted = core.running == 1 or fits(machine, tables, core, tile)
        room_since = dispatcher.ended_at
        if core.requested > 0 and has_fitted:
            room_since = dispatcher.started_at
        totals.cause = dispatcher.step if room_since == totals.now else queue.cause
