"""Executions of a search, and what they count for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.runtime.machine.fast.start import EVENTS_PER_REPORT

if TYPE_CHECKING:
    from spatem_ir.runtime.machine.fast.engine import FastEngine


class Attempt(NamedTuple):
    """An execution: the cycle in which it ended, and events until then.

    `reports` are the cycles in which each further :data:`EVENTS_PER_REPORT` events had happened;
    `is_direct` if it was one without IR.
    """

    cycle: int
    events: int
    reports: tuple[int, ...] = ()
    is_direct: bool = False

    @staticmethod
    def of(engine: FastEngine, *, is_direct: bool) -> Attempt:
        """What an execution was, as far as it came."""
        totals = engine.state.totals[0]
        return Attempt(int(totals.now), int(totals.events), tuple(engine.reports), is_direct)

    def events_until(self, latest: int) -> int:
        """The events until a cycle after which it goes on, rounded up.

        So they do not depend on whether the execution was ended then or later.
        """
        return EVENTS_PER_REPORT * (1 + sum(cycle <= latest for cycle in self.reports))
