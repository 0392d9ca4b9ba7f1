"""Which of SPATEM's strategies comes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import pytest

from spatem_ir.geometry.grid import Grid
from spatem_ir.geometry.layer import Layer
from spatem_ir.geometry.window import Window
from spatem_ir.passes.partition.ranking import (
    Planned,
    ever_smaller,
    preferred,
    worth_a_trial,
)
from spatem_ir.passes.partition.strategy import Strategy
from spatem_ir.passes.partition.trial import Trial

LAYER = Layer("conv", (4, 1, 64), 4, Window((1, 1)), weight_bits=2)


def copies(number: int, cycles: int = 0) -> Strategy:
    """A strategy of so many tiles."""
    return Strategy(cycles, (Grid(1, 1, number, 1, 4, 4),))


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


def test_what_follows_the_first_is_ever_smaller() -> None:
    strategies = [copies(n) for n in (20, 30, 16, 20, 16, 4, 8)]
    assert [s.tiles([LAYER]) for s in ever_smaller(strategies, [LAYER])] == [20, 16, 4]
