"""The `order` pass: the program of every crossbar (level `pxb` to level `ou`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou import DueOp, MergeOp, OuStageOp, ScheduleOp, WaitOp
from spatem_ir.dialects.ou.schedule import digest_of, schedule_of
from spatem_ir.dialects.places import stage_of
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.turns import TurnsOp
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.hardware.accumulation.accumulation import PLACES
from spatem_ir.passes.stagewise import StagewisePass
from spatem_ir.passes.synchronize import SynchronizePass
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.geometry.network.waits import Wait
    from spatem_ir.geometry.scheduling.lags import Lags
    from spatem_ir.geometry.scheduling.sequencing import Due, ProgramClass
    from spatem_ir.hardware.accelerator import Accelerator

METHODS = ("auto", "asap", "layer")
PROGRAMS = ("auto", "own", "shared")
BUFFERS = ("fit", "ignore")
MERGES = {"everywhere": PLACES, "pe": ("pe", "home"), "home": ("home",)}
"""Where partial sums are merged, by what the option says, as far as the machine has such places."""

MOST_BURSTS = 5000
"""Bursts of a stage up to which every crossbar has the program that suits it best."""


class Schedule(NamedTuple):
    """When the windows of each layer are due, by layer name, and what waits for what."""

    dues: dict[str, Due]
    waits: list[Wait]


@dataclass(frozen=True)
class OrderPass(StagewisePass):
    """Orders the visits of every crossbar, and says what waits for what.

    The paper's method: every layer's MVMs are ordered so that data dependencies are met as early
    as possible, across layers.  [R] List scheduling by earliest data-ready time, estimated without
    contention.

    Options:
        method: `asap` (by ready time), `layer` (all visits of a layer before the next layer's) or
            `auto`: as `ou.schedule` says, which a strategy leaves that found an order with its
            partition, if it is for the places that the tiles have; otherwise `asap`.  Where tiles
            go round (`pxb.turns`, cyclic), it is `layer`: their first windows need late data.
        programs: `own` (windows are due when their operands are ready), `shared` (when those of all
            copies are, in grains of time, so that crossbars with tiles of the same layers run one
            program), or `auto`: `own` where all different programs have at most
            :data:`MOST_BURSTS` bursts, `shared` beyond.
        merge: where partial sums meet on their way: `everywhere` (in the CU, in the PE, at home),
            `pe` (in the PE and at home) or `home`.
        buffers: `fit` (producers wait for their readers where buffers might overflow otherwise,
            rule R10; where that does not help, feature maps are spilled, R9, and poolings work by
            rows, R6) or `ignore` (the program may need larger buffers than there are).

    Raises:
        SpatemError: the buffers do not suffice, whatever waits for what.
    """

    name = "order"

    method: str = "auto"
    programs: str = "auto"
    merge: str = "everywhere"
    buffers: str = "fit"

    def __post_init__(self) -> None:
        for option, value, known in (
            ("method", self.method, METHODS),
            ("programs", self.programs, PROGRAMS),
            ("buffers", self.buffers, BUFFERS),
            ("merge", self.merge, tuple(MERGES)),
        ):
            if value not in known:
                raise SpatemError(f"order: unknown {option} '{value}'; one of {', '.join(known)}")

    def apply_to_stage(self, ctx: Context, op: ModuleOp) -> None:
        places = accelerator_of(op).components.accumulation.places
        merged_at = tuple(place for place in places if place in MERGES[self.merge])
        stage = stage_of(op, PxbStageOp, self.name, "assign")
        if any(isinstance(other, OuStageOp) for other in op.ops):
            raise SpatemError("order: the module holds an ou.stage already")
        if accelerator_of(op).components.accumulation.takes_turns:
            synchronize_rest(ctx, op, stage)
        found, dataflow = schedule_of(op), dataflow_of(op)
        unbounded = self.buffers == "ignore"
        rotates = any(turns.rotates for turns in stage.turns(dataflow).values())
        own = replace(self, method="layer") if rotates else self
        if found is not None and own.method == "auto" and is_for(found, dataflow, stage):
            program = scheduled_stage(dataflow, stage, found, merged_at, unbounded=unbounded)
        else:
            dataflow, schedule = own.with_room(op, stage, merged_at)
            program = ordered_stage(dataflow, stage, schedule, merged_at, unbounded=unbounded)
        op.body.block.add_op(program)
        if found is not None:
            found.detach()
            found.erase()

    def with_room(
        self, module: ModuleOp, stage: PxbStageOp, merged_at: tuple[str, ...]
    ) -> tuple[Dataflow, Schedule]:
        """The schedule of a stage with which buffers suffice, and the dataflow that it is for.

        As the last resort poolings work row by row, and feature maps are spilled.
        """
        from spatem_ir.geometry.scheduling.remedies import BuffersTooSmallError
        from spatem_ir.passes.make_room import make_room

        while True:
            dataflow = dataflow_of(module)
            try:
                return dataflow, self.scheduled(module, dataflow, stage, merged_at)
            except BuffersTooSmallError as error:
                if not make_room(module, stage, error.remedies()):
                    raise

    def scheduled(
        self, module: ModuleOp, dataflow: Dataflow, stage: PxbStageOp, merged_at: tuple[str, ...]
    ) -> Schedule:
        """When the windows of all layers of a stage are due, and what waits for what."""
        from spatem_ir.geometry.scheduling.sequencing import (
            due_in_grains,
            due_programs,
            grain_of,
            program_classes,
        )

        accelerator = accelerator_of(module)
        fitting = self.fitting(accelerator, dataflow, stage, merged_at)
        classes = program_classes(dataflow, stage.placements())
        if self.programs != "shared":
            own = self.own(dataflow, accelerator, classes, fitting)
            if self.programs == "own" or due_programs(classes, own.dues, MOST_BURSTS) is not None:
                return own
        ready = self.ready_times(dataflow, accelerator, None, in_rounds=True)
        grain = grain_of(ready)
        if fitting is None:
            return Schedule(due_in_grains(ready, grain), [])
        try:
            lags = fitting(in_rounds=True, grain=grain)
        except SpatemError:
            if self.programs == "shared":
                raise
            return self.own(dataflow, accelerator, classes, fitting)
        ready = self.ready_times(dataflow, accelerator, lags, in_rounds=True, grain=grain)
        return Schedule(due_in_grains(ready, grain), lags.waits)

    def own(
        self,
        dataflow: Dataflow,
        accelerator: Accelerator,
        classes: list[ProgramClass],
        fitting: Callable[..., Lags] | None,
    ) -> Schedule:
        """When windows are due if every crossbar keeps its own order."""
        from spatem_ir.geometry.scheduling.coarsening import coarsened
        from spatem_ir.geometry.scheduling.sequencing import Due

        lags = None if fitting is None else fitting()
        ready = self.ready_times(dataflow, accelerator, lags)
        dues = {name: Due(times) for name, times in ready.items()}
        return Schedule(coarsened(dues, classes), [] if lags is None else lags.waits)

    def fitting(
        self,
        accelerator: Accelerator,
        dataflow: Dataflow,
        stage: PxbStageOp,
        merged_at: tuple[str, ...],
    ) -> Callable[..., Lags] | None:
        """What finds the waits with which buffers suffice; None if they do without."""
        from spatem_ir.geometry.safety.residents import Deployed
        from spatem_ir.geometry.scheduling.held import held_on
        from spatem_ir.geometry.scheduling.lags import lags_that_fit

        if self.buffers == "ignore":
            return None
        placements = stage.placements()
        merges = dict.fromkeys(placements, merged_at)
        deployed = Deployed(dataflow, accelerator, placements, stage.homes(dataflow), merges)
        held = held_on(deployed)
        if held is None:
            return None
        in_sequence = self.method == "layer"

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
        if self.method == "layer" and lags is None:
            return {name: times * 0 + n for n, (name, times) in enumerate(ready.items())}
        if self.method == "layer":
            longest = 1 + max(int(times.max()) for times in ready.values())
            after = grain * (longest // grain + 1)
            return {name: times + n * after for n, (name, times) in enumerate(ready.items())}
        return ready


def synchronize_rest(ctx: Context, module: ModuleOp, stage: PxbStageOp) -> None:
    """Let tiles take linear turns where nobody has said which (rule R13)."""
    if not stage.of_type(TurnsOp):
        SynchronizePass().apply(ctx, module)


def is_for(schedule: ScheduleOp, dataflow: Dataflow, stage: PxbStageOp) -> bool:
    """Whether a schedule is for the places of a stage.

    One with streams is, if these are of crossbars that hold tiles of the layers that they visit,
    and of all crossbars.
    """
    if schedule.places is not None and schedule.places.data != digest_of(stage, dataflow):
        return False
    placed = {name: set(own.crossbars.tolist()) for name, own in stage.placements().items()}
    streamed = [(stream, set(stream.crossbars.data)) for stream in schedule.streams]
    held = all(
        crossbars <= placed.get(burst.layer.string_value(), set())
        for stream, crossbars in streamed
        for burst in stream.bursts
    )
    everywhere = set().union(*placed.values())
    return held and (not streamed or everywhere == set().union(*(own for _, own in streamed)))


def scheduled_stage(
    dataflow: Dataflow,
    stage: PxbStageOp,
    schedule: ScheduleOp,
    merged_at: tuple[str, ...],
    *,
    unbounded: bool,
) -> OuStageOp:
    """The `ou.stage` that runs as a schedule says."""
    ops: list[Operation] = [op.clone() for op in schedule.body.block.ops]
    ops += merges_of(dataflow, stage, merged_at)
    ops += loads_beside(schedule.waits, dataflow)
    timed = schedule.timed is not None
    return OuStageOp(stage.number.value.data, ops, unbounded=unbounded, timed=timed)


def merges_of(dataflow: Dataflow, stage: PxbStageOp, merged_at: tuple[str, ...]) -> list[MergeOp]:
    """Where partial sums of the layers of a stage are merged, if not at all places there are."""
    if merged_at == accelerator_of(stage).components.accumulation.places:
        return []
    return [MergeOp(node.name, merged_at) for node in dataflow.layers]


def loads_beside(waits: Sequence[WaitOp], dataflow: Dataflow) -> list[WaitOp]:
    """The waits, beside those given, without which what was spilled could come back too early."""
    from spatem_ir.geometry.network.waits import loads

    known = {(op.node, op.other) for op in waits}
    back = [wait_op(dataflow, wait) for wait in loads(dataflow)]
    return [op for op in back if (op.node, op.other) not in known]


def wait_op(dataflow: Dataflow, wait: Wait) -> WaitOp:
    """What waits for what, as an op."""
    node, other = dataflow.nodes[wait.node], dataflow.nodes[wait.other]
    return WaitOp(node.name, other.name, IndexSequence.of(wait.until))


def ordered_stage(
    dataflow: Dataflow,
    stage: PxbStageOp,
    schedule: Schedule,
    merged_at: tuple[str, ...],
    *,
    unbounded: bool,
) -> OuStageOp:
    """The `ou.stage` that runs the given programs, waits and merges."""
    layers = [node.layer for node in dataflow.layers if node.layer]
    dues = [DueOp.of(layer, schedule.dues[layer.name]) for layer in layers]
    waits = [wait_op(dataflow, wait) for wait in schedule.waits]
    ops = [*dues, *merges_of(dataflow, stage, merged_at), *waits, *loads_beside(waits, dataflow)]
    return OuStageOp(stage.number.value.data, ops, unbounded=unbounded)
