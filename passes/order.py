"""The `order` pass: the program of every crossbar (level `pxb` to level `ou`)."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou import (
    PLACES,
    InterleaveOp,
    MergeOp,
    MvmOp,
    OuStageOp,
    SendOp,
    StreamOp,
)
from spatem_ir.dialects.places import stages_of
from spatem_ir.dialects.pxb import PxbPlaceOp, PxbStageOp
from spatem_ir.errors import SpatemError
from spatem_ir.geometry.index_sequence import IndexSequence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.dataflow import Dataflow
    from spatem_ir.geometry.sequencing import Program, ProgramClass, Slot
    from spatem_ir.hardware.accelerator import Accelerator

STRATEGIES = ("asap", "layer")
PROGRAMS = ("auto", "own", "shared")

MOST_BURSTS = 5000
"""Bursts of a stage up to which every crossbar has the program that suits it best."""


@dataclass(frozen=True)
class OrderPass(ModulePass):
    """Orders the visits of every crossbar, and says who merges and who sends to whom.

    The paper's method: every layer's MVMs are ordered so that data dependencies are met as early
    as possible, across layers.  [R] List scheduling by earliest data-ready time, estimated without
    contention.

    Options:
        strategy: `asap` (by ready time) or `layer` (all visits of a layer before the next layer's).
        programs: `own` (every crossbar keeps the order of its own ready times), `shared` (crossbars
            with tiles of the same layers run one program, the copies of a layer in step), or
            `auto`: `own` where that takes at most :data:`MOST_BURSTS` bursts, `shared` beyond.
    """

    name = "order"

    strategy: str = "asap"
    programs: str = "auto"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        from spatem_ir.geometry.sequencing import program_classes

        for option, value, known in (
            ("strategy", self.strategy, STRATEGIES),
            ("programs", self.programs, PROGRAMS),
        ):
            if value not in known:
                raise SpatemError(f"order: unknown {option} '{value}'; one of {', '.join(known)}")
        stages = stages_of(op, PxbStageOp, self.name, "assign")
        if any(isinstance(other, OuStageOp) for other in op.ops):
            raise SpatemError("order: the module holds an ou.stage already")
        dataflow = dataflow_of(op)
        for stage in stages:
            classes = program_classes(dataflow, stage.placements())
            programs = self.scheduled(dataflow, accelerator_of(op), classes)
            op.body.block.add_op(ordered_stage(dataflow, stage, programs))

    def scheduled(
        self, dataflow: Dataflow, accelerator: Accelerator, classes: list[ProgramClass]
    ) -> list[Program]:
        """The programs of all crossbars of a stage."""
        from spatem_ir.geometry.sequencing import own_programs, shared_programs

        if self.programs != "shared":
            most_bursts = MOST_BURSTS if self.programs == "auto" else sys.maxsize
            ready = self.ready_times(dataflow, accelerator, in_rounds=False)
            programs = own_programs(classes, ready, most_bursts)
            if programs is not None:
                return programs
        return shared_programs(classes, self.ready_times(dataflow, accelerator, in_rounds=True))

    def ready_times(
        self, dataflow: Dataflow, accelerator: Accelerator, *, in_rounds: bool
    ) -> dict[str, NDArray[np.int64]]:
        """When each window of each layer [matrices, windows] may be visited, by layer name."""
        from spatem_ir.geometry.readiness import ready_times

        ready = ready_times(dataflow, accelerator, in_rounds=in_rounds)
        if self.strategy == "layer":
            return {name: times * 0 + n for n, (name, times) in enumerate(ready.items())}
        return ready


def ordered_stage(dataflow: Dataflow, stage: PxbStageOp, programs: list[Program]) -> OuStageOp:
    """The program of a stage."""
    placed = {op.layer.string_value() for op in stage.of_type(PxbPlaceOp)}
    streams = [stream(program.members, program.order) for program in programs]
    merges = [MergeOp(node.name, PLACES) for node in dataflow.layers if node.name in placed]
    sends = []
    for node in dataflow.nodes:
        readers = [reader.name for reader in dataflow.readers(node)]
        if readers:
            sends.append(SendOp(node.name, readers))
    return OuStageOp(stage.number.value.data, [*streams, *merges, *sends])


def stream(members: ProgramClass, visits: NDArray[np.int64]) -> StreamOp:
    """The program that the crossbars of a class run, as bursts; `visits` are slots in order."""
    slots = members.slots
    crossbars = IndexSequence.of(members.crossbars)
    in_turn = [number for number, _ in groupby(visits.tolist())]
    if len(in_turn) == len(slots):
        return StreamOp(crossbars, [burst(slots[number]) for number in in_turn])
    bursts = [burst(slot) for slot in slots]
    return StreamOp(crossbars, [InterleaveOp(IndexSequence.of(visits), bursts)])


def burst(slot: Slot) -> MvmOp:
    """All visits of a slot's tiles."""
    tiles = IndexSequence.of(slot.tiles)
    return MvmOp(slot.node.name, tiles, IndexSequence.range(0, slot.windows))
