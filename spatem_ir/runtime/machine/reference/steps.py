"""Steps of an execution in the reference engine, each with its cause."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from spatem_ir.runtime.machine.reference.program import Program, Visit
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

    def node(self, program: Program, visit: Callable[[int, int], Visit]) -> int:
        """The node for which the resource works; `visit` says which is which of a crossbar."""
        if self.kind in (ResourceKind.CROSSBAR, ResourceKind.PORT):
            crossbar, number = self.rank
            return visit(crossbar, number).operand.node
        return bisect_right(program.dataflow.first_pieces, self.rank[1]) - 1


def path_to(
    last: Step | None, program: Program, visit: Callable[[int, int], Visit]
) -> list[PathStep]:
    """The steps that lead to a step, which comes last.

    `visit` is the visit of a crossbar that runs as the one with a number.
    """
    path = []
    while last is not None:
        node = last.node(program, visit)
        path.append(PathStep(last.start, last.kind, node, last.is_queued))
        last = last.cause
    return path[::-1]
