"""Cores that add to partial sums in a shared memory, in turns (R13), compiled by numba."""

from __future__ import annotations

import numpy as np

from spatem_ir.hardware.accumulation.accumulation import PLACES
from spatem_ir.hardware.port import PORT_PE
from spatem_ir.runtime.machine.fast.records import NONE
from spatem_ir.runtime.machine.fast.rules.crossbars import (
    no_choices,
    operand_present,
    read_operand,
    trace_arrivals,
    visited,
)
from spatem_ir.runtime.machine.fast.rules.events import (
    add_step,
    drain,
    fill,
    inlined,
    is_free,
    is_traced,
    log_grant,
    occupy,
    piece_of,
    request,
    schedule,
)
from spatem_ir.runtime.machine.fast.rules.kind_rules import RULES, CrossbarRules, request_units
from spatem_ir.runtime.machine.fast.rules.kinds import (
    ACTIVATIONS,
    ADD,
    ADDED,
    CALL,
    CALLED,
    COMPLETE_SUM,
    COMPLETED,
    END,
    INPUTS_LOADED,
    LOAD_INPUTS,
    LOAD_OPERAND,
    LOAD_SUMS,
    LOADED,
    PRODUCE,
    READY,
    RETURNED,
    STORE_RESULT,
    STORE_SUMS,
    STORED,
    WRITE,
    WRITTEN,
)
from spatem_ir.runtime.machine.fast.rules.traffic import merge_rank
from spatem_ir.runtime.machine.fast.rules.waits import all_met
from spatem_ir.runtime.machine.shared_memory.groups import SharedState
from spatem_ir.runtime.machine.shared_memory.groups import kind_tables as kind_tables
from spatem_ir.runtime.machine.shared_memory.transfers import (
    CALLS,
    OPERAND,
    RESULT,
    SUMS,
    ask_for_bus,
    key_of,
    sum_size,
    transfer,
    turn_of,
)

HOME_PLACE = PLACES.index("home")
"""The place of additions, as part of their rank."""

MEMORY = PORT_PE
"""The PE whose buffer stands for the shared memory: that at the chip's port."""


# Visits


@inlined
def go_on_as_core(machine, tables, state, kind, index, key):
    """R13: a core begins, its operand has come, or the results of its MVM are valid."""
    core = state.crossbars[index]
    if kind == READY:
        read_operand(machine, tables, state, core)
        start_visit(machine, tables, state, index, core)
    elif kind == END:
        contribute(machine, tables, state, index, core)
    else:
        ask_for_operand(machine, tables, state, index, core)


@inlined
def ask_for_operand(machine, tables, state, index, core):
    """R13: load the operand of the next visit; in sequence, it waits for its turn before that."""
    number = core.requested
    if number >= core.total:
        return
    image = number // core.visits if number >= core.visits else 0
    visit = tables.sequence[core.first + number - image * core.visits]
    burst = tables.bursts[visit.burst]
    tile = tables.burst_tiles[burst.first + core.column]
    core.requested += 1
    core.asked_tile, core.asked_ordinal, core.asked_image = tile, visit.ordinal, image
    operations = tables.tiles[tile].operations
    core.asked_operations = burst.operations if burst.operations > 0 else operations
    member = tables.kind.members[tile]
    if member.in_sequence == 1 and member.parts > 1 and visit.ordinal + member.part > 0:
        window, turn = visit.ordinal, np.int64(member.part)
        if turn == 0:
            window, turn = window - 1, np.int64(member.parts)
        key = key_of(machine, tables, tile, window, image)
        if not owns(machine, state, index, tile, key, turn, 0):
            return
    await_operand(machine, tables, state, index)


@inlined
def owns(machine, state, index, tile, key, turn, is_begun):
    """R13: whether it is a core's turn; it waits if not.  A CALL of this cycle is the cause."""
    own = state.kind
    if own.owned[key] < turn:
        waiting = own.cores[index]
        waiting.awaited, waiting.tile, waiting.is_begun = key, tile, is_begun
        return False
    if is_traced(machine, state) and own.caused_at[key] == state.totals[0].now:
        state.totals[0].cause = own.causes[key]
    return True


@inlined
def await_operand(machine, tables, state, index):
    """R3: the operand is loaded when all its pieces are in the memory."""
    core = state.crossbars[index]
    reader = tables.tiles[core.asked_tile].instance + core.asked_ordinal
    if operand_present(machine, tables, state, index, core.asked_image, reader):
        operand_waits(machine, tables, state, index, 0)


@inlined
def operand_came(machine, tables, state, index):
    """R3: the last piece of the operand has come for which a core waits."""
    core = state.crossbars[index]
    reader = tables.tiles[core.asked_tile].instance + core.asked_ordinal
    state.instances[core.asked_image * machine.instances + reader].is_present = 1
    operand_waits(machine, tables, state, index, 0)


@inlined
def operand_waits(machine, tables, state, index, entry):
    """R10: an operand is loaded when no wait, from an entry on, holds its window back."""
    core = state.crossbars[index]
    node, position = visited(tables, core.asked_tile, core.asked_ordinal)
    image = core.asked_image
    if tables.waits.size > 0 and not all_met(
        machine, tables, state, index, image, node, position, entry
    ):
        return
    reader = tables.tiles[core.asked_tile].instance + core.asked_ordinal
    if entry == 0:
        trace_arrivals(machine, tables, state, image, reader)
    key = key_of(machine, tables, core.asked_tile, core.asked_ordinal, image)
    ask_for_bus(machine, tables, state, core.pe, key, OPERAND, core.number, LOAD_OPERAND, index)


@inlined
def start_visit(machine, tables, state, index, core):
    """R1, R4: the MVM begins; its results are valid a pipeline after its last operation."""
    now = state.totals[0].now
    core.running = 1
    core.tile, core.ordinal, core.image = core.asked_tile, core.asked_ordinal, core.asked_image
    cycles = machine.visit_setup + core.asked_operations * machine.operation
    core.busy += cycles
    what, node = machine.first_visits + core.number, tables.tiles[core.tile].node
    if is_traced(machine, state):
        add_step(state, what, node, now, core.fetch, False)
    schedule(machine, state, now + cycles + machine.pipeline, END, index, 0)
    log_grant(machine, state, what, node, core.ended, now, cycles)
    if is_free(state):
        state.began[tables.kind.first_visit[index] * machine.images + core.ended] = now


@inlined
def end_visit(machine, tables, state, index):
    """R13: all that a visit does is done; the next one begins."""
    core = state.crossbars[index]
    core.running = 0
    core.ended += 1
    core.ended_at = state.totals[0].now
    ask_for_operand(machine, tables, state, index, core)


# Turns


@inlined
def contribute(machine, tables, state, index, core):
    """R13: WAIT; a lone contribution passes free."""
    key = key_of(machine, tables, core.tile, core.ordinal, core.image)
    if tables.kind.members[core.tile].parts == 1:
        complete(machine, state, index, core, key)
        return
    turn = turn_of(tables, core.tile, core.ordinal)
    if owns(machine, state, index, core.tile, key, turn, 1):
        take_turn(machine, tables, state, index, core, key, turn)


@inlined
def take_turn(machine, tables, state, index, core, key, turn):
    """R13: LOAD the partial sum; the first core has none to load."""
    if turn > 0:
        ask_for_bus(machine, tables, state, core.pe, key, SUMS, core.number, LOAD_SUMS, index)
    else:
        ask_for_adders(machine, tables, state, index, core, key)


@inlined
def ask_for_adders(machine, tables, state, index, core, key):
    """R13: ADD."""
    state.totals[0].additions += tables.tiles[core.tile].values
    rank = merge_rank(machine, key, core.number, HOME_PLACE)
    request(machine, state, machine.first_pe_adders + core.pe, rank, ADD, index, key)


@inlined
def complete(machine, state, index, core, key):
    """R13: the last core activates."""
    request(machine, state, machine.first_activation + core.pe, key, COMPLETE_SUM, index, key)


@inlined
def store_or_complete(machine, tables, state, index, core, key):
    """R13: what was added is stored; the last core activates it."""
    member = tables.kind.members[core.tile]
    if turn_of(tables, core.tile, core.ordinal) == member.parts - 1:
        complete(machine, state, index, core, key)
    else:
        ask_for_bus(machine, tables, state, core.pe, key, RESULT, core.number, STORE_SUMS, index)


@inlined
def call(machine, tables, state, index, core, key):
    """R13: CALL the next owner."""
    ask_for_bus(machine, tables, state, core.pe, key, CALLS, core.number, CALL, index)


@inlined
def called(machine, tables, state, index, core, key):
    """R13: the CALL has come: the next owner goes on if it waits, and so does this core."""
    own, totals = state.kind, state.totals[0]
    member = tables.kind.members[core.tile]
    own.owned[key] += 1
    turn = own.owned[key]
    own.caused_at[key] = totals.now
    if is_traced(machine, state):
        own.causes[key] = totals.cause
    part = 0
    if turn < member.parts:
        part = tables.kind.owners[member.first + core.ordinal * member.parts + turn]
    tile = core.tile + part - member.part
    following = tables.kind.members[tile].crossbar
    waiting = own.cores[following]
    if waiting.awaited == key and waiting.tile == tile:
        waiting.awaited = NONE
        other = state.crossbars[following]
        if waiting.is_begun == 1:
            take_turn(machine, tables, state, following, other, key, turn)
        else:
            await_operand(machine, tables, state, following)
    end_visit(machine, tables, state, index)


@inlined
def follow(machine, tables, state, kind, number, key):
    """R13: what comes after a transfer, an addition or an activation."""
    if kind == INPUTS_LOADED:
        request_units(machine, tables, state, number, key)
        return
    if kind == WRITTEN:
        schedule(machine, state, state.totals[0].now, PRODUCE, ACTIVATIONS, key)
        return
    core, totals = state.crossbars[number], state.totals[0]
    if kind == LOADED:
        size, parts = sum_size(machine, tables, core), tables.kind.members[core.tile].parts
        totals.read_bytes += size
        if turn_of(tables, core.tile, core.ordinal) == parts - 1:
            drain(machine, state, MEMORY, size)
        ask_for_adders(machine, tables, state, number, core, key)
    elif kind == ADDED:
        store_or_complete(machine, tables, state, number, core, key)
    elif kind == STORED:
        size = sum_size(machine, tables, core)
        totals.written_bytes += size
        if turn_of(tables, core.tile, core.ordinal) == 0:
            fill(machine, state, MEMORY, size)
        call(machine, tables, state, number, core, key)
    elif kind == CALLED:
        called(machine, tables, state, number, core, key)
    elif kind == COMPLETED:
        ask_for_bus(machine, tables, state, core.pe, key, RESULT, core.number, STORE_RESULT, number)
    else:
        schedule(machine, state, totals.now, PRODUCE, ACTIVATIONS, key)
        member = tables.kind.members[core.tile]
        is_last = core.ordinal == member.windows - 1
        if member.in_sequence == 1 and member.parts > 1 and not is_last:
            call(machine, tables, state, number, core, key)
        else:
            end_visit(machine, tables, state, number)


@inlined
def serve(machine, tables, state, kind, number, key, rank):
    """R13: a transfer gets the bus, a core the adders or activation units of its PE."""
    piece, totals = tables.pieces[piece_of(machine, key)], state.totals[0]
    if kind in (LOAD_INPUTS, WRITE):
        task = tables.tasks[number]
        size = task.bytes if kind == LOAD_INPUTS else piece.bytes
        following = INPUTS_LOADED if kind == LOAD_INPUTS else WRITTEN
        totals.activations += size
        transfer(machine, tables, state, task.pe, size, piece.node, rank, following, number, key)
        return
    core = state.crossbars[number]
    if kind in (ADD, COMPLETE_SUM):
        values = tables.tiles[core.tile].values
        if kind == ADD:
            resource, following = machine.first_pe_adders + core.pe, ADDED
            per_cycle = machine.home_adders
            cycles = machine.home_setup + (values + per_cycle - 1) // per_cycle
        else:
            resource, following = machine.first_activation + core.pe, COMPLETED
            cycles = (values + machine.activations - 1) // machine.activations
            totals.activated += values
        start = occupy(machine, state, resource, cycles, piece.node)
        log_grant(machine, state, resource, piece.node, rank, start, cycles)
        schedule(machine, state, start + cycles, following, number, key)
        return
    if kind == LOAD_OPERAND:
        size, following = tables.tiles[core.asked_tile].bytes, READY
        totals.fetched_bytes += size
        totals.register_bytes += size
        totals.activations += size
    elif kind == STORE_RESULT:
        size, following = piece.bytes, RETURNED
        totals.activations += size
    elif kind == CALL:
        size, following = tables.kind.sizes[1], CALLED
        totals.calls += size
    else:
        size = sum_size(machine, tables, core)
        following = LOADED if kind == LOAD_SUMS else STORED
        totals.partial_sums += size
    transfer(machine, tables, state, core.pe, size, piece.node, rank, following, number, key)


# Digital operators


@inlined
def load_inputs(machine, tables, state, number, key):
    """R13: LOAD what a digital operator reads."""
    pe = tables.tasks[number].pe
    ask_for_bus(machine, tables, state, pe, key, SUMS, pe, LOAD_INPUTS, number)


@inlined
def write_result(machine, tables, state, number, key):
    """R13: STORE what a digital operator has made."""
    pe = tables.tasks[number].pe
    ask_for_bus(machine, tables, state, pe, key, RESULT, pe, WRITE, number)
    return False


@inlined
def no_fetches(machine, tables, state, index, rank):
    """R13: operands come over the bus."""


AS_CORES = CrossbarRules(
    go_on=go_on_as_core,
    choose=no_choices,
    came=operand_came,
    met=operand_waits,
    fetch=no_fetches,
    work=load_inputs,
    worked=write_result,
    follow=follow,
    serve=serve,
)

RULES[SharedState, False] = RULES[SharedState, True] = AS_CORES
