"""What the fast engine logged, in the reference engine's terms."""

from __future__ import annotations

import numpy as np

from spatem_ir.runtime.machine.fast.elaborate.program import FastProgram
from spatem_ir.runtime.machine.fast.log import log_of
from spatem_ir.runtime.machine.fast.records import NONE, Int64s
from spatem_ir.runtime.machine.fast.rules.crossbars import NUMBER_BITS
from spatem_ir.runtime.machine.fast.rules.events import kept
from spatem_ir.runtime.machine.fast.tables import State
from spatem_ir.runtime.machine.schedule import VisitSchedule


def schedule_of(machine: np.record, state: State) -> VisitSchedule | None:
    """In which order crossbars ran their visits, if they chose it (R11)."""
    if not state.freedom:
        return None
    return VisitSchedule(
        crossbars=state.crossbars.number.copy(),
        first=np.append(0, np.cumsum(state.crossbars.total)),
        places=state.ran,
        starts=state.began,
        finished=state.finished_at.reshape(int(machine.images), -1),
    )


def visit_starts(
    program: FastProgram, schedule: VisitSchedule, image: int = 0
) -> dict[str, Int64s]:
    """When the visits of an image started, by layer name: shape [tiles, windows of a copy].

    Windows are counted within the tile's copy, in the order of its share; where a copy has fewer
    windows than another, NONE stands for those that it lacks.
    """
    shapes: dict[str, tuple[int, int]] = {}
    firsts: list[Int64s] = []
    size = 0
    for node in program.dataflow.layers:
        assert node.layer is not None and node.grid is not None
        tiles, windows = node.grid.tiles(node.layer), node.grid.windows_per_copy(node.layer)
        shapes[node.name] = tiles, windows
        firsts.append(size + np.arange(tiles) * windows)
        size += tiles * windows
    starts = np.full(size, NONE, np.int64)
    ran = schedule.first, schedule.places, schedule.starts
    _put_starts(program.tables, program.crossbars, image, *ran, np.concatenate(firsts), starts)
    parts = np.split(starts, [first[0] for first in firsts[1:]])
    return {
        name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


@kept
def _put_starts(tables, crossbars, image, first, places, began, first_of_tile, starts):
    """Put the start of each visit of an image to that of its tile and window."""
    for index in range(crossbars.size):
        core = crossbars[index]
        for entry in range(first[index], first[index + 1]):
            place = places[entry] - image * core.visits
            if 0 <= place < core.visits:
                visit = tables.sequence[core.first + place]
                tile = tables.burst_tiles[tables.bursts[visit.burst].first + core.column]
                starts[first_of_tile[tile] + visit.ordinal] = began[entry]


Event = tuple[str, int, tuple[int, ...], int, int]
"""A kind of resource, its number, the rank of a request, when it was granted, for how many cycles.
"""


def logged_events(machine: np.record, state: State) -> list[Event]:
    """Every grant and arrival in the log, by resource and rank as the reference engine has them."""
    events = []
    for rank, time, cycles, what, _ in log_of(state).tolist():
        kind, number = _place(machine, what)
        if kind is not None:
            events.append((kind, number, _rank(machine, kind, rank), time, cycles))
    return events


def _place(machine: np.record, what: int) -> tuple[str | None, int]:
    """The kind of a resource (None for visits and changes) and its number."""
    firsts = (
        ("port", 0),
        ("cu adders", machine.first_cu_adders),
        ("pe adders", machine.first_pe_adders),
        ("link", machine.first_link),
        ("activation", machine.first_activation),
        ("pooling", machine.first_pooling),
        ("io", machine.first_io),
        (None, machine.first_visits),
        ("arrival", machine.first_arrivals),
        (None, machine.first_changes),
    )
    kind, first = max((entry for entry in firsts if entry[1] <= what), key=lambda entry: entry[1])
    return kind, what - first


def _rank(machine: np.record, kind: str, rank: int) -> tuple[int, ...]:
    """The parts of a rank."""
    if kind == "port":
        return divmod(rank, 1 << NUMBER_BITS)
    if kind == "link":
        rest, target = divmod(rank, machine.pes)
        rest, source = divmod(rest, machine.sources)
        key, carried = divmod(rest, machine.carried)
        return (*divmod(key, machine.pieces), carried, source, target)
    if kind.endswith("adders"):
        rest, place = divmod(rank, 3)
        key, source = divmod(rest, machine.sources)
        return (*divmod(key, machine.pieces), source, place)
    return divmod(rank, machine.pieces)
