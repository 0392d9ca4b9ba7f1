"""Operations of CUs in lockstep (rule R12) as arrays for the fast engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spatem_ir.geometry.safety.chains import operations_of
from spatem_ir.geometry.shapes.ranks import rank_within
from spatem_ir.runtime.machine.fast.elaborate.program import FastProgram
from spatem_ir.runtime.machine.fast.records import NONE, Int32s, Int64s, Records, record

OPERATION = record(first="i8", visits="i4", unit="i4", node="i4", position="i4")
"""An operation of a CU, of one image: its first entry of `members`, and how many it has."""

UNIT = record(
    ended_at="i8",  # when its operations last ended and started
    started_at="i8",
    taken="i4",  # the operation whose operands it fetches or has, and the one that runs; or NONE
    running="i4",
    is_fetched="i4",
    is_listed="i4",  # whether it takes up an operation in this cycle, and the next CU that does
    next="i4",
)
"""A CU."""


class LockstepTables(NamedTuple):
    """Operations of CUs, by CU, layer, position and turn: those of one image.

    Attributes:
        operations: :data:`OPERATION` records.
        members: the crossbars of operations, ascending, operation by operation.
        places: for each of them, the visit's place in the crossbar's stream.
        first_visit: the first visit of each crossbar in `operation_of`.
        operation_of: the operation of each visit of each crossbar.
        times: cycles of a fetch; whether operands are fetched while an operation runs.
    """

    operations: Records
    members: Int32s
    places: Int32s
    first_visit: Int64s
    operation_of: Int32s
    times: Int64s


class LockstepState(NamedTuple):
    """What changes: see :class:`fast.tables.EachCrossbar`.

    Attributes:
        causes: of each crossbar, the step by which the operation was ready that it waits for as its
            first member; then of each CU, its last operation; then of each CU, its last fetch.
        caused_at: when these operations were ready, or started or ended; when operands came.
        missing: of each operation, how many crossbars have not come so far, in the next image in
            which it was not taken up.
        is_ready: of each crossbar, whether that operation is ready.
        units: :data:`UNIT` records.
    """

    causes: Int32s
    caused_at: Int64s
    missing: Int32s
    is_ready: Int32s
    units: Records


@dataclass(frozen=True)
class Lockstep:
    """What rules of lockstep add to a program."""

    tables: LockstepTables
    crossbars: int
    units: int

    def state(self, images: int) -> LockstepState:
        """Nothing has happened yet; a CU has one operation at a time, of whichever image."""
        units = np.zeros(self.units, UNIT).view(np.recarray)
        units.ended_at = units.started_at = -1
        units.taken = units.running = NONE
        return LockstepState(
            causes=np.full(self.crossbars + 2 * self.units, NONE, np.int32),
            caused_at=np.full(self.crossbars + 2 * self.units, -1, np.int64),
            missing=self.tables.operations.visits.copy(),
            is_ready=np.zeros(self.crossbars, np.int32),
            units=units,
        )


def kind_tables(program: FastProgram) -> Lockstep:
    """The operations of all CUs of a program."""
    tables, cores = program.tables, program.crossbars
    components = program.accelerator.components
    crossbars = np.repeat(np.arange(len(cores)), cores.visits)
    first_visit = np.cumsum(cores.visits, dtype=np.int64) - cores.visits
    places = np.arange(len(crossbars)) - first_visit[crossbars]
    visits = tables.sequence[cores.first[crossbars] + places]
    bursts = tables.bursts[visits.burst]
    tiles = tables.tiles[tables.burst_tiles[bursts.first + cores.column[crossbars]]]
    windows = tiles.first_window + visits.ordinal * tiles.window_step
    positions = tables.positions[tiles.positions + windows].astype(np.int64)
    most = int(tables.nodes.positions.max())
    points = tiles.node * np.int64(most) + positions
    turns = rank_within(crossbars * (int(points.max()) + 1) + points)
    units = cores.cu[crossbars].astype(np.int64)
    operation_of = operations_of(units, points, turns)
    order = np.argsort(operation_of, kind="stable")
    firsts = np.flatnonzero(np.diff(operation_of[order], prepend=-1))
    found = np.zeros(len(firsts), OPERATION).view(np.recarray)
    found.first, found.visits = firsts, np.diff(firsts, append=len(order))
    found.unit, found.node = units[order[firsts]], tiles.node[order[firsts]]
    found.position = positions[order[firsts]]
    compute = components.compute_unit
    fetch = compute.fetch_cycles(1, components.memory)
    return Lockstep(
        LockstepTables(
            operations=found,
            members=crossbars[order].astype(np.int32),
            places=places[order].astype(np.int32),
            first_visit=first_visit,
            operation_of=operation_of.astype(np.int32),
            times=np.array([fetch, compute.fetches_ahead], np.int64),
        ),
        crossbars=len(cores),
        units=program.accelerator.pes * program.accelerator.cus_per_pe,
    )
