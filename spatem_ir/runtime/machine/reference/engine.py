"""The reference engine: rules R1 to R13 of the machine, written to be read.

The rules are where their hardware is: crossbars and operands (R1 to R4) in `crossbars`, those that
choose what they run (R11) in `free_crossbars`, those that kinds of components have for themselves
(R12, R13) in folders of their own, merging of partial sums (R5) in `merging`, pieces
and their readers (R7, R10) in `pieces`, the network (R8) in `packets`; digital operators (R6) and
the chip's port (R9) are here.  Times are integer digital cycles, counted from the first input byte.
Several images may be in flight.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial

from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.runtime.machine.buffers import BufferOccupancy
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.machine.log import EventLog, Watch
from spatem_ir.runtime.machine.reference.clock import Clock, Resource
from spatem_ir.runtime.machine.reference.components import crossbars_of, partial_sums_of
from spatem_ir.runtime.machine.reference.log import event_log
from spatem_ir.runtime.machine.reference.packets import Packets
from spatem_ir.runtime.machine.reference.pieces import Pieces
from spatem_ir.runtime.machine.reference.program import DigitalTask, Key, Program
from spatem_ir.runtime.machine.reference.progress import Progress
from spatem_ir.runtime.machine.reference.steps import Step, path_to
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.messages import unwatched


class ReferenceEngine:
    """Executes a program on the machine model, event by event.

    If `dispatch` is free, crossbars choose their visits (R11), and the execution has the schedule.
    With `log`, the execution has a log of what that watches.  `progress` is told from time to time
    which share of the visits has begun.
    """

    def __init__(
        self,
        program: Program,
        images: int = 1,
        *,
        dispatch: Dispatch = Dispatch.STATIC,
        log: Watch | None = None,
        progress: Callable[[float], None] = unwatched,
    ):
        self.program = program
        self.images = images
        self.report = progress
        self.components = program.accelerator.components
        self.holder = self.components.memory.holder
        self.clock = clock = Clock(log=log is not None)
        self.log = log
        self.packets = Packets(clock, self.components.interconnect)
        self.buffers = BufferOccupancy()
        self.progress = Progress(program, clock)
        self.pieces = Pieces(program, clock, self.packets, self.buffers, self.progress)
        partial_sums = partial_sums_of(type(self.components.accumulation))
        self.partial_sums = partial_sums(program, clock, self.packets, self.buffers, self.activate)
        crossbars = crossbars_of(self.components, dispatch)
        self.crossbars = crossbars(program, clock, self.pieces, images, self.partial_sums)
        self.activation_units: dict[int, Resource] = defaultdict(
            lambda: Resource(clock, ResourceKind.ACTIVATION)
        )
        self.pooling_units: dict[int, Resource] = defaultdict(
            lambda: Resource(clock, ResourceKind.POOLING)
        )
        self.io = Resource(clock, ResourceKind.IO)
        self.external_bytes = 0
        self.values: Counter[NodeKind] = Counter()
        self.outputs_left = [sum(node.pieces for node in program.dataflow.outputs)] * images
        self.finished = [0] * images
        self.last_step: list[Step | None] = [None] * images

    def run(self) -> Execution:
        """Execute all images.

        Raises:
            SpatemError: the program deadlocks.
        """
        self.clock.at(0, self.start)
        self.clock.run(self.watch)
        self.crossbars.check_finished()
        if any(self.outputs_left):
            raise SpatemError("the program ends before all outputs have left the chip")
        return Execution(
            finished=self.finished,
            ended=self.clock.now,
            visit_starts={number: state.starts for number, state in self.crossbars.states.items()},
            last_visits={number: s.ended_at for number, s in self.crossbars.states.items()},
            operations=self.program.operations,
            fetched_bytes=self.crossbars.fetched_bytes,
            register_bytes=self.crossbars.register_bytes,
            additions=self.partial_sums.additions,
            activated_values=self.values[NodeKind.ACTIVATE],
            pooled_values=self.values[NodeKind.POOL],
            injected_bytes=dict(self.packets.traffic.injected),
            byte_hops=self.packets.traffic.byte_hops,
            io_bytes=self.io.bytes,
            external_bytes=self.external_bytes,
            buffers=self.buffers,
            path=path_to(self.last_step[-1], self.program, self.crossbars.visit),
            busy=self.busy(),
            schedule=self.crossbars.schedule(self.images),
            log=self.logged(),
        )

    def logged(self) -> EventLog | None:
        """What is watched, if anything is."""
        if self.log is None:
            return None
        return event_log(self.program, self.crossbars, self.resources, self.buffers, self.log)

    def watch(self) -> None:
        """Tell which share of the visits has begun."""
        begun = sum(len(state.starts) for state in self.crossbars.states.values())
        visits = self.images * sum(map(len, self.program.streams.values()))
        self.report(begun / visits)

    def busy(self) -> dict[ResourceKind, dict[int, int]]:
        """How long each resource that was used was busy, by kind and number."""
        visit_cycles = self.components.compute_unit.visit_cycles
        cycles: dict[ResourceKind, dict[int, int]] = {
            ResourceKind.CROSSBAR: {
                number: self.images * sum(visit_cycles(visit.operations) for visit in visits)
                for number, visits in self.program.streams.items()
            }
        }
        for several in self.resources:
            for number, resource in several.items():
                if resource.busy_cycles:
                    cycles.setdefault(resource.kind, {})[number] = resource.busy_cycles
        return cycles

    @property
    def resources(self) -> tuple[dict[int, Resource], ...]:
        """All that serve requests, by kind and number."""
        return (
            self.crossbars.ports,
            self.partial_sums.cu_adders,
            self.partial_sums.pe_adders,
            self.packets.links,
            self.activation_units,
            self.pooling_units,
            {0: self.io},
        )

    def start(self) -> None:
        """Cycle 0: inputs begin to enter, digital tasks wait, crossbars ask for operands."""
        for queue in range(len(self.program.queues)):
            self.await_portion(queue, image=0, number=0)
        for image in range(self.images):
            self.await_digital_inputs(image)
        self.crossbars.start()

    # R9: the chip's port

    def enter_portion(self, queue: int, image: int, number: int) -> None:
        """R9: an image enters through the I/O port in raster order, then the next one.

        So do its inputs, one after the other, and on its own each map that comes back.

        It enters in portions, of positions that wait for the same (R10).
        """
        portions = self.program.queues[queue]
        pieces = portions[number]
        size = sum(self.program.piece_bytes[piece] for piece in pieces)
        node = self.program.dataflow.nodes[self.program.place(pieces[0])[0]]
        cycles_of = partial(self.components.port_cycles, external=node.external)
        delay = self.components.port_delay(external=node.external)
        cycles = cycles_of(size)
        self.external_bytes += size if node.external else 0

        def started() -> None:
            entered = 0
            for piece in pieces:
                entered += self.program.piece_bytes[piece]
                time = self.clock.now + cycles_of(entered) + delay
                self.clock.at(time, partial(self.pieces.produce, (image, piece), "inputs"))
            following = (image, number + 1) if number + 1 < len(portions) else (image + 1, 0)
            if following[0] < self.images:
                await_next = partial(self.await_portion, queue, *following)
                self.clock.at(self.clock.now + cycles, await_next)

        self.io.request((image, pieces[0]), cycles, started, size=size)

    def await_portion(self, queue: int, image: int, number: int) -> None:
        """R10: a portion of an image enters when nothing keeps its positions from beginning."""
        first = (image, self.program.queues[queue][number][0])
        self.progress.when_met(first, partial(self.enter_portion, queue, image, number))

    def leave_output(self, task: DigitalTask, key: Key) -> None:
        """R9: a piece of the output leaves through the I/O port."""
        size = self.program.piece_bytes[key[1]]
        external = self.program.dataflow.nodes[task.node].external
        cycles = self.components.port_cycles(size, external=external)
        self.external_bytes += size if external else 0
        self.io.serve(key, cycles, partial(self.output_left, task, key), size=size)

    def output_left(self, task: DigitalTask, key: Key) -> None:
        """R9, R10: the last byte of a piece of an image's output has left the buffer."""
        self.read_inputs(task, key)
        image = key[0]
        self.outputs_left[image] -= 1
        self.finished[image] = self.clock.now
        self.progress.finish(key)
        self.last_step[image] = self.clock.cause

    # R6: digital operators

    def activate(self, pe: int, key: Key) -> None:
        """R6: a PE adds the bias, requantises and activates a piece of a layer."""
        values = self.program.contributors[key[1]].values
        self.process(NodeKind.ACTIVATE, pe, key, values, partial(self.finish, pe))

    def finish(self, pe: int, key: Key) -> None:
        """R6: a PE has made a piece."""
        self.partial_sums.store(pe, key, partial(self.pieces.produce, key))

    def await_digital_inputs(self, image: int) -> None:
        """R6, R9, R10: digital operators and outputs start as soon as nothing prevents it."""
        for task in self.program.digital:
            key = (image, task.piece)
            action = partial(self.start_digital, task, key)
            met = partial(self.progress.when_met, key, action)
            self.pieces.when_present(self.holder(task.pe), image, task.inputs, met)

    def start_digital(self, task: DigitalTask, key: Key) -> None:
        """R6: the inputs of a digital operator are there; an output leaves at once (R9).

        Padding alone occupies no unit.
        """
        kind = self.program.dataflow.nodes[task.node].kind
        if kind is NodeKind.OUTPUT:
            self.leave_output(task, key)
        elif task.values == 0:
            self.pieces.produce(key)
        else:
            ended = partial(self.end_digital, task)
            work = partial(self.process, kind, task.pe, key, task.values, ended)
            self.partial_sums.load(task, key, work)

    def end_digital(self, task: DigitalTask, key: Key) -> None:
        """R6: a digital operator has read its inputs, and its result is ready."""
        self.read_inputs(task, key)
        self.finish(task.pe, key)

    def read_inputs(self, task: DigitalTask, key: Key) -> None:
        """R10: the inputs of a digital task have been read."""
        self.buffers.read_bytes += task.bytes
        for piece in task.inputs:
            self.pieces.read(self.holder(task.pe), (key[0], piece))

    def process(
        self, kind: NodeKind, pe: int, key: Key, values: int, finished: Callable[[Key], None]
    ) -> None:
        """R6: occupy a PE's pooling or activation units with a number of values."""
        self.values[kind] += values
        pooling = kind is NodeKind.POOL
        units = self.pooling_units[pe] if pooling else self.activation_units[pe]
        cycles = self.components.digital.cycles(values, pooling=pooling)
        units.serve(key, cycles, partial(finished, key))
