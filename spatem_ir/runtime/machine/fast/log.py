"""The log of the fast engine: what is watched, and what was logged as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatem_ir.hardware.accumulation.accumulation import PLACES
from spatem_ir.runtime.machine.fast.records import NEVER, NONE, Int32s, Int64s, Records
from spatem_ir.runtime.machine.fast.rules.crossbars import NUMBER_BITS
from spatem_ir.runtime.machine.fast.steps import first_resources
from spatem_ir.runtime.machine.fast.tables import State
from spatem_ir.runtime.machine.log import KINDS, BufferChanges, EventLog, Watch
from spatem_ir.runtime.machine.steps import ResourceKind


def set_watch(machine: np.record, watch: Watch | None) -> None:
    """The numbers of a run that is logged, if it is."""
    machine.is_logged = watch is not None
    if watch is not None:
        machine.log_start, machine.log_stop, machine.log_most = watch.start, watch.stop, watch.most
        machine.bins, machine.bin_cycles = watch.bins, watch.bin_cycles
        machine.bins_passed = watch.begins


def watched_state(machine: np.record, state: State, watch: Watch | None) -> State:
    """The state in which it is known what is watched."""
    if watch is None:
        return state
    watched = np.ones(int(machine.first_changes + machine.pes), np.uint8)
    watched[int(machine.first_arrivals) : int(machine.first_changes)] = watch.arrivals
    for kind, first in first_resources(machine).items():
        mask = watch.resources.get(kind)
        if mask is not None:
            watched[first : first + len(mask)] = mask
    if watch.buffers is not None:
        watched[int(machine.first_changes) :] = watch.buffers
    nodes = np.ones(int(machine.nodes), np.uint8)
    if watch.nodes is not None:
        nodes[:] = watch.nodes
    state.totals.logged_until = NEVER
    rows = int(machine.nodes) + len(KINDS)
    activity = np.zeros((rows, watch.bins), np.int64)
    return state._replace(
        watched=watched,
        watched_nodes=nodes,
        activity=activity,
        held_before=np.zeros(int(machine.pes), np.int64),
    )


def log_of(state: State) -> Records:
    """What was logged: a record for each grant, arrival and change of a buffer."""
    return state.log[: int(state.totals[0].logged)]


def event_log(machine: np.record, state: State) -> EventLog | None:
    """The log of an execution, if it was asked for."""
    if not machine.is_logged:
        return None
    log = log_of(state)
    granted: Records = log[log.what < machine.first_arrivals]
    granted = granted[np.argsort(granted.time, kind="stable")]
    firsts = first_resources(machine)
    kinds = np.searchsorted(list(firsts.values()), granted.what, side="right") - 1
    numbers = np.array([KINDS.index(kind) for kind in firsts], np.int8)[kinds]
    keys, sources, details = _parts_of_ranks(machine, numbers, granted.rank)
    return EventLog(
        kinds=numbers,
        resources=(granted.what - np.array(list(firsts.values()))[kinds]).astype(np.int32),
        nodes=granted.node.copy(),
        starts=granted.time.copy(),
        cycles=granted.cycles.copy(),
        keys=keys,
        sources=sources,
        details=details,
        changes=_changes(machine, state, log),
        activity=state.activity,
        logged_until=min(int(state.totals[0].logged_until), int(machine.log_stop)),
    )


def _parts_of_ranks(
    machine: np.record, kinds: NDArray[np.int8], ranks: Int64s
) -> tuple[Int64s, Int32s, NDArray[np.int8]]:
    """The keys, sources and details of grants with these ranks."""
    keys = ranks.copy()
    sources = np.full(len(ranks), NONE, np.int32)
    details = np.zeros(len(ranks), np.int8)
    for number, kind in enumerate(KINDS):
        here = np.flatnonzero(kinds == number)
        own = ranks[here]
        if kind is ResourceKind.PORT:
            sources[here], keys[here] = own >> NUMBER_BITS, own & ((1 << NUMBER_BITS) - 1)
        elif kind is ResourceKind.LINK:
            own, sources[here] = np.divmod(own // machine.pes, machine.sources)
            keys[here], details[here] = np.divmod(own, machine.carried)
        elif kind in (ResourceKind.CU_ADDERS, ResourceKind.PE_ADDERS):
            own, details[here] = np.divmod(own, len(PLACES))
            keys[here], sources[here] = np.divmod(own, machine.sources)
    return keys, sources, details


def _changes(machine: np.record, state: State, log: Records) -> BufferChanges:
    """The changes of buffers in a log, and what was in them when it begins."""
    changed = log[log.what >= machine.first_changes]
    changed = changed[np.lexsort((changed.rank, changed.time))]
    held = np.flatnonzero(state.held_before)
    return BufferChanges(
        np.concatenate([held, changed.what - machine.first_changes]),
        np.concatenate([np.full(len(held), machine.log_start), changed.time]),
        np.concatenate([state.held_before[held], changed.rank]),
    )
