"""At which parameters an overall latency that is so much lower would be reached.

Where programming takes P and computing C, and programming gets lower by a share g, the overall
latency gets lower by ``g · P / (P + C)``.  With operations that take t times as long and n images
that compute in a stage before the next is written, by ``g · P / (P + t · n · C)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatem_ir.study.gao.runs import BASELINE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spatem_ir.study.gao.runs import CaseResult

HALVINGS = 60
"""Steps in which a time is found."""

LONGEST = 1024.0
"""The longest time of an operation that is looked at, by that of the machine."""


def at_bound(result: CaseResult) -> float:
    """By how much programming would be lower at the bound of the second stage."""
    return 0.0 if result.bound is None else 1 - result.bound


def mean_less(
    results: Sequence[CaseResult], gain: Callable[[CaseResult], float], t: float
) -> float:
    """By how much the overall latency is lower, in the mean over cases.

    `gain` says by how much programming is, and `t` how long computing takes by what it takes here.
    """
    total = 0.0
    for each in results:
        base = each.runs[BASELINE]
        written = base.programming
        total += gain(each) * written / (written + t * base.compute) if written else 0.0
    return total / len(results)


def time_for(
    results: Sequence[CaseResult], gain: Callable[[CaseResult], float], wanted: float
) -> float | None:
    """How long computing may take, by what it takes here, for the mean to be as low as is wanted.

    None if it would not be even if computing took no time.
    """
    if mean_less(results, gain, 0.0) < wanted:
        return None
    low, high = 0.0, LONGEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        reached = mean_less(results, gain, middle) >= wanted
        low, high = (middle, high) if reached else (low, middle)
    return low
