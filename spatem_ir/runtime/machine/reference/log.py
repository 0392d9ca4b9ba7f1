"""The log of the reference engine, made of what its resources noted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from spatem_ir.runtime.machine.buffers import BufferOccupancy
from spatem_ir.runtime.machine.log import (
    KINDS,
    MAKERS,
    BufferChanges,
    EventLog,
    Int64s,
    Watch,
)
from spatem_ir.runtime.machine.reference.clock import Rank, Resource
from spatem_ir.runtime.machine.reference.crossbars import Crossbars
from spatem_ir.runtime.machine.reference.program import Program
from spatem_ir.runtime.machine.steps import ResourceKind

COLUMNS = 8
"""Of a log: kind, resource, node, start, cycles, key, source, detail."""


def event_log(
    program: Program,
    crossbars: Crossbars,
    resources: Iterable[Mapping[int, Resource]],
    buffers: BufferOccupancy,
    watch: Watch,
) -> EventLog:
    """What is watched of an execution that is over; `resources` are all others, by kind."""
    rows = [*_grants(program, crossbars, resources), *_visits(crossbars)]
    columns = np.array(rows, np.int64).reshape(-1, COLUMNS).T
    columns = columns[:, np.argsort(columns[3], kind="stable")]
    activity = _activity(columns, len(program.dataflow.nodes), watch)
    columns = columns[:, _is_watched(columns, watch)]
    until = watch.stop if columns.shape[1] <= watch.most else int(columns[3, watch.most])
    kinds, numbers, nodes, starts, cycles, keys, sources, details = columns[:, : watch.most]
    return EventLog(
        kinds.astype(np.int8),
        numbers.astype(np.int32),
        nodes.astype(np.int32),
        starts,
        cycles,
        keys,
        sources.astype(np.int32),
        details.astype(np.int8),
        _changes(buffers, watch),
        activity,
        until,
    )


def _grants(
    program: Program, crossbars: Crossbars, resources: Iterable[Mapping[int, Resource]]
) -> Iterator[tuple[int, ...]]:
    """The rows of all grants but visits."""
    first_pieces = program.dataflow.first_pieces
    for several in resources:
        for number, resource in several.items():
            kind = KINDS.index(resource.kind)
            for rank, start, cycles in resource.grants:
                if resource.kind is ResourceKind.PORT:
                    crossbar, visit = rank
                    node = crossbars.visit(crossbar, visit).operand.node
                    key, source, detail = visit, crossbar, 0
                else:
                    node = bisect_right(first_pieces, rank[1]) - 1
                    key = rank[0] * first_pieces[-1] + rank[1]
                    source, detail = _source(resource.kind, rank)
                yield kind, number, node, start, cycles, key, source, detail


def _source(kind: ResourceKind, rank: Rank) -> tuple[int, int]:
    """From where what a rank is of comes, and what else it says."""
    if kind is ResourceKind.LINK:
        return rank[3], rank[2]
    if kind in (ResourceKind.CU_ADDERS, ResourceKind.PE_ADDERS):
        return rank[2], rank[3]
    return -1, 0


def _visits(crossbars: Crossbars) -> Iterator[tuple[int, ...]]:
    """The rows of all visits."""
    kind = KINDS.index(ResourceKind.CROSSBAR)
    visit_cycles = crossbars.components.compute_unit.visit_cycles
    for crossbar, state in crossbars.states.items():
        for number, start in enumerate(state.starts):
            visit = state.visit(number)
            cycles = visit_cycles(visit.operations)
            yield kind, crossbar, visit.operand.node, start, cycles, number, -1, 0


def _is_watched(columns: Int64s, watch: Watch) -> NDArray[np.bool_]:
    """Which rows are watched."""
    kinds, resources, nodes, starts, cycles = columns[:5]
    kept = (starts < watch.stop) & (starts + cycles > watch.start)
    for kind, mask in watch.resources.items():
        here = kinds == KINDS.index(kind)
        kept[here] &= mask[resources[here]]
    return kept if watch.nodes is None else kept & watch.nodes[nodes]


def _activity(columns: Int64s, nodes: int, watch: Watch) -> Int64s:
    """The activity of all resources; a fetch that crossbars share counts once."""
    counts = np.zeros((nodes + len(KINDS), watch.bins), np.int64)
    if not watch.bin_cycles:
        return counts
    fetches = columns[0] == KINDS.index(ResourceKind.PORT)
    _, once = np.unique(columns[:4, fetches], axis=1, return_index=True)
    counted = np.concatenate([np.flatnonzero(~fetches), np.flatnonzero(fetches)[once]])
    for kind, _, node, start, cycles in columns[:5, counted].T.tolist():
        rows = [nodes + kind, node] if KINDS[kind] in MAKERS else [nodes + kind]
        time, stop = watch.begins + start, watch.begins + start + cycles
        while time < stop:
            bin = min(time // watch.bin_cycles, watch.bins - 1)
            end = stop if bin == watch.bins - 1 else min(stop, (bin + 1) * watch.bin_cycles)
            counts[rows, bin] += end - time
            time = end
    return counts


def _changes(buffers: BufferOccupancy, watch: Watch) -> BufferChanges:
    """The changes of watched buffers, and what was in them when the log begins."""
    before, changes = [], []
    for pe, several in sorted(buffers.changes.items()):
        if watch.buffers is not None and not watch.buffers[pe]:
            continue
        held = sum(size for time, size in several if time < watch.start)
        if held:
            before.append((watch.start, held, pe))
        changes += [(time, size, pe) for time, size in several if watch.start <= time < watch.stop]
    rows = np.array([*before, *sorted(changes)], np.int64).reshape(-1, 3)
    times, sizes, pes = rows.T
    return BufferChanges(pes, times, sizes)
