"""Merging, sending and the network (rules R5, R7 and R8), compiled by numba."""

from __future__ import annotations

import numpy as np

from spatem_ir.runtime.machine.fast.records import NONE
from spatem_ir.runtime.machine.fast.rules.events import (
    fill,
    free_job,
    image_of,
    inlined,
    is_logged,
    is_traced,
    log_grant,
    occupy,
    piece_of,
    prefetch,
    request,
    request_job,
    schedule,
    schedule_job,
    take_job,
)
from spatem_ir.runtime.machine.fast.rules.kinds import (
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

PLACES = 3
"""Places of merging, as part of a rank."""


@inlined
def merge_rank(machine, key, source, place):
    """R3: image and piece, then source, then place."""
    return (key * machine.sources + source) * PLACES + place


@inlined
def meet(machine, state, pe, values, held):
    """R5, R10: a contribution meets others at a PE; a value takes `held` bytes of its buffer."""
    totals = state.totals[0]
    totals.additions += values
    if held > 0:
        totals.written_bytes += values * held
        fill(machine, state, pe, values * held)


@inlined
def pass_on(machine, tables, state, place, index, key, source):
    """R5: a contribution goes on until it meets others, is sent away or is complete.

    `place` is the next place, `source` the number of the crossbar, CU or PE that it comes from,
    `index` a tile whose results it contains.
    """
    tile = tables.tiles[index]
    if place == CU:
        if tile.through_cu == 1:
            if tile.at_cu > 1:
                meet(machine, state, tile.pe, tile.values, machine.cu_held)
                rank = merge_rank(machine, key, source, 0)
                adders = machine.first_cu_adders + tile.cu
                request(machine, state, adders, rank, MERGE_CU, index, key)
                return
            source = tile.cu
        place = PE
    if place == PE:
        if tile.through_pe == 1:
            if tile.at_pe > 1:
                meet(machine, state, tile.pe, tile.values, machine.pe_held)
                rank = merge_rank(machine, key, source, 1)
                adders = machine.first_pe_adders + tile.pe
                request(machine, state, adders, rank, MERGE_PE, index, key)
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
            meet(machine, state, home, tile.values, machine.home_held)
            rank = merge_rank(machine, key, source, 2)
            adders = machine.first_pe_adders + home
            request(machine, state, adders, rank, MERGE_HOME, index, key)
            return
        place = COMPLETE
    request(machine, state, machine.first_activation + home, key, ACTIVATE, index, key)


@inlined
def grant_merge(machine, tables, state, kind, index, key, rank):
    """R5: a contribution is added; the last one completes the sum of this place.

    Contributions are added one after the other, so that the last to start is the last to end.
    """
    tile = tables.tiles[index]
    piece = tables.pieces[piece_of(machine, key)]
    if kind == MERGE_CU:
        resource = machine.first_cu_adders + tile.cu
        setup, adders = machine.cu_setup, machine.cu_adders
    elif kind == MERGE_PE:
        resource = machine.first_pe_adders + tile.pe
        setup, adders = machine.pe_setup, machine.pe_adders
    else:
        resource = machine.first_pe_adders + piece.home
        setup, adders = machine.home_setup, machine.home_adders
    cycles = setup + (tile.values + adders - 1) // adders
    start = occupy(machine, state, resource, cycles, piece.node)
    log_grant(machine, state, resource, piece.node, rank, start, cycles)
    if kind == MERGE_HOME:
        state.meetings[machine.first_home + key] += 1
        if state.meetings[machine.first_home + key] == tile.at_home:
            schedule(machine, state, start + cycles, SUM_HOME, index, key)
        return
    first = tile.cu_meeting if kind == MERGE_CU else tile.pe_meeting
    at = image_of(machine, key) * machine.meetings + first + piece.ordinal
    state.meetings[at] += 1
    if kind == MERGE_CU and state.meetings[at] == tile.at_cu:
        schedule(machine, state, start + cycles, SUM_CU, index, key)
    elif kind == MERGE_PE and state.meetings[at] == tile.at_pe:
        schedule(machine, state, start + cycles, SUM_PE, index, key)


@inlined
def produce(machine, tables, state, carried, key):
    """R7: a finished piece goes at once to every PE that reads it.

    It was written to the buffer of its home, from where each packet is read.
    """
    piece = tables.pieces[piece_of(machine, key)]
    state.totals[0].written_bytes += piece.bytes
    state.totals[0].read_bytes += piece.bytes * piece.sendings
    if piece.local != NONE:
        schedule(machine, state, state.totals[0].now, DELIVER, piece.local, key)
    for index in range(piece.first_sending, piece.first_sending + piece.sendings):
        sending = tables.sendings[index]
        packet = take_packet(machine, tables, state, sending.tree, key, 1, piece.home, piece.bytes)
        state.packets[packet].slots = sending.first
        prefetch(tables.piece_slots, sending.first)
        if carried == INPUTS:
            state.totals[0].inputs += piece.bytes
        else:
            state.totals[0].activations += piece.bytes
        depart(machine, tables, state, packet, tables.trees[sending.tree].first)


@inlined
def send_sums(machine, tables, state, index, key, source, home):
    """R5: a PE that is not home sends one packet of partial sums."""
    tile = tables.tiles[index]
    size = tile.values * machine.sum_bytes
    tree = tables.routes[np.searchsorted(tables.ways, tile.pe * machine.pes + home)]
    packet = take_packet(machine, tables, state, tree, key, 0, source, size)
    state.packets[packet].tile = index
    state.totals[0].partial_sums += size
    depart(machine, tables, state, packet, tables.trees[tree].first)


@inlined
def take_packet(machine, tables, state, index, key, is_piece, source, size):
    """A packet that goes along a tree, whose links it adds to the traffic."""
    totals, tree = state.totals[0], tables.trees[index]
    number = totals.free_packet
    packet = state.packets[number]
    totals.free_packet = packet.next
    totals.free_packets -= 1
    packet.key = key
    packet.rank = ((key * 2 + is_piece) * machine.sources + source) * machine.pes + tree.target
    packet.bytes = size
    packet.targets = tree.targets
    packet.tile = NONE
    packet.source = source
    packet.slots = 0
    packet.width = 0
    totals.byte_hops += size * tree.links
    return number


@inlined
def depart(machine, tables, state, number, link):
    """R8: a packet asks for its first links, from `link` on."""
    while link != NONE:
        index = take_job(state)
        job = state.jobs[index]
        job.number, job.link = number, link
        request_link(machine, tables, state, index, state.packets[number].rank)
        link = tables.links[link].sibling


@inlined
def request_link(machine, tables, state, index, rank):
    """R8: the head of a packet is at a link, for which it asks."""
    job = state.jobs[index]
    job.kind = CROSS
    request_job(machine, state, machine.first_link + tables.links[job.link].number, rank, index)


@inlined
def grant_link(machine, tables, state, index):
    """R8: the head got a link: it is at the next ones after `head`, the last byte follows.

    Bytes follow each other no faster than on the narrowest link so far (`link.bytes`).
    Divisions take long, and links of a way are mostly alike.
    """
    job = state.jobs[index]
    number, packet, link = job.number, state.packets[job.number], tables.links[job.link]
    resource, child = machine.first_link + link.number, link.child
    if packet.width != link.bytes:
        packet.width = link.bytes
        packet.cycles = (packet.bytes + link.bytes - 1) // link.bytes
    cycles = packet.cycles
    node = NONE
    if is_traced(machine, state) or is_logged(machine, state):
        node = tables.pieces[piece_of(machine, packet.key)].node
    start = occupy(machine, state, resource, link.setup + cycles, node)
    log_grant(machine, state, resource, node, packet.rank, start, link.setup + cycles)
    head = start + machine.head
    if link.target != NONE:
        job.kind = ARRIVE
        job.key = tables.piece_slots[packet.slots + link.target]
        prefetch(tables.slots, job.key)
        prefetch(state.awaiting, image_of(machine, packet.key) * machine.slots + job.key)
        schedule_job(machine, state, index, head + cycles - 1)
    else:
        free_job(state, index)
    while child != NONE:
        event = take_job(state)
        job = state.jobs[event]
        if tables.links[child].number == NONE:
            job.kind, job.number = ARRIVE, number
            job.key = tables.piece_slots[packet.slots + tables.links[child].target]
            schedule_job(machine, state, event, head + cycles - 1)
        else:
            job.kind, job.number, job.link, job.key = HEAD, number, child, packet.rank
            schedule_job(machine, state, event, head)
        child = tables.links[child].sibling


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
