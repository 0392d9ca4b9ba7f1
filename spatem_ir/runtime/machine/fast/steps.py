"""Steps of an execution in the fast engine: written while it runs, dropped when they lead nowhere.

A step refers to its cause by number, and comes after it.  When there is no room left, only those
steps are kept that something may still name as its cause, and the steps that led to them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spatem_ir.runtime.machine.fast.records import NONE, Int32s, Int64s, Records
from spatem_ir.runtime.machine.fast.rules.events import kept
from spatem_ir.runtime.machine.fast.tables import State
from spatem_ir.runtime.machine.steps import PathStep, ResourceKind

FIRST_STEPS = 1 << 20
"""Steps for which there is room at first."""


def first_resources(machine: np.record) -> dict[ResourceKind, int]:
    """The number of the first resource of each kind, in ascending order."""
    return {
        ResourceKind.PORT: 0,
        ResourceKind.CU_ADDERS: int(machine.first_cu_adders),
        ResourceKind.PE_ADDERS: int(machine.first_pe_adders),
        ResourceKind.LINK: int(machine.first_link),
        ResourceKind.ACTIVATION: int(machine.first_activation),
        ResourceKind.POOLING: int(machine.first_pooling),
        ResourceKind.IO: int(machine.first_io),
        ResourceKind.CROSSBAR: int(machine.first_visits),
    }


def path_of(machine: np.record, state: State) -> list[PathStep]:
    """The steps that lead to the end of the last image."""
    causes, number, numbers = state.steps.cause, int(state.images.step[-1]), []
    while number != NONE:
        numbers.append(number)
        number = int(causes[number])
    path = state.steps[numbers[::-1]]
    firsts = first_resources(machine)
    kinds = np.searchsorted(list(firsts.values()), path.resource, side="right") - 1
    of_kind = list(firsts)
    return [
        PathStep(start, of_kind[kind], node, bool(is_queued))
        for start, kind, node, is_queued in zip(
            path.start.tolist(),
            kinds.tolist(),
            path.node.tolist(),
            path.is_queued.tolist(),
            strict=True,
        )
    ]


def busy_of(machine: np.record, state: State) -> dict[ResourceKind, dict[int, int]]:
    """How long each resource that was used was busy, by kind and number."""
    firsts = first_resources(machine)
    parts = np.split(state.resources.busy, list(firsts.values())[1:-1])
    of_kind = zip(firsts, parts, strict=False)
    busy = {kind: _used(np.arange(len(cycles)), cycles) for kind, cycles in of_kind}
    busy[ResourceKind.CROSSBAR] = _used(state.crossbars.number, state.crossbars.busy)
    return {kind: cycles for kind, cycles in busy.items() if cycles}


def _used(numbers: NDArray[np.integer], cycles: Int64s) -> dict[int, int]:
    """The cycles of the resources that were used, by number."""
    own = cycles > 0
    return dict(zip(numbers[own].tolist(), cycles[own].tolist(), strict=True))


def last_visits(state: State) -> dict[int, int]:
    """When each crossbar ended its last visit, by number."""
    crossbars = state.crossbars
    return dict(zip(crossbars.number.tolist(), crossbars.ended_at.tolist(), strict=True))


def collect(state: State) -> int:
    """Drop the steps that lead nowhere and number the others anew; returns how many are left."""
    _forget(state)
    used = int(state.totals[0].steps)
    steps: Records = state.steps[:used]
    is_kept = np.zeros(used + 1, np.bool_)
    for numbers in _references(state):
        is_kept[numbers] = True
    _keep_causes(steps.cause, is_kept)
    number = np.cumsum(is_kept, dtype=np.int32) - np.int32(1)
    number[NONE] = NONE
    left = steps[is_kept[:used]]
    left.cause = number[left.cause]
    state.steps[: len(left)] = left
    for numbers in _references(state):
        numbers[:] = number[numbers]
    return len(left)


def _references(state: State) -> Iterator[Int32s]:
    """All that may be named as a cause."""
    yield state.causes
    yield state.resources.step
    yield state.crossbars.fetch
    yield state.fetches.step
    yield state.bringers.step
    yield state.progress.cause
    yield state.waiters.cause
    yield state.tile_queues.cause
    yield state.dispatchers.step
    yield state.images.step
    yield state.kind.causes


def _forget(state: State) -> None:
    """Take out what is a cause no more: of unused jobs and of what was over before this cycle."""
    now = state.totals[0].now
    _clear_unused(state.jobs.next, state.causes, int(state.totals[0].free_job))
    state.resources.step[state.resources.free_at <= now] = NONE
    state.crossbars.fetch[state.crossbars.ready_at < now] = NONE
    state.fetches.step[state.fetches.start < now] = NONE
    state.bringers.step[state.bringers.time < now] = NONE
    state.progress.cause[state.progress.time < now] = NONE
    state.waiters.cause[state.waiters.since < now] = NONE
    state.tile_queues.cause[state.tile_queues.since < now] = NONE
    dispatchers = state.dispatchers
    room_since = np.maximum(dispatchers.started_at, dispatchers.ended_at)
    dispatchers.step[room_since < now] = NONE
    state.kind.causes[state.kind.caused_at < now] = NONE


@kept
def _clear_unused(following: Int32s, causes: Int32s, number: int) -> None:
    """Clear the causes of a list of jobs."""
    while number != NONE:
        causes[number] = NONE
        number = following[number]


@kept
def _keep_causes(causes: Int32s, is_kept: NDArray[np.bool_]) -> None:
    """Keep the causes of all that is kept."""
    for number in range(causes.size - 1, -1, -1):
        if is_kept[number]:
            is_kept[causes[number]] = True
