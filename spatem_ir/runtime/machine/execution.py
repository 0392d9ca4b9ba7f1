"""What an engine finds out: times, work and traffic of an execution."""

from __future__ import annotations

from dataclasses import dataclass

from spatem_ir.runtime.machine.buffers import BufferOccupancy
from spatem_ir.runtime.machine.steps import PathStep, ResourceKind


@dataclass
class Execution:
    """What happened: times, work and traffic.

    `finished` is the cycle in which the last output byte of each image has left; `visit_starts`
    the start of each visit of each crossbar; `operations` are the OU operations of one image by
    layer; other counts are over all images.  `path` is the critical path to the end of the last
    image, `busy` how long each resource that was used was busy, by kind, in ascending order; both
    are None if they were not asked for.
    """

    finished: list[int]
    visit_starts: dict[int, list[int]]
    operations: dict[str, int]
    fetched_bytes: int
    register_bytes: int
    additions: int
    activated_values: int
    pooled_values: int
    injected_bytes: dict[str, int]
    byte_hops: int
    io_bytes: int
    buffers: BufferOccupancy
    path: list[PathStep] | None = None
    busy: dict[ResourceKind, list[int]] | None = None
