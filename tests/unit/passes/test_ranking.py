"""Which of SPATEM's strategies comes first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import pytest

from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.passes.partition.partitions import Partition
from spatem_ir.passes.partition.ranking import (
    Planned,
    best_of_many_layers,
    ever_smaller,
    preferred,
    worth_a_trial,
)
from spatem_ir.passes.partition.trial import Trial

LAYER = Layer("conv", (4, 1, 64), 4, Window((1, 1)), weight_bits=2)


def copies(number: int, cycles: int = 0) -> Partition:
    """A strategy of so many tiles."""
    return Partition(cycles, (Grid(1, 1, number, 1, 4, 4),))


@dataclass(frozen=True)
class Tried:
    """What is known of a strategy that was packed."""

    cycles: int
    communication_bytes: int
    runs_in_buffers: bool = True


FAST, NEAR, FRUGAL = Tried(1000, 500), Tried(1100, 200), Tried(1600, 50)


def first(trials: list[Tried], slack: float) -> Tried | None:
    """The trial that comes first."""
    return cast("Tried | None", preferred(cast("list[Trial]", trials), slack))


@pytest.mark.parametrize(
    ("slack", "expected"), [(0, FAST), (0.09, FAST), (0.15, NEAR), (0.59, NEAR), (0.6, FRUGAL)]
)
def test_least_communication_of_those_that_are_fast_enough(slack: float, expected: Tried) -> None:
    assert first([FRUGAL, FAST, NEAR], slack) == expected


def test_the_faster_of_those_that_communicate_equally() -> None:
    slower = Tried(1050, 500)
    assert first([slower, FAST], 0.15) == FAST


def test_without_the_fastest_others_are_fast_enough() -> None:
    """1600 is at most 1.6 times 1100, if what takes 1000 does not run in its buffers."""
    stuck = Tried(1000, 10, runs_in_buffers=False)
    assert first([stuck, NEAR, FRUGAL], 0.5) == FRUGAL
    assert first([stuck], 0.5) is None
    assert first([], 0.5) is None


def planned(cycles: int, moved: int, unpacked: bool = False) -> Planned:
    """A strategy before packing."""
    return Planned(unpacked, cycles, moved, 1, copies(1, cycles))


def test_fastest_and_the_frugal_one_of_the_fast_enough_are_tried() -> None:
    ranked = [planned(100 + n, 50) for n in range(4)]
    ranked += [planned(120, 9), planned(125, 5), planned(126, 1), planned(110, 0, unpacked=True)]
    tried, others = worth_a_trial(ranked, 3, 0)
    assert tried == [*ranked[:3], ranked[5]]
    assert others == [ranked[3], ranked[4], *ranked[6:]]


class Laboratory:
    """Tries strategies: notes which, and finds what each latency before packing comes to."""

    def __init__(self, found: dict[int, Tried | None]):
        self.found = found
        self.asked: list[int] = []

    def __call__(self, entries: Iterable[Planned]) -> Iterator[Trial]:
        for entry in entries:
            self.asked.append(entry.cycles)
            trial = self.found[entry.cycles]
            if trial is not None:
                yield cast("Trial", trial)


@pytest.mark.parametrize(
    ("found", "asked", "best"),
    [
        # As fast as the next one seems, within 15 %: the search ends.
        ({1000: 1150, 1001: 1}, [1000], 1150),
        # Much slower than it seemed: others may be faster.
        ({1000: 3000, 1400: 1500, 1500: 1}, [1000, 1400], 1500),
        # No place, and no way to make the buffers suffice.
        ({1000: None, 1100: -1100, 1200: 1300, 1300: 1}, [1000, 1100, 1200], 1300),
        ({1000: None, 1100: -1100}, [1000, 1100], None),
    ],
)
def test_strategies_of_many_layers_are_tried_until_none_seems_faster(
    found: dict[int, int | None], asked: list[int], best: int | None
) -> None:
    """Latencies before packing, and with tiles in their places: negative ones overflow buffers."""
    laboratory = Laboratory(
        {
            cycles: None if result is None else Tried(abs(result), 0, result > 0)
            for cycles, result in found.items()
        }
    )
    ranked = [planned(cycles, 0, unpacked=cycles % 200 == 0) for cycles in reversed(found)]
    trial = best_of_many_layers(ranked, laboratory, 0)
    assert laboratory.asked == asked
    assert (None if trial is None else trial.cycles) == best


def test_what_follows_the_first_is_ever_smaller() -> None:
    strategies = [copies(n) for n in (20, 30, 16, 20, 16, 4, 8)]
    assert [s.tiles([LAYER]) for s in ever_smaller(strategies, [LAYER])] == [20, 16, 4]
