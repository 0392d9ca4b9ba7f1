"""Crossbars of a CU in lockstep (rule R12 of docs/machine.md), compiled by numba."""

from __future__ import annotations

import numpy as np

from spatem_ir.runtime.machine.fast.records import NONE
from spatem_ir.runtime.machine.fast.rules.crossbars import (
    NUMBER_BITS,
    operand_present,
    read_operand,
    visited,
)
from spatem_ir.runtime.machine.fast.rules.events import (
    add_step,
    inlined,
    is_free,
    is_short,
    is_traced,
    log_grant,
    occupy,
    request,
    schedule,
)
from spatem_ir.runtime.machine.fast.rules.kind_rules import RULES, CrossbarRules
from spatem_ir.runtime.machine.fast.rules.kinds import CONTRIBUTE, END, FETCH, READY
from spatem_ir.runtime.machine.fast.rules.waits import all_met
from spatem_ir.runtime.machine.lockstep.operations import LockstepState
from spatem_ir.runtime.machine.lockstep.operations import kind_tables as kind_tables


@inlined
def run_by(state, number):
    """The entry of `causes` for the last operation of a CU."""
    return state.crossbars.size + number


@inlined
def brought_to(state, number):
    """The entry of `causes` for the last fetch of a CU."""
    return state.crossbars.size + state.kind.units.size + number


@inlined
def place_of(core):
    """The place in its stream, and the image, of the visit for which a crossbar waits."""
    image = core.requested // core.visits if core.requested >= core.visits else 0
    return core.requested - image * core.visits, image


@inlined
def tile_at(tables, core, place):
    """The tile, ordinal and OU operations of the visit at a place of a crossbar's stream."""
    visit = tables.sequence[core.first + place]
    burst = tables.bursts[visit.burst]
    tile = tables.burst_tiles[burst.first + core.column]
    operations = burst.operations if burst.operations > 0 else tables.tiles[tile].operations
    return tile, visit.ordinal, operations


@inlined
def come_to_next(machine, tables, state, index):
    """R12: the visits of a crossbar before its next one were taken up."""
    core, own = state.crossbars[index], state.kind
    if core.requested == core.total:
        return
    place, _ = place_of(core)
    operation = tables.kind.operation_of[tables.kind.first_visit[index] + place]
    own.missing[operation] -= 1
    if own.missing[operation] == 0:
        first = tables.kind.members[tables.kind.operations[operation].first]
        await_operands(machine, tables, state, first)


@inlined
def awaited_operation(tables, state, index):
    """The operation for which a crossbar waits."""
    place, _ = place_of(state.crossbars[index])
    return tables.kind.operation_of[tables.kind.first_visit[index] + place]


@inlined
def await_operands(machine, tables, state, index):
    """R12: an operation, whose first member is given, waits for the operands of all its visits."""
    operation = tables.kind.operations[awaited_operation(tables, state, index)]
    for entry in range(operation.first, operation.first + operation.visits):
        core = state.crossbars[tables.kind.members[entry]]
        place, image = place_of(core)
        tile, ordinal, _ = tile_at(tables, core, place)
        reader = tables.tiles[tile].instance + ordinal
        if not operand_present(machine, tables, state, index, image, reader):
            return
    operands_wait(machine, tables, state, index, 0)


@inlined
def operands_wait(machine, tables, state, index, entry):
    """R10, R12: an operation is ready when no wait, from an entry on, holds its window back."""
    operation = tables.kind.operations[awaited_operation(tables, state, index)]
    _, image = place_of(state.crossbars[index])
    node, position = operation.node, operation.position
    if tables.waits.size == 0 or all_met(
        machine, tables, state, index, image, node, position, entry
    ):
        own = state.kind
        own.is_ready[index] = 1
        own.caused_at[index] = state.totals[0].now
        if is_traced(machine, state):
            own.causes[index] = state.totals[0].cause
        look(tables, state, operation.unit)


@inlined
def look(tables, state, number):
    """R12: a CU that has room for operands takes up an operation after all events."""
    unit = state.kind.units[number]
    can_fetch = unit.running == NONE or tables.kind.times[1] == 1
    if unit.taken == NONE and can_fetch and unit.is_listed == 0:
        unit.is_listed = 1
        unit.next = state.totals[0].undecided
        state.totals[0].undecided = number


@inlined
def take_up_all(machine, tables, state):
    """R12: all CUs that look take up an operation; False if a pool has to grow before."""
    totals = state.totals[0]
    while totals.undecided != NONE:
        if is_short(machine, state):
            return False
        number = totals.undecided
        unit = state.kind.units[number]
        totals.undecided = unit.next
        unit.is_listed = 0
        take_up(machine, tables, state, number)
    return True


@inlined
def take_up(machine, tables, state, number):
    """R12: the operation that was ready first is taken up, if its operands fit (R2)."""
    unit, own = state.kind.units[number], state.kind
    chosen, chosen_image = NONE, 0
    for index in range(tables.cu_crossbars[number], tables.cu_crossbars[number + 1]):
        if own.is_ready[index] == 0:
            continue
        _, image = place_of(state.crossbars[index])
        since, operation = own.caused_at[index], awaited_operation(tables, state, index)
        if chosen != NONE:
            other = own.caused_at[chosen]
            if since > other or (since == other and image > chosen_image):
                continue
            before = awaited_operation(tables, state, chosen)
            if since == other and image == chosen_image and operation > before:
                continue
        chosen, chosen_image = index, image
    if chosen == NONE:
        return
    taken = awaited_operation(tables, state, chosen)
    if unit.running != NONE and not both_fit(machine, tables, state, unit.running, taken):
        return
    own.is_ready[chosen] = 0
    unit.taken, unit.is_fetched = taken, 0
    trace_choice(machine, tables, state, number, chosen)
    operation, core = tables.kind.operations[taken], state.crossbars[chosen]
    own.missing[taken] = operation.visits
    rank = (np.int64(core.number) << NUMBER_BITS) | core.requested
    request(machine, state, core.pe, rank, FETCH, chosen, 0)
    for entry in range(operation.first, operation.first + operation.visits):
        core = state.crossbars[tables.kind.members[entry]]
        place, image = place_of(core)
        tile, ordinal, operations = tile_at(tables, core, place)
        core.asked_tile, core.asked_ordinal, core.asked_image = tile, ordinal, image
        core.asked_operations = operations
        core.requested += 1
    for entry in range(operation.first, operation.first + operation.visits):
        come_to_next(machine, tables, state, tables.kind.members[entry])


@inlined
def both_fit(machine, tables, state, running, taken):
    """R2: whether each crossbar has room for the operands of the operation that runs and of one."""
    operation, other = tables.kind.operations[taken], tables.kind.operations[running]
    for entry in range(operation.first, operation.first + operation.visits):
        core = state.crossbars[tables.kind.members[entry]]
        tile, _, _ = tile_at(tables, core, tables.kind.places[entry])
        held = tables.tiles[tile].bytes
        for known in range(other.first, other.first + other.visits):
            if tables.kind.members[known] == tables.kind.members[entry]:
                held += tables.tiles[core.tile].bytes
        if held > machine.share:
            return False
    return True


@inlined
def trace_choice(machine, tables, state, number, index):
    """What let a CU take up an operation now: a piece, the operation before, or progress."""
    if is_traced(machine, state):
        totals, unit = state.totals[0], state.kind.units[number]
        totals.cause = state.kind.causes[index]
        if unit.started_at == totals.now or unit.ended_at == totals.now:
            totals.cause = state.kind.causes[run_by(state, number)]
        operation = tables.kind.operations[unit.taken]
        lowest = tables.slots.size
        for entry in range(operation.first, operation.first + operation.visits):
            core = state.crossbars[tables.kind.members[entry]]
            _, image = place_of(core)
            tile, ordinal, _ = tile_at(tables, core, tables.kind.places[entry])
            reader = tables.tiles[tile].instance + ordinal
            for read in range(tables.read_first[reader], tables.read_first[reader + 1]):
                slot = tables.read_slots[read]
                bringer = state.bringers[image * machine.slots + slot]
                if bringer.time == totals.now and slot < lowest:
                    lowest = slot
                    totals.cause = bringer.step


@inlined
def grant_fetch(machine, tables, state, index, rank):
    """R12: one fetch brings all operands of an operation, equal ones once."""
    lead, totals = state.crossbars[index], state.totals[0]
    unit = state.kind.units[lead.cu]
    operation = tables.kind.operations[unit.taken]
    for entry in range(operation.first, operation.first + operation.visits):
        core = state.crossbars[tables.kind.members[entry]]
        tile = tables.tiles[core.asked_tile]
        totals.register_bytes += tile.bytes
        is_new = True
        for known in range(operation.first, entry):
            other = state.crossbars[tables.kind.members[known]]
            like = tables.tiles[other.asked_tile]
            same = like.instance + other.asked_ordinal == tile.instance + core.asked_ordinal
            if same and like.bit == tile.bit:
                is_new = False
        if is_new:
            totals.fetched_bytes += tile.bytes
    cycles = tables.kind.times[0]
    start = occupy(machine, state, lead.pe, cycles, operation.node)
    schedule(machine, state, start + cycles, READY, index, 0)
    log_grant(machine, state, lead.pe, operation.node, rank, start, cycles)


@inlined
def go_on_together(machine, tables, state, kind, number, key):
    """R12: operands have come, or an operation has ended; in the beginning, all crossbars come."""
    core, own, now = state.crossbars[number], state.kind, state.totals[0].now
    unit = own.units[core.cu]
    if kind == READY:
        unit.is_fetched = 1
        own.caused_at[brought_to(state, core.cu)] = now
        if is_traced(machine, state):
            own.causes[brought_to(state, core.cu)] = state.totals[0].cause
        operation = tables.kind.operations[unit.taken]
        for entry in range(operation.first, operation.first + operation.visits):
            read_operand(machine, tables, state, state.crossbars[tables.kind.members[entry]])
        start_operation(machine, tables, state, core.cu)
    elif kind == END:
        end_operation(machine, tables, state, core.cu)
        start_operation(machine, tables, state, core.cu)
        look(tables, state, core.cu)
    else:
        come_to_next(machine, tables, state, number)


@inlined
def start_operation(machine, tables, state, number):
    """R12: the operation that was taken up starts when the one before has ended.

    It takes as long as its longest visit; of equally long ones that of the lowest crossbar.
    """
    unit, now = state.kind.units[number], state.totals[0].now
    if unit.running != NONE or unit.taken == NONE or unit.is_fetched == 0:
        return
    unit.running, unit.taken, unit.started_at = unit.taken, NONE, now
    operation = tables.kind.operations[unit.running]
    longest, longest_core = -1, 0
    for entry in range(operation.first, operation.first + operation.visits):
        index = tables.kind.members[entry]
        core = state.crossbars[index]
        core.tile, core.ordinal, core.image = core.asked_tile, core.asked_ordinal, core.asked_image
        core.running = 1
        cycles = machine.visit_setup + core.asked_operations * machine.operation
        core.busy += cycles
        if core.asked_operations > longest:
            longest, longest_core = core.asked_operations, index
        what = machine.first_visits + core.number
        log_grant(machine, state, what, operation.node, core.ended, now, cycles)
        if is_free(state):
            first = tables.kind.first_visit[index] * machine.images
            state.began[first + core.ended] = now
    core = state.crossbars[longest_core]
    if is_traced(machine, state):
        fetched = brought_to(state, number)
        is_queued = state.kind.caused_at[fetched] < now
        cause = state.totals[0].cause if is_queued else state.kind.causes[fetched]
        what = machine.first_visits + core.number
        add_step(state, what, operation.node, now, cause, is_queued)
        state.kind.causes[run_by(state, number)] = state.totals[0].cause
    state.kind.caused_at[run_by(state, number)] = now
    ends = now + machine.visit_setup + longest * machine.operation
    schedule(machine, state, ends, END, longest_core, 0)
    look(tables, state, number)


@inlined
def end_operation(machine, tables, state, number):
    """R12: all results of an operation are valid."""
    unit, now = state.kind.units[number], state.totals[0].now
    operation = tables.kind.operations[unit.running]
    for entry in range(operation.first, operation.first + operation.visits):
        core = state.crossbars[tables.kind.members[entry]]
        core.running = 0
        core.ended += 1
        core.ended_at = now
        _, position = visited(tables, core.tile, core.ordinal)
        piece = tables.tiles[core.tile].first_piece + position
        key = core.image * machine.pieces + piece
        schedule(machine, state, now + machine.pipeline, CONTRIBUTE, core.tile, key)
    unit.running, unit.ended_at = NONE, now
    state.kind.caused_at[run_by(state, number)] = now


IN_LOCKSTEP = CrossbarRules(
    go_on=go_on_together,
    choose=take_up_all,
    came=await_operands,
    met=operands_wait,
    fetch=grant_fetch,
)

RULES[LockstepState, False] = RULES[LockstepState, True] = IN_LOCKSTEP
