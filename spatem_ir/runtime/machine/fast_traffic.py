"""Merging, sending and the network (rules R5, R7 and R8), compiled by numba."""

from __future__ import annotations

from spatem_ir.geometry.latency import PARTIAL_SUM_BYTES
from spatem_ir.runtime.machine.fast_events import (
    fill,
    free_job,
    image_of,
    inlined,
    occupy,
    piece_of,
    request,
    request_job,
    schedule,
    schedule_job,
    take_job,
    write_log,
)
from spatem_ir.runtime.machine.fast_kinds import (
    ACTIVATE,
    ARRIVE,
    AWAY,
    COMPLETE,
    CROSS,
    CU,
    DELIVER,
    HEAD,
    HOME,
    INPUTS,
    MERGE_CU,
    MERGE_HOME,
    MERGE_PE,
    PE,
    SUM_CU,
    SUM_HOME,
    SUM_PE,
)
from spatem_ir.runtime.machine.fast_tables import NONE

PLACES = 3
"""Places of merging, as part of a rank."""

EAST, WEST, SOUTH, NORTH = range(4)
"""Directions of links; a PE's links are numbered 4 · PE + direction."""


@inlined
def merge_rank(machine, key, source, place):
    """R3: image and piece, then source, then place."""
    return (key * machine.sources + source) * PLACES + place


@inlined
def pass_on(machine, tables, state, place, index, key, source):
    """R5: a contribution goes on until it meets others, is sent away or is complete.

    `place` is the next place, `source` the number of the crossbar, CU or PE that it comes from,
    `index` a tile whose results it contains.
    """
    tile = tables.tiles[index]
    size = tile.values * PARTIAL_SUM_BYTES
    if place == CU:
        if tile.through_cu == 1:
            if tile.at_cu > 1:
                state.totals[0].additions += tile.values
                rank = merge_rank(machine, key, source, 0)
                adders = machine.first_cu_adders + tile.cu
                request(state, adders, rank, MERGE_CU, index, key)
                return
            source = tile.cu
        place = PE
    if place == PE:
        if tile.through_pe == 1:
            if tile.at_pe > 1:
                state.totals[0].additions += tile.values
                fill(machine, state, tile.pe, size)
                rank = merge_rank(machine, key, source, 1)
                adders = machine.first_pe_adders + tile.pe
                request(state, adders, rank, MERGE_PE, index, key)
                return
            source = tile.pe
        place = AWAY
    home = tables.pieces[piece_of(machine, key)].home
    if place == AWAY:
        if tile.pe != home:
            send_sums(machine, tables, state, index, key, source, home)
            return
        place = HOME
    if place == HOME:
        if tile.at_home > 1:
            state.totals[0].additions += tile.values
            fill(machine, state, home, size)
            rank = merge_rank(machine, key, source, 2)
            adders = machine.first_pe_adders + home
            request(state, adders, rank, MERGE_HOME, index, key)
            return
        place = COMPLETE
    request(state, machine.first_activation + home, key, ACTIVATE, index, key)


@inlined
def grant_merge(machine, tables, state, kind, index, key, rank):
    """R5: a contribution is added; the last one completes the sum of this place.

    Contributions are added one after the other, so that the last to start is the last to end.
    """
    tile = tables.tiles[index]
    piece = tables.pieces[piece_of(machine, key)]
    if kind == MERGE_CU:
        resource = machine.first_cu_adders + tile.cu
        cycles = (tile.values + machine.cu_adders - 1) // machine.cu_adders
    else:
        pe = tile.pe if kind == MERGE_PE else piece.home
        resource = machine.first_pe_adders + pe
        cycles = (tile.values + machine.pe_adders - 1) // machine.pe_adders
    start = occupy(machine, state, resource, cycles, piece.node)
    write_log(machine, state, resource, rank, start)
    if kind == MERGE_HOME:
        state.meetings[machine.first_home + key] += 1
        if state.meetings[machine.first_home + key] == tile.at_home:
            schedule(state, start + cycles, SUM_HOME, index, key)
        return
    first = tile.cu_meeting if kind == MERGE_CU else tile.pe_meeting
    at = image_of(machine, key) * machine.meetings + first + piece.ordinal
    state.meetings[at] += 1
    if kind == MERGE_CU and state.meetings[at] == tile.at_cu:
        schedule(state, start + cycles, SUM_CU, index, key)
    elif kind == MERGE_PE and state.meetings[at] == tile.at_pe:
        schedule(state, start + cycles, SUM_PE, index, key)


@inlined
def produce(machine, tables, state, carried, key):
    """R7: a finished piece goes at once to every PE that reads it, as one packet."""
    piece = piece_of(machine, key)
    home, size = tables.pieces[piece].home, tables.pieces[piece].bytes
    packet = NONE
    for slot in range(tables.slot_first[piece], tables.slot_first[piece + 1]):
        pe = tables.slot_pes[slot]
        if pe == home:
            schedule(state, state.totals[0].now, DELIVER, slot, key)
            continue
        if packet == NONE or not machine.multicast:
            if packet != NONE:
                depart(machine, state, packet)
            packet = take_packet(machine, state, key, 1, home, pe, size)
            count_injected(state, carried, size)
        extend(machine, state, packet, home, pe, slot, size)
    if packet != NONE:
        depart(machine, state, packet)


@inlined
def count_injected(state, carried, size):
    """Bytes of a packet that carries a piece."""
    if carried == INPUTS:
        state.totals[0].inputs += size
    else:
        state.totals[0].activations += size


@inlined
def send_sums(machine, tables, state, index, key, source, home):
    """R5: a PE that is not home sends one packet of partial sums."""
    tile = tables.tiles[index]
    size = tile.values * PARTIAL_SUM_BYTES
    packet = take_packet(machine, state, key, 0, source, home, size)
    state.packets[packet].tile = index
    state.totals[0].partial_sums += size
    extend(machine, state, packet, tile.pe, home, 0, size)
    depart(machine, state, packet)


@inlined
def take_packet(machine, state, key, is_piece, source, target, size):
    """A packet without targets yet; `target` will be its first one."""
    totals = state.totals[0]
    number = totals.free_packet
    packet = state.packets[number]
    totals.free_packet = packet.next
    totals.free_packets -= 1
    packet.key = key
    packet.rank = ((key * 2 + is_piece) * machine.sources + source) * machine.pes + target
    packet.cycles = (size + machine.link - 1) // machine.link
    packet.tile = NONE
    packet.source = source
    packet.targets = 0
    packet.next = NONE
    return number


@inlined
def extend(machine, state, number, source, target, slot, size):
    """R8: add the XY route to a target to a packet's tree, and its links to the traffic.

    `slot` is that of the packet's piece at the target, 0 of partial sums.  Until the packet
    departs, `next` of the packet is the first link from its source, and `mark` of the PEs to which
    its tree leads is the packet's ordinal number.
    """
    totals = state.totals[0]
    packet = state.packets[number]
    if packet.targets == 0:
        totals.sent += 1
    packet.targets += 1
    here, parent = source, NONE
    column = target % machine.columns
    here_column = here % machine.columns
    while here != target:
        if here_column < column:
            direction, there = EAST, here + 1
            here_column += 1
        elif here_column > column:
            direction, there = WEST, here - 1
            here_column -= 1
        elif here < target:
            direction, there = SOUTH, here + machine.columns
        else:
            direction, there = NORTH, here - machine.columns
        reached = state.pes[there]
        if reached.mark != totals.sent:
            reached.mark = totals.sent
            index = take_job(state)
            job = state.jobs[index]
            job.number = number
            job.key = job.child = job.cause = NONE
            job.link = 4 * here + direction
            job.cycles = packet.cycles
            if parent == NONE:
                job.sibling = packet.next
                packet.next = index
            else:
                job.sibling = state.jobs[parent].child
                state.jobs[parent].child = index
            reached.link = index
            totals.byte_hops += size
        parent = reached.link
        here = there
    state.jobs[parent].key = slot


@inlined
def depart(machine, state, number):
    """R8: a packet whose tree is complete asks for its first links."""
    packet = state.packets[number]
    index = packet.next
    while index != NONE:
        following = state.jobs[index].sibling
        request_link(machine, state, index, packet.rank)
        index = following


@inlined
def request_link(machine, state, index, rank):
    """R8: the head of a packet is at a link, for which it asks."""
    state.jobs[index].kind = CROSS
    request_job(state, machine.first_link + state.jobs[index].link, rank, index)


@inlined
def grant_link(machine, tables, state, index):
    """R8: the head got a link: it is at the next ones after `hop`, the last byte follows."""
    job = state.jobs[index]
    resource, cycles, slot, child = machine.first_link + job.link, job.cycles, job.key, job.child
    node = NONE
    if machine.is_traced:
        node = tables.pieces[piece_of(machine, state.packets[job.number].key)].node
    start = occupy(machine, state, resource, cycles, node)
    write_log(machine, state, resource, job.order, start)
    head = start + machine.hop
    if slot != NONE:
        job.kind = ARRIVE
        schedule_job(state, index, head + cycles - 1)
    else:
        free_job(state, index)
    while child != NONE:
        following = state.jobs[child].sibling
        state.jobs[child].kind = HEAD
        schedule_job(state, child, head)
        child = following


@inlined
def reached(state, number):
    """A packet has reached one of its targets; after the last one it is no more."""
    totals = state.totals[0]
    packet = state.packets[number]
    packet.targets -= 1
    if packet.targets == 0:
        packet.next = totals.free_packet
        totals.free_packet = number
        totals.free_packets += 1
