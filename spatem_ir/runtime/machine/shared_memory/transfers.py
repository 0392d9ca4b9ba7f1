"""Transfers between cores and a shared memory (R13), compiled by numba."""

from __future__ import annotations

from spatem_ir.runtime.machine.fast.rules.crossbars import visited
from spatem_ir.runtime.machine.fast.rules.events import (
    inlined,
    log_grant,
    occupy,
    request,
    schedule,
)

OPERAND, SUMS, RESULT, CALLS = range(4)
"""What a transfer carries, as part of its rank."""


@inlined
def ask_for_bus(machine, tables, state, pe, key, carried, source, kind, number):
    """R13: ask for the bus of a PE."""
    rank = ((key * machine.carried + carried) * machine.sources + source) * machine.pes
    link = machine.first_link + tables.kind.links[pe]
    request(machine, state, link, rank, kind, number, key)


@inlined
def transfer(machine, tables, state, pe, size, node, rank, kind, number, key):
    """R13: a transfer of `size` bytes got the bus; an event follows its last byte."""
    link = machine.first_link + tables.kind.links[pe]
    cycles = (size + tables.kind.sizes[0] - 1) // tables.kind.sizes[0]
    start = occupy(machine, state, link, cycles, node)
    log_grant(machine, state, link, node, rank, start, cycles)
    state.totals[0].byte_hops += size
    schedule(machine, state, start + machine.head + cycles - 1, kind, number, key)


@inlined
def sum_size(machine, tables, core):
    """The bytes of the partial sums of the visit that runs."""
    return tables.tiles[core.tile].values * machine.sum_bytes


@inlined
def key_of(machine, tables, tile, ordinal, image):
    """The piece to which the visit of a tile with an ordinal adds, in an image."""
    _, position = visited(tables, tile, ordinal)
    return image * machine.pieces + tables.tiles[tile].first_piece + position


@inlined
def turn_of(tables, tile, ordinal):
    """How many own the vector before a tile does."""
    member = tables.kind.members[tile]
    return tables.kind.turns[member.first + ordinal * member.parts + member.part]
