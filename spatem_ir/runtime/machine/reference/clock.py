"""The kernel of the reference engine: time, events and first-come-first-served resources.

Time is counted in integer digital cycles.  All events of a cycle happen before decisions are made
(rule R11) and resources of that cycle are granted, so the order in which events of one cycle are
processed has no influence: a free resource takes the request that arrived first, and of those that
arrived in the same cycle the one with the lowest rank (rule R3).
"""

from __future__ import annotations

import gc
import heapq
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from spatem_ir.runtime.machine.reference.steps import Step
from spatem_ir.runtime.machine.steps import ResourceKind

Rank = tuple[int, ...]
Action = Callable[[], None]

CYCLES_PER_WATCH = 1_000
"""Cycles with events after which somebody looks at the progress."""


class Clock:
    """An event queue that steps through the cycles in which something happens.

    With `log`, resources note when they grant what.  `cause` is the step that brought about the
    event that is being processed; events and requests keep it.
    """

    def __init__(self, *, log: bool = False) -> None:
        self.now = 0
        self.log = log
        self.cause: Step | None = None
        self._events: list[tuple[int, int, Action, Step | None]] = []
        self._numbers = count()
        self._undecided: dict[int, Action] = {}
        self._contended: dict[int, Resource] = {}

    def at(self, time: int, action: Action) -> None:
        """Do something at a time that is not in the past."""
        heapq.heappush(self._events, (time, next(self._numbers), action, self.cause))

    def because(self, cause: Step | None, action: Action) -> None:
        """Do something now that a step brought about."""
        before, self.cause = self.cause, cause
        action()
        self.cause = before

    def decide(self, who: int, action: Action) -> None:
        """Do something for somebody, once, after all events of this cycle and before any grant."""
        self._undecided[who] = action

    def arbitrate(self, resource: Resource) -> None:
        """Ask a resource, after all events and decisions of this cycle, to grant what it can."""
        self._contended[id(resource)] = resource

    def run(self, watch: Action = lambda: None) -> None:
        """Process events until none is left; `watch` is called from time to time.

        Python's cycle collector is off meanwhile: events make no cycles, looking for them costs a
        third of the time.
        """
        collecting = gc.isenabled()
        gc.disable()
        try:
            self._run(watch)
        finally:
            if collecting:
                gc.enable()

    def _run(self, watch: Action) -> None:
        for number in count(1):
            if not self._events:
                return
            if number % CYCLES_PER_WATCH == 0:
                watch()
            self.now = self._events[0][0]
            while self._events and self._events[0][0] == self.now:
                _, _, action, cause = heapq.heappop(self._events)
                self.because(cause, action)
            undecided, self._undecided = self._undecided, {}
            for action in undecided.values():
                action()
            contended, self._contended = self._contended, {}
            for resource in contended.values():
                resource.grant()


@dataclass(order=True, slots=True)
class Request:
    """A request for a resource: it is busy for `cycles`, and `started` is called at the start.

    `size` bytes go through the resource.  Requests with the same `shared` key that wait together
    are served together.
    """

    arrival: int
    rank: Rank
    cycles: int = field(compare=False)
    size: int = field(compare=False)
    started: Action = field(compare=False)
    shared: Hashable = field(compare=False, default=None)
    cause: Step | None = field(compare=False, default=None)
    served: bool = field(compare=False, default=False)


class Resource:
    """A server that is busy with one request at a time, first come first served.

    `step` is the last request as a step of the execution; those served together are one.  If the
    clock asks for a log, `grants` are the ranks of requests, the cycles in which they were granted,
    and for how many.
    """

    def __init__(self, clock: Clock, kind: ResourceKind):
        self.clock = clock
        self.kind = kind
        self.step: Step | None = None
        self.free_at = 0
        self.busy_cycles = 0
        self.bytes = 0
        self.grants: list[tuple[Rank, int, int]] = []
        self._woken_at = 0
        self._waiting: list[Request] = []
        self._sharing: dict[Hashable, list[Request]] = {}

    def request(
        self,
        rank: Rank,
        cycles: int,
        started: Action,
        *,
        size: int = 0,
        shared: Hashable = None,
    ) -> None:
        """Queue for the resource; `started` is called in the cycle in which it is granted."""
        cause = self.clock.cause
        request = Request(self.clock.now, rank, cycles, size, started, shared, cause)
        heapq.heappush(self._waiting, request)
        if shared is not None:
            self._sharing.setdefault(shared, []).append(request)
        self._wake()

    def serve(self, rank: Rank, cycles: int, finished: Action, *, size: int = 0) -> None:
        """Queue for the resource; `finished` is called when it has worked for `cycles`."""

        def started() -> None:
            self.clock.at(self.clock.now + cycles, finished)

        self.request(rank, cycles, started, size=size)

    def grant(self) -> None:
        """If the resource is free, start the first request (and those that share with it)."""
        if self.clock.now < self.free_at:
            return
        while self._waiting and self._waiting[0].served:
            heapq.heappop(self._waiting)
        if not self._waiting:
            return
        first = heapq.heappop(self._waiting)
        together = [first] if first.shared is None else self._sharing.pop(first.shared)
        now, is_queued = self.clock.now, first.arrival < self.clock.now
        cause = self.step if is_queued else first.cause
        self.step = Step(self.kind, first.rank, now, cause, is_queued)
        self.free_at = now + first.cycles
        self.busy_cycles += first.cycles
        self.bytes += first.size
        for request in sorted(together):
            request.served = True
            if self.clock.log:
                self.grants.append((request.rank, now, first.cycles))
            self.clock.because(self.step, request.started)
        if self._waiting:
            self._wake()

    def _wake(self) -> None:
        """Grant at the end of this cycle, or of the one in which the resource becomes free."""
        if self.clock.now >= self.free_at:
            self.clock.arbitrate(self)
        elif self._woken_at < self.free_at:
            self._woken_at = self.free_at
            self.clock.at(self.free_at, partial(self.clock.arbitrate, self))
