"""From a deployment to what the machine does with it.

An evaluation is what a user's pipeline would do: the passes after `partition`, with their options,
then an execution.  Where `order` is free to take over a schedule, that is the one of a simulation
in which crossbars choose among all visits whose operands are there
(:mod:`spatem_ir.search.freezing`).  Tiles on given PEs are executed directly where these passes are
the usual ones (:mod:`spatem_ir.search.direct`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from spatem_ir.dialects.cnn import ConvOp, DenseOp, LocalOp
from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.mvm import PackingOp
from spatem_ir.dialects.ou import ScheduleOp, WaitOp
from spatem_ir.dialects.ou.schedule import digest_of
from spatem_ir.dialects.places import stage_of
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.spreads import SpreadOp
from spatem_ir.geometry.bounds.bounds import lower_bounds
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.passes.order import OrderPass, wait_op
from spatem_ir.passes.partition.deploying import USUAL, lowering, put_partition
from spatem_ir.passes.partition.partitions import Partition
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.fast.computer import MemoryShortError
from spatem_ir.runtime.machine.fast.elaborate.program import elaborated_module
from spatem_ir.runtime.machine.fast.elaborate.rows import KnownRows
from spatem_ir.runtime.machine.fast.engine import ANY_TIME, FastEngine, LateError
from spatem_ir.runtime.machine.reference.program import only_stage
from spatem_ir.search.attempts import Attempt
from spatem_ir.search.direct import spread_program
from spatem_ir.search.freezing import frozen_orders
from spatem_ir.search.pacing import Lead, dues_by_share, leaving_waits, output_waits, waits_of
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.messages import SILENT, Messages

if TYPE_CHECKING:
    from xdsl.context import Context
    from xdsl.dialects.builtin import ModuleOp
    from xdsl.passes import ModulePass

    from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.geometry.packing.regions import Regions
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.runtime.machine.execution import Execution


class Candidate(NamedTuple):
    """A deployment to be looked at.

    Attributes:
        grids: of each layer that is to be partitioned, in network order.
        packing: the packing for which they are cut, None if any will do.
        spare: how many PEs the packing leaves empty.
        regions: where it keeps which layers apart, None if nowhere.
        leads: in which order layers are served and what waits for what; the first with which the
            buffers suffice.  None if `order` decides.
        spreads: the PE of each tile, by layer, None if the packing decides.
    """

    grids: tuple[Grid, ...]
    packing: str | None
    spare: int
    regions: Regions | None
    leads: tuple[Lead, ...] | None
    spreads: tuple[IndexSequence, ...] | None = None

    @property
    def note(self) -> PackingOp | None:
        """What is said to `pack`."""
        return None if self.packing is None else PackingOp(self.packing, self.spare, self.regions)


class FreeOrder(NamedTuple):
    """What the schedule of a free execution is made of: its programs, waits and digest of places.

    Writing it out takes longer than executing a small network.
    """

    programs: Sequence[CrossbarProgram]
    waits: Sequence[WaitOp]
    places: str


@dataclass(frozen=True)
class Evaluation:
    """What came of a candidate.

    Attributes:
        candidate: What was evaluated.
        execution: Of one image.
        schedule: That of the execution; None if `order` decides without us, or while it is not
            written out.
        free: What it is written out from.
        module: The deployment at level `ou`; None if it was executed without IR.
    """

    candidate: Candidate
    execution: Execution
    schedule: ScheduleOp | None = None
    free: FreeOrder | None = None
    module: ModuleOp | None = None

    def written(self) -> Evaluation:
        """With the schedule of a free execution written out."""
        if self.free is None:
            return self
        run = self.execution.schedule
        assert run is not None
        ops = [*frozen_orders(self.free.programs, run), *(op.clone() for op in self.free.waits)]
        schedule = ScheduleOp(ops, timed=True, places=self.free.places)
        execution = replace(self.execution, schedule=None)
        return Evaluation(self.candidate, execution, schedule)

    @property
    def latency(self) -> int:
        """Cycles from the start until the last output byte has left."""
        return self.execution.finished[0]


@dataclass
class Evaluator:
    """Evaluates candidates for a module at level `cnn`; `passes` follow `partition`.

    `known` are tables that deployments have in common, `simulated` the events of all executions.
    What takes longer than until cycle `latest` is not executed to its end; `attempts` are the
    executions of the last evaluation.  Without `direct`, tiles on given PEs go through the passes,
    too.  `say` is told if the engine has to be compiled first.
    """

    context: Context
    module: ModuleOp
    accelerator: Accelerator
    passes: Sequence[ModulePass]
    known: KnownRows = field(default_factory=KnownRows)
    simulated: int = 0
    simulated_directly: int = 0
    latest: int = ANY_TIME
    direct: bool = True
    say: Messages = SILENT
    attempts: list[Attempt] = field(default_factory=list)

    def evaluate(self, candidate: Candidate) -> Evaluation:
        """Deploy a candidate and execute it.

        Raises:
            SpatemError: it has no place, or its buffers are too small.
            LateError: it takes too long.
            VerifyException: a pass of a package left IR that breaks a rule.
        """
        self.attempts.clear()
        spreads, leads = candidate.spreads, candidate.leads
        if spreads is not None and leads is not None and self.direct and self.is_usual:
            return self.executed_directly(candidate, spreads, leads[0].depth)
        return self.deployed(candidate)

    def count(self, attempt: Attempt) -> None:
        """Count the events of an execution.

        Of one that is late, those until the latest cycle, whenever it was ended.

        Raises:
            LateError: it has not ended in time.
        """
        self.attempts.append(attempt)
        if attempt.is_direct:
            self.simulated_directly += attempt.events
        elif attempt.cycle <= self.latest:
            self.simulated += attempt.events
        else:
            self.simulated += attempt.events_until(self.latest)
            raise LateError(f"the program goes on after cycle {self.latest}")

    @property
    def is_usual(self) -> bool:
        """Whether the passes that follow are the usual ones, without options."""
        return list(self.passes) in ([], [usual() for usual in USUAL.values()])

    @property
    def room(self) -> float:
        """The bytes that a PE's buffer may hold: any number if `order` ignores them."""
        orders = [step for step in self.passes if isinstance(step, OrderPass)]
        if any(order.buffers == "ignore" for order in orders):
            return float("inf")
        return self.accelerator.components.memory.buffer_bytes

    def settled(self, found: Evaluation) -> Evaluation:
        """What was found, deployed by the passes, with its schedule."""
        is_direct = found.candidate.spreads is not None
        return self.deployed(found.candidate).written() if is_direct else found

    def entering(self, candidate: Candidate) -> list[bool]:
        """Which layers read the input, whatever the candidate is."""
        dataflow = dataflow_of(self.partitioned(candidate))
        inputs = {node.number for node in dataflow.inputs}
        return [bool(inputs & set(node.sources)) for node in dataflow.layers]

    def executed_directly(
        self, candidate: Candidate, spreads: tuple[IndexSequence, ...], depth: float
    ) -> Evaluation:
        """What comes of tiles on given PEs in the order that free dispatch finds, without IR.

        Raises:
            SpatemError: a tile has no place, or a buffer is too small.
        """
        module = self.partitioned(candidate._replace(spreads=None))
        dataflow = dataflow_of(module)
        dues = {
            op.layer.string_value(): op.due(node.layer, node.grid)
            for op, node in zip(dues_by_share(dataflow, depth), dataflow.layers, strict=True)
            if node.layer is not None and node.grid is not None
        }
        arrays = [own.to_array() for own in spreads]
        pes = dict(zip(self.layer_names, arrays, strict=True))

        def network(by_rows: Collection[str]) -> Dataflow:
            return dataflow_of(module, by_rows=by_rows)

        program = spread_program(dataflow, network, self.accelerator, pes, dues, self.known)
        engine = FastEngine(program, dispatch=Dispatch.FREE, strict=True)
        return Evaluation(candidate, self.executed(engine, is_direct=True))

    def spread_ops(self, candidate: Candidate) -> tuple[SpreadOp, ...]:
        """What a candidate says to `pack` of the PEs of its tiles."""
        if candidate.spreads is None:
            return ()
        named = zip(self.layer_names, candidate.spreads, strict=True)
        return tuple(SpreadOp(name, pes) for name, pes in named)

    @cached_property
    def layer_names(self) -> list[str]:
        """The layers that are to be partitioned."""
        layers = (op for op in self.module.walk() if isinstance(op, ConvOp | DenseOp | LocalOp))
        return [op.sym_name.data for op in layers]

    def places(self, candidate: Candidate) -> list[IndexSequence]:
        """The PE of each tile, by layer.

        Raises:
            SpatemError: it has no place.
        """
        module = self.partitioned(candidate)
        passes = lowering(module, self.passes)
        stage: PxbStageOp | None = None
        while stage is None:
            next(passes).apply(self.context, module)
            stage = next((op for op in module.ops if isinstance(op, PxbStageOp)), None)
        placed, per_pe = stage.placements(), self.accelerator.crossbars_per_pe
        return [IndexSequence.of(placed[name].crossbars // per_pe) for name in self.layer_names]

    def deployed(self, candidate: Candidate) -> Evaluation:
        """Deploy a candidate by the passes, and execute it.

        Raises:
            SpatemError: it has no place, or its buffers are too small.
        """
        module = self.partitioned(candidate)
        for following in lowering(module, self.passes):
            if candidate.leads is not None and is_free(following):
                return self.scheduled(module, candidate, candidate.leads, following)
            following.apply(self.context, module)
        return Evaluation(candidate, self.executed(self.engine(module)), module=module)

    def engine(self, module: ModuleOp, images: int = 1) -> FastEngine:
        """What executes a module at level `ou`, strictly if its buffers are to suffice."""
        _, program = elaborated_module(module, self.known)
        strict = only_stage(module).unbounded is None
        latest = self.latest if images == 1 else ANY_TIME
        return FastEngine(program, images, strict=strict, latest=latest, say=self.say)

    def executed(self, engine: FastEngine, *, is_direct: bool = False) -> Execution:
        """What an engine does; its events are counted.

        Raises:
            SpatemError: buffers are too small.
            LateError: it takes too long.
        """
        try:
            execution = engine.run()
        except MemoryShortError:
            raise
        except SpatemError:
            self.count(Attempt.of(engine, is_direct=is_direct))
            raise
        self.count(Attempt.of(engine, is_direct=is_direct)._replace(cycle=execution.finished[0]))
        return execution

    def bound(self, candidate: Candidate) -> int:
        """The lower bound of the latency of any deployment, whatever the candidate is."""
        return lower_bounds(self.dataflow(candidate), self.accelerator).largest

    def dataflow(self, candidate: Candidate) -> Dataflow:
        """The network with a candidate's grids."""
        return dataflow_of(self.partitioned(candidate), alone=True)

    def pipelined(self, found: Evaluation, images: int) -> Evaluation:
        """What was found, with a schedule that suffices for so many images in flight.

        Where buffers are too small for an image while the last one is in work, it waits for its
        end.
        """
        if found.schedule is None or images == 1:
            return found
        module = self.partitioned(found.candidate)
        module.body.block.add_op(found.schedule.clone())
        for following in lowering(module, self.passes):
            following.apply(self.context, module)
        try:
            self.engine(module, images).run()
        except SpatemError:
            dataflow = dataflow_of(module)
            waits = [wait_op(dataflow, wait) for wait in output_waits(dataflow)]
            ops = [op.clone() for op in found.schedule.body.block.ops]
            places = None if found.schedule.places is None else found.schedule.places.data
            schedule = ScheduleOp([*ops, *waits], timed=True, places=places)
            return replace(found, schedule=schedule)
        return found

    def partitioned(self, candidate: Candidate) -> ModuleOp:
        """The module at level `mvm`, with a note on how to pack."""
        module = self.module.clone()
        spreads = self.spread_ops(candidate)
        put_partition(module, Partition(0, candidate.grids, candidate.note, spreads=spreads))
        return module

    def scheduled(
        self, placed: ModuleOp, candidate: Candidate, leads: Sequence[Lead], order: OrderPass
    ) -> Evaluation:
        """What comes of a candidate at level `pxb` in the order that free dispatch finds.

        With the first lead with which the buffers suffice, unless it comes no further than those
        before.  Where a buffer overflows after all visits, outputs are made only as they leave.

        Raises:
            SpatemError: they never do.
        """
        dataflow = dataflow_of(placed)
        stage = stage_of(placed, PxbStageOp, order.name, "assign")
        places, room = digest_of(stage, dataflow), self.accelerator.components.memory.buffer_bytes
        failure = SpatemError("search: the buffers do not suffice for any order")
        furthest, in_vain, is_leaving = -1, 0, False
        left, program = list(leads), None
        while left and in_vain < MOST_IN_VAIN:
            lead = left[0]
            held = waits_of(dataflow, lead.share)
            held += leaving_waits(dataflow, room) if is_leaving else []
            dues, waits = dues_by_share(dataflow, lead.depth), [wait_op(dataflow, w) for w in held]
            module = placed.clone()
            module.body.block.add_op(ScheduleOp([op.clone() for op in [*dues, *waits]], timed=True))
            order.apply(self.context, module)
            programs, program = elaborated_module(module, self.known, program)
            strict = order.buffers != "ignore"
            engine = FastEngine(
                program, dispatch=Dispatch.FREE, strict=strict, latest=self.latest, say=self.say
            )
            try:
                execution = self.executed(engine)
            except (LateError, MemoryShortError):
                raise
            except SpatemError as error:
                failure, ended = error.with_traceback(None), int(engine.state.crossbars.ended.sum())
                del engine
                if ended == program.visits:
                    if is_leaving:
                        raise
                    is_leaving = True
                    continue
                in_vain = 0 if ended > furthest else in_vain + 1
                furthest = max(furthest, ended)
                left.pop(0)
                continue
            free = FreeOrder(programs, waits, places)
            return Evaluation(candidate, execution, free=free, module=module)
        try:
            raise failure
        finally:
            del failure  # it knows of this call, which so would keep itself and what it has made


def is_free(following: ModulePass) -> TypeGuard[OrderPass]:
    """Whether a pass takes over a schedule."""
    return isinstance(following, OrderPass) and following.method == "auto"


MOST_IN_VAIN = 2
"""After so many leads in a row that bring the execution no further, smaller ones are not tried."""
