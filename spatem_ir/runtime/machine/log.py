"""The log of an execution: grants of resources and changes of buffers, as arrays; activity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.runtime.machine.steps import ResourceKind

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

KINDS = tuple(ResourceKind)
"""The kinds of resources, in the order of their numbers in a log; nothing is written in a stage."""

MAKERS = (
    ResourceKind.CROSSBAR,
    ResourceKind.ACTIVATION,
    ResourceKind.POOLING,
    ResourceKind.IO,
)
"""Resources that make the values of a node; all others bring values together or somewhere."""

ALWAYS = 2**62
"""A cycle after which nothing happens, and more entries than a log has."""


@dataclass(frozen=True, eq=False)
class Watch:
    """What of an execution is logged.

    Attributes:
        resources: whether each resource is watched, by kind: bool [resources of the kind]; all of a
            kind that has no entry.
        buffers: whether the buffer of each PE is watched: bool [PEs]; all if None.
        nodes: whether work for each node is logged: bool [nodes]; for all if None.
        start, stop: only grants are logged that the resource works for in these cycles, and changes
            of buffers in them; what was in buffers before comes as a change in cycle `start`.
        most: entries that the log has at most.
        bin_cycles: the cycles of a bin of the activity; it is not counted if 0.
        bins: how many there are; the last one has all that comes later.
        begins: cycles of the activity that have passed when the execution begins, in other stages.
        arrivals: whether the engine's own log has arrivals of pieces, too, for comparisons.
    """

    resources: Mapping[ResourceKind, Bools] = field(default_factory=dict)
    buffers: Bools | None = None
    nodes: Bools | None = None
    start: int = 0
    stop: int = ALWAYS
    most: int = ALWAYS
    bin_cycles: int = 0
    bins: int = 0
    begins: int = 0
    arrivals: bool = False

    def of_stage(self, begins: int, nodes: slice, logged: int) -> Watch:
        """What of a stage is logged that begins in some cycle, in cycles from then on.

        `nodes` are its own among those of all stages; so many entries are in the log already.
        """
        return replace(
            self,
            nodes=None if self.nodes is None else self.nodes[nodes],
            start=max(0, self.start - begins),
            stop=max(0, self.stop - begins),
            most=max(0, self.most - logged),
            begins=begins,
        )


EVERYTHING = Watch(arrivals=True)
"""Every grant, change and arrival."""


class BufferChanges(NamedTuple):
    """Bytes that came into the buffers of PEs, and that left them (R10); arrays of equal length.

    `sizes` are bytes, negative where they leave; `times` are cycles.
    """

    pes: Int64s
    times: Int64s
    sizes: Int64s


@dataclass(frozen=True, eq=False)
class EventLog:
    """What resources did in an execution; arrays of equal length, by ascending start.

    A visit is a grant of its crossbar.  Crossbars that share a fetch have one entry each, of the
    same cycles.

    Attributes:
        kinds: index of the kind of resource in :data:`KINDS`.
        resources: the number of the resource among those of its kind: a crossbar, CU, PE or link.
        nodes: the number of the node for which it works.
        starts, cycles: from when on the resource worked, and for how long.
        keys: image · pieces + piece that the resource worked for; of crossbars and ports the number
            of the visit, in the order in which its crossbar ran them, over all images.
        sources: the crossbar of a fetch; the crossbar, CU or PE from which a contribution or packet
            comes; −1 for all others.
        details: of links what they carry, an index in `carried` of the memory; of adders where
            contributions meet, an index in `PLACES`; 0 for all others.
        changes: those of the buffers, by ascending time; bytes leave before others arrive, but for
            what was there when the log begins.
        activity: cycles of work in each bin of time, [nodes + kinds, bins], of all resources,
            watched or not: those of :data:`MAKERS` for each node, then those of each kind; a
            fetch that crossbars share counts once.
        logged_until: the first cycle of which there would be more entries than were asked for.
    """

    kinds: NDArray[np.int8]
    resources: NDArray[np.int32]
    nodes: NDArray[np.int32]
    starts: Int64s
    cycles: Int64s
    keys: Int64s
    sources: NDArray[np.int32]
    details: NDArray[np.int8]
    changes: BufferChanges
    activity: Int64s
    logged_until: int = ALWAYS

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def ends(self) -> Int64s:
        """The cycle from which on the resource is free again."""
        return self.starts + self.cycles

    @property
    def size(self) -> int:
        """How many entries there are, with changes of buffers."""
        return len(self) + len(self.changes.pes)

    def of(self, kind: ResourceKind) -> Int64s:
        """The entries of a kind of resource, by ascending start."""
        return np.flatnonzero(self.kinds == KINDS.index(kind))

    def visit_starts(self) -> dict[int, list[int]]:
        """The starts of all visits by crossbar, in the order in which they ran."""
        visits = self.of(ResourceKind.CROSSBAR)
        return grouped(self.resources[visits], self.starts[visits])

    def buffer_changes(self) -> dict[int, list[tuple[int, int]]]:
        """The changes of the buffer of each PE: (time, bytes), by ascending time."""
        changes: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for pe, time, size in zip(*(column.tolist() for column in self.changes), strict=True):
            changes[pe].append((time, size))
        return changes


def grouped(numbers: NDArray[Any], values: NDArray[Any]) -> dict[int, list[int]]:
    """The values of each number, in their order."""
    order = np.argsort(numbers, kind="stable")
    found, first = np.unique(numbers[order], return_index=True)
    parts = np.split(values[order], first[1:]) if len(found) else []
    return {n: part.tolist() for n, part in zip(found.tolist(), parts, strict=True)}
