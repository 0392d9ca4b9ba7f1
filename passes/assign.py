"""The `assign` pass: virtual crossbars onto the chip (level `vxb` to level `pxb`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import Rewriter

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.homes import HomeOp
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.places import stage_of
from spatem_ir.dialects.pxb import PxbPlaceOp, PxbStageOp
from spatem_ir.dialects.stages import is_staged, stages_in_turn
from spatem_ir.dialects.vxb import VxbPlaceOp, VxbStageOp
from spatem_ir.dialects.writes import put_writes, used_crossbars
from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.passes.stagewise import StagewisePass
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator

METHODS = ("auto", "spatem", "sequential")
HOMES = ("tiles", "pool")
PIECES = ("parts", "whole")
POOLINGS = ("auto", "whole")


NEVER = -1
"""Stands for the last stage in which a crossbar was used that none has used yet."""


@dataclass(frozen=True)
class AssignPass(StagewisePass):
    """Gives every virtual crossbar a PE, CU and crossbar, and every output slice a home PE.

    The paper's method: virtual crossbars that share most data (operands that both read, partial
    sums that both feed) are merged into virtual CUs, those into virtual PEs, and virtual PEs are
    put on physical PEs in ascending distance from the chip's port.  [R] Virtual crossbars with
    neighbouring numbers make the CUs or PEs instead where fewer partial sums then leave a PE.

    Of several stages each keeps off what the ones before have used last, as far as there is room:
    PEs, then CUs, then crossbars that no stage has used come first, then those that were not used
    for the longest time, so that they are written while others compute.

    Options:
        method: `spatem`, `sequential` (virtual crossbar n becomes physical crossbar n), or `auto`:
            `sequential` for a `vxb.stage` that was packed in place, and otherwise `spatem`.
        homes: a layer's results are at home where their `tiles` are, so that they travel as
            activations, or before a pooling where the `pool` is, to which partial sums travel.
        pieces: what of a digital operator's results at one position travels as one packet: `parts`
            (channels begin a packet where those of an operand do) or the `whole`.
        poolings: those over a whole map are made of it as a `whole` at one PE, or `auto`: of row
            sums at the PEs of the rows, where the units of no PE are then busy for as long.
    """

    name = "assign"

    method: str = "auto"
    homes: str = "tiles"
    pieces: str = "parts"
    poolings: str = "auto"

    def __post_init__(self) -> None:
        for option, value, known in (
            ("method", self.method, METHODS),
            ("homes", self.homes, HOMES),
            ("pieces", self.pieces, PIECES),
            ("poolings", self.poolings, POOLINGS),
        ):
            if value not in known:
                raise SpatemError(f"assign: unknown {option} '{value}'; one of {', '.join(known)}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        import numpy as np

        if not is_staged(op):
            self.apply_to_stage(ctx, op)
            return
        used = np.full(accelerator_of(op).crossbars, NEVER)
        for number, alone in stages_in_turn(op):
            used[used_crossbars(self.assigned(alone, used))] = number
        put_writes(op)

    def apply_to_stage(self, ctx: Context, op: ModuleOp) -> None:
        import numpy as np

        self.assigned(op, np.full(accelerator_of(op).crossbars, NEVER))

    def assigned(self, module: ModuleOp, used: NDArray[np.int64]) -> PxbStageOp:
        """Replace the stage of virtual crossbars of a module by one of physical crossbars.

        `used` is the last stage in which each crossbar was used, or :data:`NEVER`.
        """
        return self.assign_stage(module, stage_of(module, VxbStageOp, self.name, "pack"), used)

    def assign_stage(
        self, module: ModuleOp, stage: VxbStageOp, used: NDArray[np.int64]
    ) -> PxbStageOp:
        """Replace a stage of virtual crossbars by one of physical crossbars, which is returned."""
        from spatem_ir.geometry.placing.homes import home_tables
        from spatem_ir.geometry.placing.poolings import pooled_by_rows

        accelerator, dataflow = accelerator_of(module), dataflow_of(module)
        slices: dict[str, tuple[int, ...]] = {}
        if self.pieces == "whole":
            slices = whole_slices(dataflow)
            dataflow = dataflow_of(module, slices=slices)
        virtual = stage.placements()
        in_place = stage.in_place is not None
        physical_of = self.physical_crossbars(
            dataflow, virtual, accelerator, used, in_place=in_place
        )
        physical = {name: placed.moved(physical_of) for name, placed in virtual.items()}

        def homes_of(network: Dataflow) -> dict[str, NDArray[np.int64]]:
            at_pool = self.homes == "pool"
            return home_tables(
                network, physical, accelerator.crossbars_per_pe, pool_at_home=at_pool
            )

        def network(by_rows: Collection[str]) -> Dataflow:
            return dataflow_of(module, slices, by_rows=by_rows)

        if self.poolings == "auto":
            _, homes = pooled_by_rows(dataflow, network, homes_of, accelerator)
        else:
            homes = homes_of(dataflow)
        places = [
            PxbPlaceOp(
                place.layer.string_value(),
                place.tiles.data,
                IndexSequence.of(physical_of[place.crossbars.data.to_array()]),
                place.rows.data,
                place.columns.data,
            )
            for place in stage.of_type(VxbPlaceOp)
        ]
        home_ops = [
            HomeOp(name, home_sequence(table), IndexSequence.of([0]) if name in slices else None)
            for name, table in homes.items()
        ]
        placed = PxbStageOp(stage.number.value.data, [*places, *home_ops])
        Rewriter.replace_op(stage, placed)
        return placed

    def physical_crossbars(
        self,
        dataflow: Dataflow,
        virtual: dict[str, Placement],
        accelerator: Accelerator,
        used: NDArray[np.int64],
        *,
        in_place: bool = False,
    ) -> NDArray[np.int64]:
        """The physical crossbar of each virtual crossbar; `in_place` if they were packed so.

        `used` is the last stage in which each crossbar was used, or :data:`NEVER`.
        """
        import numpy as np

        from spatem_ir.geometry.shapes.ranks import rank_within

        count = max(int(placed.crossbars.max()) for placed in virtual.values()) + 1
        if self.method == "sequential" or (self.method == "auto" and in_place):
            return np.arange(count)
        unit_of, pe_of = clusters(dataflow, virtual, count, accelerator)
        unit_in_pe = rank_within(pe_of)
        crossbar_in_unit = rank_within(unit_of)
        sides = accelerator.pes, accelerator.cus_per_pe, accelerator.crossbars_per_cu
        last = used.reshape(sides)
        by_distance = accelerator.components.interconnect.pes_by_distance
        pe_order = by_distance[np.argsort(last.max((1, 2))[by_distance], kind="stable")]
        unit_order = np.argsort(last.max(2), axis=1, kind="stable")
        crossbar_order = np.argsort(last, axis=2, kind="stable")
        pe = pe_order[pe_of[unit_of]]
        unit = unit_order[pe, unit_in_pe[unit_of]]
        crossbar = crossbar_order[pe, unit, crossbar_in_unit]
        return np.ravel_multi_index((pe, unit, crossbar), sides)


def whole_slices(dataflow: Dataflow) -> dict[str, tuple[int, ...]]:
    """One slice for each digital operator that has several, by name."""
    operators = (NodeKind.POOL, NodeKind.ACTIVATE)
    several = [n for n in dataflow.nodes if n.kind in operators and len(n.slices) > 1]
    return {node.name: (0,) for node in several}


def clusters(
    dataflow: Dataflow, virtual: dict[str, Placement], count: int, accelerator: Accelerator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The virtual CU of each of `count` virtual crossbars, and the virtual PE of each CU.

    Of neighbours and greedy merging, for CUs and for PEs, the way with which the fewest bytes of
    partial sums leave a PE; of those the one with which CUs and PEs hold the fewest bytes.  Where
    neighbours keep as many partial sums in a PE as possible, nothing else is tried.
    """
    from spatem_ir.geometry.placing.clustering import (
        cluster,
        cluster_neighbours,
        crossbar_incidence,
    )

    sum_bytes = accelerator.components.accumulation.sum_bytes
    crossbars = crossbar_incidence(dataflow, virtual, count, sum_bytes)
    least = crossbars.least_sum_bytes(accelerator.crossbars_per_pe)
    found = []
    for merge_units in (cluster_neighbours, cluster):
        unit_of = merge_units(crossbars, accelerator.crossbars_per_cu)
        units = crossbars.merged(unit_of, int(unit_of.max()) + 1)
        for merge_pes in (cluster_neighbours, cluster):
            pe_of = merge_pes(units, accelerator.cus_per_pe)
            pes = units.merged(pe_of, int(pe_of.max()) + 1)
            if not found and pes.sum_bytes_held == least:
                return unit_of, pe_of
            held = units.bytes_held + pes.bytes_held
            found.append((pes.sum_bytes_held, held, unit_of, pe_of))
    *_, unit_of, pe_of = min(found, key=lambda candidate: candidate[:2])
    return unit_of, pe_of


def home_sequence(table: NDArray[np.int64]) -> IndexSequence:
    """The shortest pattern over the positions that gives a table of homes [slices, positions]."""
    import numpy as np

    columns = [column.tobytes() for column in np.ascontiguousarray(table.T)]
    return IndexSequence.of(table[:, : shortest_period(columns)].reshape(-1))


def shortest_period(items: Sequence[object]) -> int:
    """The least p ≥ 1 for which each item equals the one p before it (Knuth-Morris-Pratt)."""
    borders = [0]
    length = 0
    for item in items[1:]:
        while length and item != items[length]:
            length = borders[length - 1]
        length += item == items[length]
        borders.append(length)
    return len(items) - length
