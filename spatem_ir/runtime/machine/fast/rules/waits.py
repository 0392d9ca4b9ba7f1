"""What keeps positions from beginning (rule R10), compiled by numba."""

from __future__ import annotations

from spatem_ir.runtime.machine.fast.rules.events import inlined


@inlined
def all_met(machine, tables, state, waiter, image, number, position, entry):
    """Whether the waits of a position of a node, from an entry on, do not keep it from beginning.

    If they do, the waiter waits for the first that does, and goes on from there.
    """
    node = tables.nodes[number]
    while entry < node.waits:
        wait = tables.waits[node.first_wait + entry]
        other = tables.nodes[wait.other]
        needed = image * other.positions + tables.until[wait.first + position]
        if state.progress[wait.other].finished < needed:
            at = other.first_watched * machine.images + needed - 1
            waiting = state.waiters[waiter]
            waiting.next = state.held[at]
            waiting.entry = entry
            waiting.since = state.totals[0].now
            waiting.cause = state.totals[0].cause
            state.held[at] = waiter
            return False
        entry += 1
    return True
