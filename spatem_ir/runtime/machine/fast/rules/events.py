"""Events and first-come-first-served resources of the fast engine, compiled by numba.

Events of this epoch of 2^14 cycles are in one list per cycle, later ones in one list per epoch.

A server that takes requests in the order of arrival and rank (rule R3) can be told when it will
start a request at the end of the cycle in which the request arrives: nothing that arrives later
comes before it.  So there are no queues: requests are kept, by rank, until the end of their cycle.
This is sound because nothing takes zero time: what a grant brings about happens in a later cycle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from spatem_ir.runtime.machine.fast.records import NONE
from spatem_ir.support import compiled

EPOCH_BITS = 14
EPOCH = 1 << EPOCH_BITS
FAR = 1 << 12
"""Lists of later epochs; epochs so far apart share one."""


INLINED: Any = {
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "error_model": "numpy",
}
"""How functions are compiled that are inlined where they are called."""


def inlined(function: Callable[..., Any]) -> Any:
    """A compiled function that is inlined where it is called: its arguments are many arrays."""
    return njit(**INLINED)(function)


def kept(function: Callable[..., Any]) -> Any:
    """A compiled function that is kept on disk where numba finds a place."""
    return compiled.kept(function, error_model="numpy")


@intrinsic
def borrowed(_context: Any, arrays: Any) -> Any:
    """A tuple without ownership of its arrays, also those of tuples in it.

    numba counts references to those that are owned, which takes twice as long as the rules.  The
    caller keeps the arrays alive.
    """

    def disowned(context: Any, builder: Any, members: Any, value: Any) -> Any:
        for index, member in enumerate(members.types):
            if isinstance(member, types.Array):
                held = builder.extract_value(value, index)
                array = context.make_array(member)(context, builder, held)
                array.meminfo = cgutils.get_null_value(array.meminfo.type)
                value = builder.insert_value(value, array._getvalue(), index)
            elif isinstance(member, types.BaseTuple):
                inner = disowned(context, builder, member, builder.extract_value(value, index))
                value = builder.insert_value(value, inner, index)
        return value

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return disowned(context, builder, arrays, arguments[0])

    return arrays(arrays), generate


def _prefetch(_context: Any, array: Any, index: Any) -> Any:
    """Have a record brought to the cache that is needed soon, but not yet."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        data = context.make_array(array)(context, builder, arguments[0]).data
        number = context.cast(builder, arguments[1], index, types.intp)
        address = builder.bitcast(builder.gep(data, [number]), cgutils.voidptr_t)
        bits = cgutils.int32_t
        kind = ir.FunctionType(ir.VoidType(), [address.type, bits, bits, bits])
        function = builder.module.declare_intrinsic("llvm.prefetch", [address.type], kind)
        builder.call(function, [address, bits(0), bits(3), bits(1)])
        return context.get_dummy_value()

    return types.void(array, index), generate


prefetch: Any = intrinsic(_prefetch)


@inlined
def is_traced(machine, state):
    """Whether there are steps; what follows from that is compiled only for runs with hooks."""
    return len(state.hooks) > 0 and machine.is_traced == 1


@inlined
def is_logged(machine, state):
    """Whether there is a log, likewise."""
    return len(state.hooks) > 0 and machine.is_logged == 1


@inlined
def is_free(state):
    """Whether crossbars choose what they run (R11), likewise."""
    return len(state.freedom) > 0


@inlined
def piece_of(machine, key):
    """The piece of a key; divisions take long, and there is seldom more than one image."""
    return key if key < machine.pieces else key % machine.pieces


@inlined
def image_of(machine, key):
    """The image of a key, which is image · pieces + piece."""
    return 0 if key < machine.pieces else key // machine.pieces


@inlined
def take_job(state):
    """A free record of the pool of events and requests."""
    totals = state.totals[0]
    number = totals.free_job
    totals.free_job = state.jobs[number].next
    totals.free_jobs -= 1
    return number


@inlined
def free_job(state, number):
    """Give a record back to the pool."""
    totals = state.totals[0]
    state.jobs[number].next = totals.free_job
    totals.free_job = number
    totals.free_jobs += 1


@inlined
def is_short(machine, state):
    """Whether the next event might need more records than a pool has left."""
    totals = state.totals[0]
    return (
        totals.free_jobs < machine.jobs_reserve
        or totals.free_packets < machine.packets_reserve
        or (is_logged(machine, state) and state.log.size - totals.logged < machine.log_reserve)
        or (is_traced(machine, state) and totals.steps == state.steps.size)
    )


@inlined
def put(state, number, time):
    """Put an event into the list of its cycle or epoch."""
    if time >> EPOCH_BITS == state.totals[0].now >> EPOCH_BITS:
        at = time & (EPOCH - 1)
        state.totals[0].near += 1
    else:
        at = EPOCH + ((time >> EPOCH_BITS) & (FAR - 1))
    state.jobs[number].next = state.lists[at]
    state.lists[at] = number


@inlined
def schedule(machine, state, time, kind, number, key):
    """An event of some kind at a time that is not in the past."""
    event = take_job(state)
    job = state.jobs[event]
    job.kind = kind
    job.number = number
    job.key = key
    schedule_job(machine, state, event, time)


@inlined
def schedule_job(machine, state, number, time):
    """An event whose record is there already."""
    state.jobs[number].order = time
    keep_cause(machine, state, number)
    put(state, number, time)
    state.totals[0].pending += 1


@inlined
def keep_cause(machine, state, number):
    """What happens now is the cause of an event or a request."""
    if is_traced(machine, state):
        state.causes[number] = state.totals[0].cause


@inlined
def recall_cause(machine, state, number):
    """What happens now has the cause of an event or a request."""
    if is_traced(machine, state):
        state.totals[0].cause = state.causes[number]


@inlined
def next_cycle(state):
    """Go on to the next cycle that has an event; there must be one."""
    totals = state.totals[0]
    totals.now += 1
    while totals.near == 0:
        totals.now = (totals.now + EPOCH - 1) & ~(EPOCH - 1)
        open_epoch(state)
        totals.now += totals.near == 0
    while state.lists[totals.now & (EPOCH - 1)] == NONE:
        totals.now += 1


@inlined
def open_epoch(state):
    """An epoch begins: its events get a list per cycle, those of other epochs stay together."""
    now = state.totals[0].now
    at = EPOCH + ((now >> EPOCH_BITS) & (FAR - 1))
    event = state.lists[at]
    state.lists[at] = NONE
    while event != NONE:
        following = state.jobs[event].next
        put(state, event, state.jobs[event].order)
        event = following


@inlined
def request(machine, state, resource, rank, kind, number, key):
    """Ask a resource for service; it is granted at the end of this cycle, by rank."""
    index = take_job(state)
    job = state.jobs[index]
    job.kind = kind
    job.number = number
    job.key = key
    request_job(machine, state, resource, rank, index)


@inlined
def request_job(machine, state, resource, rank, index):
    """A request whose record is there already."""
    job = state.jobs[index]
    job.order = rank
    keep_cause(machine, state, index)
    server = state.resources[resource]
    if server.first == NONE:
        server.next = state.totals[0].contended
        state.totals[0].contended = resource
        job.next = NONE
        server.first = index
        server.last = index
    elif state.jobs[server.last].order <= rank:
        job.next = NONE
        state.jobs[server.last].next = index
        server.last = index
    elif rank < state.jobs[server.first].order:
        job.next = server.first
        server.first = index
    else:
        before = server.first
        while state.jobs[state.jobs[before].next].order <= rank:
            before = state.jobs[before].next
        job.next = state.jobs[before].next
        state.jobs[before].next = index


@inlined
def occupy(machine, state, resource, cycles, node):
    """The cycle in which a resource starts its next request, which lasts for some cycles.

    Unless the resource is free, what it did before is the cause.
    """
    totals = state.totals[0]
    server = state.resources[resource]
    start = max(server.free_at, totals.now)
    if is_traced(machine, state):
        is_queued = start > totals.now
        add_step(
            state, resource, node, start, server.step if is_queued else totals.cause, is_queued
        )
        server.step = totals.cause
    server.busy += cycles
    server.free_at = start + cycles
    return start


@inlined
def add_step(state, resource, node, start, cause, is_queued):
    """A step of the execution, which brings about what follows."""
    totals = state.totals[0]
    step = state.steps[totals.steps]
    step.start = start
    step.cause = cause
    step.resource = resource
    step.node = node
    step.is_queued = is_queued
    totals.cause = totals.steps
    totals.steps += 1


@inlined
def log_grant(machine, state, what, node, rank, time, cycles, is_shared=False):
    """A resource works for a node, from a time on for some cycles; log it if it is watched.

    Work that is shared with what was logged before is no more activity.
    """
    if is_logged(machine, state):
        if machine.bin_cycles > 0 and not is_shared:
            kind = kind_of(machine, what)
            start = machine.bins_passed + time
            count_activity(machine, state, machine.nodes + kind, start, start + cycles)
            if what >= machine.first_activation:
                count_activity(machine, state, node, start, start + cycles)
        in_time = time < machine.log_stop and time + cycles > machine.log_start
        if in_time and state.watched[what] == 1 and state.watched_nodes[node] == 1:
            append_log(machine, state, what, node, rank, time, cycles)


@inlined
def log_event(machine, state, what, rank):
    """A piece arrives, or a buffer changes; log it if it is watched.

    What came into buffers before the log begins is added up.
    """
    if is_logged(machine, state) and state.watched[what] == 1:
        time = state.totals[0].now
        if time < machine.log_start:
            if what >= machine.first_changes:
                state.held_before[what - machine.first_changes] += rank
        elif time < machine.log_stop:
            append_log(machine, state, what, NONE, rank, time, 0)


@inlined
def append_log(machine, state, what, node, rank, time, cycles):
    """An entry of the log, unless there are as many as were asked for."""
    totals = state.totals[0]
    if totals.logged >= machine.log_most:
        totals.logged_until = min(totals.logged_until, totals.now)
        return
    entry = state.log[totals.logged]
    entry.what = what
    entry.node = node
    entry.rank = rank
    entry.time = time
    entry.cycles = cycles
    totals.logged += 1


@inlined
def kind_of(machine, what):
    """The number of the kind of a resource, as logs count kinds: crossbars, ports and so on."""
    if what >= machine.first_visits:
        return 0
    kind = 1 + (what >= machine.first_cu_adders) + (what >= machine.first_pe_adders)
    kind += (what >= machine.first_link) + (what >= machine.first_activation)
    return kind + (what >= machine.first_pooling) + (what >= machine.first_io)


@inlined
def count_activity(machine, state, row, start, stop):
    """Add some cycles of work to the bins of a row."""
    last = machine.bins - 1
    bin = min(start // machine.bin_cycles, last)
    while start < stop:
        end = stop if bin == last else min(stop, (bin + 1) * machine.bin_cycles)
        state.activity[row, bin] += end - start
        start = end
        bin += 1


@inlined
def fill(machine, state, number, size):
    """R10: bytes arrive in a PE's buffer."""
    totals = state.totals[0]
    pe = state.pes[number]
    pe.held += size
    if pe.is_changed == 0:
        pe.is_changed = 1
        pe.next = totals.changed
        totals.changed = number
    log_event(machine, state, machine.first_changes + number, size)


@inlined
def drain(machine, state, pe, size):
    """R10: bytes have been read for the last time."""
    state.pes[pe].held -= size
    log_event(machine, state, machine.first_changes + pe, -size)


@inlined
def measure_peaks(machine, state):
    """R10: the occupancy at the end of a cycle; bytes leave before others arrive.

    Where a buffer has no room for them, that is told.
    """
    totals = state.totals[0]
    while totals.changed != NONE:
        pe = state.pes[totals.changed]
        pe.is_changed = 0
        pe.most = max(pe.most, pe.held)
        if pe.held > machine.room:
            totals.pause = totals.events
        totals.changed = pe.next
