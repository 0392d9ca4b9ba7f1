"""Several stages as one execution (rule R14): each is executed alone, then put in its time.

A batch of images passes a stage before the next one begins.  A crossbar is written for its next
stage as soon as it has ended its last visit; so crossbars that a stage does not need are written
while it computes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.runtime.machine.buffers import BufferOccupancy, MeasuredBuffers
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.machine.staged_times import CrossbarWrite, StagedTimes, StageTimes
from spatem_ir.runtime.machine.steps import PathStep, ResourceKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Rewriting:
    """What is rewritten before a stage: arrays of one number for each crossbar, and totals.

    Attributes:
        crossbars: The crossbars, by number.
        first: Cycles that each takes in the first batch, where cells are in place until an earlier
            stage has used them.
        steady: Cycles that each takes in every batch after it.
        set_pulses, reset_pulses, cells: Of all crossbars, in every batch after the first.
    """

    crossbars: Ints
    first: Ints
    steady: Ints
    set_pulses: int
    reset_pulses: int
    cells: int


class Begin(NamedTuple):
    """When a stage begins, for how long it waited for crossbars to be written, and for which."""

    at: int
    awaited: int
    writes: tuple[CrossbarWrite, ...]


def begins_of_batch(
    executions: Sequence[Execution],
    writes: Sequence[Ints],
    writing: Sequence[Rewriting],
    free: dict[int, int],
    start: int,
) -> list[Begin]:
    """When the stages of a batch begin that may begin in cycle `start`.

    `writes` are the cycles in which the crossbars of each `writing` are written, `free` when each
    crossbar has ended its last visit; it is brought up to date.
    """
    begins = []
    for execution, cycles, own in zip(executions, writes, writing, strict=True):
        written = tuple(
            CrossbarWrite(crossbar, free[crossbar], duration)
            for crossbar, duration in zip(own.crossbars.tolist(), cycles.tolist(), strict=True)
            if duration and crossbar in free
        )
        at = max([start, *(write.end for write in written)])
        begins.append(Begin(at, at - start, written))
        free.update({number: at + end for number, end in execution.last_visits.items()})
        start = at + execution.ended
    return begins


def composed(
    executions: Sequence[Execution], writing: Sequence[Rewriting], nodes: Sequence[int]
) -> Execution:
    """One execution of the executions of all stages, in order, with as many images in flight.

    `writing` is what is rewritten before each stage, `nodes` how many nodes its network has; steps
    of the critical path count the nodes of all stages, one stage after the other.
    """
    free: dict[int, int] = {}
    first = begins_of_batch(executions, [own.first for own in writing], writing, free, 0)
    ends = [begin.at + run.ended for begin, run in zip(first, executions, strict=True)]
    steady = [own.steady for own in writing]
    second = begins_of_batch(executions, steady, writing, free, ends[-1])
    stages = [
        StageTimes(
            begin.at, end, len(own.crossbars), int(max(own.steady, default=0)), begin.awaited
        )
        for begin, end, own in zip(first, ends, writing, strict=True)
    ]
    last, offsets = executions[-1], [begin.at for begin in first]
    return Execution(
        finished=[offsets[-1] + cycle for cycle in last.finished],
        ended=ends[-1],
        visit_starts=_visit_starts(executions, offsets),
        last_visits=_last_visits(executions, offsets),
        operations={name: n for run in executions for name, n in run.operations.items()},
        fetched_bytes=sum(run.fetched_bytes for run in executions),
        register_bytes=sum(run.register_bytes for run in executions),
        additions=sum(run.additions for run in executions),
        activated_values=sum(run.activated_values for run in executions),
        pooled_values=sum(run.pooled_values for run in executions),
        injected_bytes=_injected(executions),
        byte_hops=sum(run.byte_hops for run in executions),
        io_bytes=sum(run.io_bytes for run in executions),
        external_bytes=sum(run.external_bytes for run in executions),
        buffers=_buffers(executions),
        busy=_busy(executions, writing),
        path=_path(executions, first, nodes),
        staged=StagedTimes(
            stages=tuple(stages),
            writes=tuple(begin.writes for begin in first),
            batch_cycles=second[-1].at + last.ended - ends[-1],
            set_pulses=sum(own.set_pulses for own in writing),
            reset_pulses=sum(own.reset_pulses for own in writing),
            written_cells=sum(own.cells for own in writing),
        ),
        parts=tuple(executions) if executions[0].log is not None else (),
    )


def _visit_starts(executions: Sequence[Execution], offsets: Sequence[int]) -> dict[int, list[int]]:
    starts: dict[int, list[int]] = {}
    for run, offset in zip(executions, offsets, strict=True):
        for number, own in run.visit_starts.items():
            starts.setdefault(number, []).extend(offset + start for start in own)
    return starts


def _last_visits(executions: Sequence[Execution], offsets: Sequence[int]) -> dict[int, int]:
    return {
        number: offset + end
        for run, offset in zip(executions, offsets, strict=True)
        for number, end in run.last_visits.items()
    }


def _injected(executions: Sequence[Execution]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for run in executions:
        total.update(run.injected_bytes)
    return {**dict.fromkeys(executions[0].injected_bytes, 0), **total}


def _buffers(executions: Sequence[Execution]) -> BufferOccupancy:
    """The peaks over all stages: between two of them nothing is in a buffer."""
    peaks: Counter[int] = Counter()
    for run in executions:
        peaks |= Counter(run.buffers.peaks())
    return MeasuredBuffers(
        written_bytes=sum(run.buffers.written_bytes for run in executions),
        read_bytes=sum(run.buffers.read_bytes for run in executions),
        measured=dict(sorted(peaks.items())),
    )


def _busy(
    executions: Sequence[Execution], writing: Sequence[Rewriting]
) -> dict[ResourceKind, dict[int, int]]:
    """How long each resource worked; the drivers of a crossbar are a resource."""
    busy: dict[ResourceKind, Counter[int]] = {}
    for run in executions:
        for kind, own in run.busy.items():
            busy.setdefault(kind, Counter()).update(own)
    for own in writing:
        cycles = zip(own.crossbars.tolist(), own.first.tolist(), strict=True)
        used = {number: several for number, several in cycles if several}
        if used:
            busy.setdefault(ResourceKind.WRITE, Counter()).update(used)
    return {kind: dict(own) for kind, own in busy.items()}


def _path(
    executions: Sequence[Execution], begins: Sequence[Begin], nodes: Sequence[int]
) -> list[PathStep] | None:
    """The critical paths of all stages, one after the other, and the writing that they wait for."""
    path: list[PathStep] = []
    before = 0
    for run, begin, count in zip(executions, begins, nodes, strict=True):
        if run.path is None:
            return None
        steps = [moved_step(step, begin.at, before) for step in run.path]
        if begin.awaited:
            path.append(
                PathStep(begin.at - begin.awaited, ResourceKind.WRITE, steps[0].node, False)
            )
        path += steps
        before += count
    return path


def moved_step(step: PathStep, offset: int, nodes: int) -> PathStep:
    """A step of a stage that begins in cycle `offset`, after so many nodes of other stages."""
    return step._replace(start=step.start + offset, node=step.node + nodes)
