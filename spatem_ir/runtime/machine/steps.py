"""Steps of an execution: which task kept a resource busy when, and what let it start.

A step is a visit of a crossbar or the service of a request by another resource.  Its *cause* is the
step without whose progress it would have started earlier: the one that held its resource if it
had to wait for it, otherwise the one that made its last input available.  Ties are broken so that
both engines agree: data that came in the very cycle is a cause before a resource that became free
in it, and of several pieces that came then, the one with the lowest number counts.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from spatem_ir.runtime.machine.reference.program import Program


class ResourceKind(StrEnum):
    """What a machine has many of."""

    CROSSBAR = "crossbars"
    PORT = "ports"
    CU_ADDERS = "CU adders"
    PE_ADDERS = "PE adders"
    LINK = "links"
    ACTIVATION = "activation units"
    POOLING = "pooling units"
    IO = "I/O"


@dataclass(slots=True)
class Step:
    """A step in the reference engine; `rank` is that of the request, or (crossbar, visit).

    Steps that lead nowhere are forgotten: only what comes later refers to a step.
    """

    kind: ResourceKind
    rank: tuple[int, ...]
    start: int
    cause: Step | None
    is_queued: bool

    def node(self, program: Program) -> int:
        """The node for which the resource works."""
        if self.kind in (ResourceKind.CROSSBAR, ResourceKind.PORT):
            crossbar, number = self.rank
            visits = program.streams[crossbar]
            return visits[number % len(visits)].operand.node
        return bisect_right(program.dataflow.first_pieces, self.rank[1]) - 1


class PathStep(NamedTuple):
    """A step of the critical path: when it starts, on what, for which node.

    `is_queued` says whether it waited for its resource, which the step before held.
    """

    start: int
    kind: ResourceKind
    node: int
    is_queued: bool


def path_to(last: Step | None, program: Program) -> list[PathStep]:
    """The steps that lead to a step, which comes last."""
    path = []
    while last is not None:
        path.append(PathStep(last.start, last.kind, last.node(program), last.is_queued))
        last = last.cause
    return path[::-1]
