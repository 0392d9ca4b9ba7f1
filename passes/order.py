"""The `order` pass: the program of every crossbar (level `pxb` to level `ou`)."""

from __future__ import annotations

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
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.errors import SpatemError
from spatem_ir.geometry.index_sequence import IndexSequence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.dataflow import Dataflow
    from spatem_ir.geometry.sequencing import ProgramClass, Slot

STRATEGIES = ("asap", "layer")


@dataclass(frozen=True)
class OrderPass(ModulePass):
    """Orders the visits of every crossbar, and says who merges and who sends to whom.

    The paper's method: every layer's MVMs are ordered so that data dependencies are met as early
    as possible, across layers.  [R] List scheduling by earliest data-ready time, estimated without
    contention.

    Options:
        strategy: `asap` (by ready time) or `layer` (all visits of a layer before the next layer's).
    """

    name = "order"

    strategy: str = "asap"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        from spatem_ir.geometry.readiness import ready_times

        if self.strategy not in STRATEGIES:
            raise SpatemError(
                f"order: unknown strategy '{self.strategy}'; one of {', '.join(STRATEGIES)}"
            )
        stages = stages_of(op, PxbStageOp, self.name, "assign")
        if any(isinstance(other, OuStageOp) for other in op.ops):
            raise SpatemError("order: the module holds an ou.stage already")
        dataflow = dataflow_of(op)
        ready = ready_times(dataflow, accelerator_of(op))
        if self.strategy == "layer":
            ready = {name: times * 0 + n for n, (name, times) in enumerate(ready.items())}
        for stage in stages:
            op.body.block.add_op(ordered_stage(dataflow, stage, ready))


def ordered_stage(
    dataflow: Dataflow, stage: PxbStageOp, ready: dict[str, NDArray[np.int64]]
) -> OuStageOp:
    """The program of a stage."""
    from spatem_ir.geometry.sequencing import program_classes, scheduled_classes

    placements = stage.placements()
    streams = [
        stream(members, order.tolist())
        for several in program_classes(dataflow, placements)
        for members, order in scheduled_classes(several, ready)
    ]
    merges = [MergeOp(node.name, PLACES) for node in dataflow.layers if node.name in placements]
    sends = []
    for node in dataflow.nodes:
        readers = [reader.name for reader in dataflow.readers(node)]
        if readers:
            sends.append(SendOp(node.name, readers))
    return OuStageOp(stage.number.value.data, [*streams, *merges, *sends])


def stream(members: ProgramClass, visits: list[int]) -> StreamOp:
    """The program that the crossbars of a class run, as bursts; `visits` are slots in order."""
    slots = members.slots
    crossbars = IndexSequence.of(members.crossbars.tolist())
    in_turn = [number for number, _ in groupby(visits)]
    if len(in_turn) == len(slots):
        return StreamOp(crossbars, [burst(slots[number]) for number in in_turn])
    bursts = [burst(slot) for slot in slots]
    return StreamOp(crossbars, [InterleaveOp(IndexSequence.of(visits), bursts)])


def burst(slot: Slot) -> MvmOp:
    """All visits of a slot's tiles."""
    tiles = IndexSequence.of(slot.tiles.tolist())
    return MvmOp(slot.node.name, tiles, IndexSequence.range(0, slot.windows))
