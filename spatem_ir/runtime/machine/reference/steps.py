"""Steps of an execution in the reference engine, each with its cause."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from spatem_ir.runtime.machine.reference.program import Program
from spatem_ir.runtime.machine.steps import PathStep, ResourceKind


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


def path_to(last: Step | None, program: Program) -> list[PathStep]:
    """The steps that lead to a step, which comes last."""
    path = []
    while last is not None:
        path.append(PathStep(last.start, last.kind, last.node(program), last.is_queued))
        last = last.cause
    return path[::-1]
