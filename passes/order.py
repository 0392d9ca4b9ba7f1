"""The `order` pass: the program of every crossbar (level `pxb` to level `ou`)."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
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
    WaitOp,
)
from spatem_ir.dialects.places import stages_of
from spatem_ir.dialects.pxb import PxbPlaceOp, PxbStageOp
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.geometry.network.waits import Wait
    from spatem_ir.geometry.scheduling.lags import Lags
    from spatem_ir.geometry.scheduling.sequencing import ProgramClass, ProgramOrder, Slot
    from spatem_ir.hardware.accelerator import Accelerator

STRATEGIES = ("asap", "layer")
PROGRAMS = ("auto", "own", "shared")
BUFFERS = ("fit", "ignore")

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
        buffers: `fit` (producers wait for their readers where buffers might overflow otherwise,
            rule R10) or `ignore` (the program may need larger buffers than there are).

    Raises:
        SpatemError: the buffers do not suffice, whatever waits for what.
    """

    name = "order"

    strategy: str = "asap"
    programs: str = "auto"
    buffers: str = "fit"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        from spatem_ir.geometry.scheduling.sequencing import program_classes

        for option, value, known in (
            ("strategy", self.strategy, STRATEGIES),
            ("programs", self.programs, PROGRAMS),
            ("buffers", self.buffers, BUFFERS),
        ):
            if value not in known:
                raise SpatemError(f"order: unknown {option} '{value}'; one of {', '.join(known)}")
        stages = stages_of(op, PxbStageOp, self.name, "assign")
        if any(isinstance(other, OuStageOp) for other in op.ops):
            raise SpatemError("order: the module holds an ou.stage already")
        dataflow = dataflow_of(op)
        for stage in stages:
            classes = program_classes(dataflow, stage.placements())
            programs, waits = self.scheduled(op, dataflow, stage, classes)
            unbounded = self.buffers == "ignore"
            op.body.block.add_op(ordered_stage(dataflow, stage, programs, waits, unbounded))

    def scheduled(
        self, module: ModuleOp, dataflow: Dataflow, stage: PxbStageOp, classes: list[ProgramClass]
    ) -> tuple[list[ProgramOrder], list[Wait]]:
        """The programs of all crossbars of a stage, and what waits for what."""
        from spatem_ir.geometry.scheduling.sequencing import grain_of, shared_programs

        accelerator = accelerator_of(module)
        fitting = self.fitting(accelerator, dataflow, stage)
        if self.programs != "shared":
            most_bursts = MOST_BURSTS if self.programs == "auto" else sys.maxsize
            found = self.own(dataflow, accelerator, classes, fitting, most_bursts)
            if found is not None:
                return found
        ready = self.ready_times(dataflow, accelerator, None, in_rounds=True)
        grain = grain_of(ready)
        if fitting is None:
            return shared_programs(classes, ready, grain), []
        try:
            lags = fitting(in_rounds=True, grain=grain)
        except SpatemError:
            if self.programs == "shared":
                raise
            found = self.own(dataflow, accelerator, classes, fitting, sys.maxsize)
            assert found is not None
            return found
        ready = self.ready_times(dataflow, accelerator, lags, in_rounds=True, grain=grain)
        return shared_programs(classes, ready, grain), lags.waits

    def own(
        self,
        dataflow: Dataflow,
        accelerator: Accelerator,
        classes: list[ProgramClass],
        fitting: Callable[..., Lags] | None,
        most_bursts: int,
    ) -> tuple[list[ProgramOrder], list[Wait]] | None:
        """Programs in which every crossbar keeps its own order; None if they are too long."""
        from spatem_ir.geometry.scheduling.sequencing import own_programs

        lags = None if fitting is None else fitting()
        ready = self.ready_times(dataflow, accelerator, lags)
        programs = own_programs(classes, ready, most_bursts)
        if programs is None:
            return None
        return programs, [] if lags is None else lags.waits

    def fitting(
        self, accelerator: Accelerator, dataflow: Dataflow, stage: PxbStageOp
    ) -> Callable[..., Lags] | None:
        """What finds the waits with which buffers suffice; None if they do without."""
        from spatem_ir.geometry.safety.residents import Deployed
        from spatem_ir.geometry.scheduling.lags import held_on, lags_that_fit

        if self.buffers == "ignore":
            return None
        placements = stage.placements()
        merges = dict.fromkeys(placements, PLACES)
        deployed = Deployed(dataflow, accelerator, placements, stage.homes(dataflow), merges)
        held = held_on(deployed)
        if held is None:
            return None
        in_sequence = self.strategy == "layer"

        def lags(*, in_rounds: bool = False, grain: int = 0) -> Lags:
            rounds = in_rounds or in_sequence
            return lags_that_fit(
                deployed, held, in_rounds=rounds, in_sequence=in_sequence, grain=grain
            )

        return lags

    def ready_times(
        self,
        dataflow: Dataflow,
        accelerator: Accelerator,
        lags: Lags | None,
        *,
        in_rounds: bool = False,
        grain: int = 1,
    ) -> dict[str, NDArray[np.int64]]:
        """When each window of each layer [matrices, windows] may be visited, by layer name.

        Layer by layer, these are a whole number of grains after those of the layer before.
        """
        from spatem_ir.geometry.scheduling.readiness import ready_times

        not_before = None if lags is None else lags.paces.not_before
        ready = ready_times(dataflow, accelerator, in_rounds=in_rounds, not_before=not_before)
        if self.strategy == "layer" and lags is None:
            return {name: times * 0 + n for n, (name, times) in enumerate(ready.items())}
        if self.strategy == "layer":
            longest = 1 + max(int(times.max()) for times in ready.values())
            after = grain * (longest // grain + 1)
            return {name: times + n * after for n, (name, times) in enumerate(ready.items())}
        return ready


def ordered_stage(
    dataflow: Dataflow,
    stage: PxbStageOp,
    programs: list[ProgramOrder],
    waits: list[Wait],
    unbounded: bool,
) -> OuStageOp:
    """The program of a stage."""
    placed = {op.layer.string_value() for op in stage.of_type(PxbPlaceOp)}
    symbols = {node.number: SymbolRefAttr(node.name) for node in dataflow.layers}
    streams = [stream(program.members, program.order, symbols) for program in programs]
    merges = [MergeOp(node.name, PLACES) for node in dataflow.layers if node.name in placed]
    sends = []
    for node in dataflow.nodes:
        readers = [reader.name for reader in dataflow.readers(node)]
        if readers:
            sends.append(SendOp(node.name, readers))
    names = [node.name for node in dataflow.nodes]
    waiting = [
        WaitOp(names[wait.node], names[wait.other], IndexSequence.of(wait.until)) for wait in waits
    ]
    ops = [*streams, *merges, *sends, *waiting]
    return OuStageOp(stage.number.value.data, ops, unbounded=unbounded)


def stream(
    members: ProgramClass, visits: NDArray[np.int64], symbols: Mapping[int, SymbolRefAttr]
) -> StreamOp:
    """The program that the crossbars of a class run, as bursts; `visits` are slots in order.

    `symbols` name the layers, by number of the node.
    """
    from spatem_ir.geometry.shapes.equals import first_of_equals

    crossbars = IndexSequence.of(members.crossbars)
    bursts = [burst(slot, symbols[slot.node.number]) for slot in members.slots]
    starts = first_of_equals(visits)
    if len(starts) == len(bursts):
        return StreamOp(crossbars, [bursts[number] for number in visits[starts].tolist()])
    return StreamOp(crossbars, [InterleaveOp(IndexSequence.of(visits), bursts)])


def burst(slot: Slot, layer: SymbolRefAttr) -> MvmOp:
    """All visits of a slot's tiles."""
    return MvmOp(layer, IndexSequence.of(slot.tiles), IndexSequence.range(0, slot.windows))
