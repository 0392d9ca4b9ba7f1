"""The kernel: events in order of time, resources that serve first come first served (R3)."""

from __future__ import annotations

from functools import partial

import pytest

from spatem_ir.runtime.machine.reference.clock import Clock, Resource
from spatem_ir.runtime.machine.steps import ResourceKind

Grants = list[tuple[str, int]]


class Bench:
    """A clock with one resource, and the cycles in which its requests start."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.resource = Resource(self.clock, ResourceKind.PORT)
        self.started: Grants = []

    def ask(self, time: int, name: str, rank: int, cycles: int, shared: str | None = None) -> None:
        """Request the resource at a time."""

        def request() -> None:
            note = partial(self.note, name)
            self.resource.request((rank,), cycles, note, size=10, shared=shared)

        self.clock.at(time, request)

    def note(self, name: str) -> None:
        self.started.append((name, self.clock.now))

    def run(self) -> Grants:
        self.clock.run()
        return self.started


def test_events_happen_in_the_order_of_their_times() -> None:
    clock, seen = Clock(), list[int]()
    for time in (5, 0, 3, 3, 8):
        clock.at(time, lambda: seen.append(clock.now))
    clock.run()
    assert seen == [0, 3, 3, 5, 8]


def test_an_event_may_add_another_to_its_own_cycle() -> None:
    clock, seen = Clock(), list[int]()
    clock.at(4, lambda: clock.at(clock.now, lambda: seen.append(clock.now)))
    clock.run()
    assert seen == [4]


def test_a_resource_is_busy_for_the_cycles_of_a_request() -> None:
    bench = Bench()
    bench.ask(2, "a", 0, 5)
    bench.ask(3, "b", 0, 1)
    bench.ask(20, "c", 0, 1)
    assert bench.run() == [("a", 2), ("b", 2 + 5), ("c", 20)]
    assert bench.resource.busy_cycles == 5 + 1 + 1
    assert bench.resource.bytes == 3 * 10


def test_the_first_to_come_is_served_first() -> None:
    bench = Bench()
    bench.ask(0, "a", 9, 10)
    bench.ask(1, "b", 8, 1)
    bench.ask(2, "c", 7, 1)
    bench.ask(3, "d", 0, 1)
    assert bench.run() == [("a", 0), ("b", 10), ("c", 11), ("d", 12)]


@pytest.mark.parametrize("order", ["abc", "cab", "bca", "cba"])
def test_requests_of_one_cycle_are_served_by_rank(order: str) -> None:
    bench = Bench()
    for name in order:
        bench.ask(4, name, ord(name), 2)
    assert bench.run() == [("a", 4), ("b", 6), ("c", 8)]


def test_a_request_in_the_cycle_in_which_the_resource_is_free_takes_part() -> None:
    """All events of a cycle come before its grants: b, waiting since 1, then rank 0 before 1."""
    bench = Bench()
    bench.ask(0, "a", 0, 5)
    bench.ask(5, "c", 1, 1)
    bench.ask(5, "d", 0, 1)
    bench.ask(1, "b", 2, 1)
    assert bench.run() == [("a", 0), ("b", 5), ("d", 6), ("c", 7)]


def test_requests_that_share_are_served_together_in_the_place_of_the_first() -> None:
    bench = Bench()
    bench.ask(0, "a", 0, 5)
    bench.ask(1, "b", 1, 3, shared="operand")
    bench.ask(2, "c", 2, 3, shared="other")
    bench.ask(5, "d", 3, 3, shared="operand")
    assert bench.run() == [("a", 0), ("b", 5), ("d", 5), ("c", 8)]
    assert bench.resource.busy_cycles == 5 + 3 + 3
    assert bench.resource.bytes == 3 * 10


def test_a_request_shares_nothing_with_one_that_is_being_served() -> None:
    bench = Bench()
    bench.ask(0, "a", 0, 5, shared="operand")
    bench.ask(1, "b", 1, 5, shared="operand")
    bench.ask(7, "c", 2, 5, shared="operand")
    assert bench.run() == [("a", 0), ("b", 5), ("c", 10)]


def test_work_is_finished_when_its_cycles_are_over() -> None:
    clock, finished = Clock(), list[tuple[str, int]]()
    resource = Resource(clock, ResourceKind.PORT)

    def ask(name: str, rank: int) -> None:
        resource.serve((rank,), 3, lambda: finished.append((name, clock.now)))

    clock.at(1, lambda: ask("b", 1))
    clock.at(1, lambda: ask("a", 0))
    clock.run()
    assert finished == [("a", 4), ("b", 7)]


def test_resources_do_not_wait_for_each_other() -> None:
    clock, started = Clock(), list[tuple[str, int]]()
    for name in "ab":
        resource = Resource(clock, ResourceKind.PORT)
        clock.at(
            2,
            partial(resource.request, (0,), 9, lambda name=name: started.append((name, clock.now))),
        )
    clock.run()
    assert sorted(started) == [("a", 2), ("b", 2)]
