"""Progress of nodes, and what goes on because of it (rule R10), compiled by numba."""

from __future__ import annotations

from spatem_ir.runtime.machine.fast.records import NONE
from spatem_ir.runtime.machine.fast.rules.arrivals import first_task, start_task
from spatem_ir.runtime.machine.fast.rules.events import (
    image_of,
    inlined,
    is_free,
    piece_of,
    request,
)
from spatem_ir.runtime.machine.fast.rules.kind_rules import rule
from spatem_ir.runtime.machine.fast.rules.kinds import ENTERING
from spatem_ir.runtime.machine.fast.rules.waits import all_met

window_waits = rule("met")
"""R10: a window for which a crossbar, or a tile on it, waits may begin or waits for more."""


@inlined
def finish_piece(machine, tables, state, key):
    """R10: a piece is finished: it has entered or left the chip, or its values are there.

    The cause of progress is what finished the position that was missing before this cycle, of its
    pieces the one with the lowest number.
    """
    piece, image = piece_of(machine, key), image_of(machine, key)
    if is_free(state):
        state.finished_at[key] = state.totals[0].now
    number = tables.pieces[piece].node
    node = tables.nodes[number]
    if node.first_watched == NONE:
        return
    first, now = node.first_watched * machine.images, state.totals[0].now
    progress = state.progress[number]
    if progress.time < now:
        progress.time = now
        progress.before = progress.finished
        progress.piece = machine.pieces
    at = image * node.positions + (piece - node.first_piece) % node.positions
    if at == progress.before and piece < progress.piece:
        progress.piece = piece
        progress.cause = state.totals[0].cause
    state.unfinished[first + at] -= 1
    while progress.finished < node.positions * machine.images:
        at = first + progress.finished
        if state.unfinished[at] > 0:
            break
        progress.finished += 1
        waiter = state.held[at]
        while waiter != NONE:
            waiting = state.waiters[waiter]
            following = waiting.next
            state.totals[0].cause = waiting.cause if waiting.since == now else progress.cause
            go_on(machine, tables, state, waiter)
            waiter = following


@inlined
def go_on(machine, tables, state, waiter):
    """R10: what waited for progress looks at its other waits, and begins if there are none."""
    entry = state.waiters[waiter].entry + 1
    if waiter < first_task(state):
        window_waits(machine, tables, state, waiter, entry)
    elif waiter < state.waiters.size - state.entries.size:
        number = waiter - first_task(state)
        image, number = number // tables.tasks.size, number % tables.tasks.size
        task = tables.tasks[number]
        if all_met(machine, tables, state, waiter, image, task.node, task.position, entry):
            start_task(machine, tables, state, image, number)
    else:
        queue = waiter - (state.waiters.size - state.entries.size)
        enter_portion(machine, tables, state, queue, entry)


@inlined
def enter_portion(machine, tables, state, queue, entry):
    """R9, R10: the next portion of a queue enters when no wait, from an entry on, keeps it out."""
    key, portion = state.entries[queue].key, state.entries[queue].portion
    image, number = image_of(machine, key), tables.pieces[piece_of(machine, key)].node
    node, waiter = tables.nodes[number], state.waiters.size - state.entries.size + queue
    position = (piece_of(machine, key) - node.first_piece) % node.positions
    if all_met(machine, tables, state, waiter, image, number, position, entry):
        request(machine, state, machine.first_io, key, ENTERING, portion, key)
