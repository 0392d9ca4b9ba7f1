"""Pieces that arrive, and who waits for them (rules R3, R6, R9 and R10), compiled by numba."""

from __future__ import annotations

from spatem_ir.runtime.machine.fast.records import NONE, OUTPUT_TASK, PRESENT
from spatem_ir.runtime.machine.fast.rules.crossbars import all_present, trace_arrivals
from spatem_ir.runtime.machine.fast.rules.events import (
    fill,
    image_of,
    inlined,
    is_traced,
    log_event,
    request,
    schedule,
)
from spatem_ir.runtime.machine.fast.rules.kind_rules import rule
from spatem_ir.runtime.machine.fast.rules.kinds import ACTIVATIONS, LEAVE, PRODUCE
from spatem_ir.runtime.machine.fast.rules.waits import all_met

operand_came = rule("came")
"""R3: all pieces of the operand are there for which a crossbar, or a tile on it, waits."""

task_works = rule("work")
"""R6: the inputs of a digital operator are there: it asks for units, or loads them first (R13)."""


@inlined
def first_task(state):
    """The first waiter that is a digital task: before it there are crossbars, or their queues."""
    return state.tile_queues.size if state.tile_queues.size > 0 else state.crossbars.size


@inlined
def await_inputs(machine, tables, state, waiter):
    """R6, R9: a digital operator or output starts as soon as its inputs are there."""
    number = waiter - first_task(state)
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
        task_works(machine, tables, state, number, key)


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
    log_event(machine, state, machine.first_arrivals + slot.pe, key)
    while waiter != NONE:
        waiting = state.waiters[waiter]
        following = waiting.next
        if all_present(machine, tables, state, waiter, image, waiting.first, waiting.entry):
            go_on_present(machine, tables, state, waiter, image)
        waiter = following


@inlined
def go_on_present(machine, tables, state, waiter, image):
    """R3, R6: all pieces that a crossbar or a digital operator waited for are there."""
    if waiter >= first_task(state):
        task = (waiter - first_task(state)) % tables.tasks.size
        start_when_met(machine, tables, state, waiter, image, task)
    else:
        operand_came(machine, tables, state, waiter)
