"""What an engine finds out: times, work and traffic of an execution."""

from __future__ import annotations

from dataclasses import dataclass, field

from spatem_ir.runtime.machine.buffers import BufferOccupancy
from spatem_ir.runtime.machine.log import EventLog
from spatem_ir.runtime.machine.schedule import VisitSchedule
from spatem_ir.runtime.machine.staged_times import StagedTimes
from spatem_ir.runtime.machine.steps import PathStep, ResourceKind


@dataclass
class Execution:
    """What happened: times, work and traffic.

    `finished` is the cycle in which the last output byte of each image has left, `ended` that from
    which on nothing happens any more; `visit_starts` the start of each visit of each crossbar (the
    fast engine has them in its log alone), and `last_visits` when it ended its last one;
    `operations` are the OU operations of one image by layer; other counts are over all images;
    `external_bytes` are those of `io_bytes` that the memory behind the port holds between stages.
    `busy` is how long each resource that was used was busy, by kind and number; `path` the critical
    path to the end of the last image, None if it was not asked for; `schedule` in which order
    crossbars ran their visits, None if they ran their streams in order; `staged` what several
    stages took, None if there is one; `log` what was watched, None if nothing was, or there are
    several stages: then `parts` are the executions of these, with logs, each in cycles from when
    its stage begins.
    """

    finished: list[int]
    ended: int
    visit_starts: dict[int, list[int]]
    last_visits: dict[int, int]
    operations: dict[str, int]
    fetched_bytes: int
    register_bytes: int
    additions: int
    activated_values: int
    pooled_values: int
    injected_bytes: dict[str, int]
    byte_hops: int
    io_bytes: int
    external_bytes: int
    buffers: BufferOccupancy
    busy: dict[ResourceKind, dict[int, int]]
    path: list[PathStep] | None = None
    schedule: VisitSchedule | None = field(default=None, compare=False)
    staged: StagedTimes | None = None
    log: EventLog | None = field(default=None, compare=False)
    parts: tuple[Execution, ...] = field(default=(), compare=False)

    @property
    def images(self) -> int:
        """How many images were in flight."""
        return len(self.finished)

    @property
    def most_work(self) -> float:
        """How long the busiest resource works for an image, cycles."""
        return max(max(cycles.values()) for cycles in self.busy.values() if cycles) / self.images
