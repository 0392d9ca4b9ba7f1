"""Work in other PEs than that of the port: its results have a way back."""

from __future__ import annotations

import numpy as np
import pytest
from unit.geometry.bounds.test_bounds import TINY

from spatem_ir.geometry.bounds.loads import Load, Work

NOTHING = Work.of([])


def least(amount: int, cycles: int, at_once: int, returns: list[int]) -> int:
    """The least time in which PEs finish some work, by trying all times."""
    time = 0
    while True:
        done = sum(at_once * (max(time - way, 0) // cycles) for way in returns)
        if done >= amount:
            return time
        time += 1


@pytest.mark.parametrize("returns", [[0], [0, 1], [0, 2, 2, 4], [0, 3, 6, 9]])
@pytest.mark.parametrize(("cycles", "at_once"), [(1, 1), (4, 1), (4, 3)])
def test_what_pes_finish_in_time(cycles: int, at_once: int, returns: list[int]) -> None:
    load = Load(NOTHING, at_once * len(returns), cycles, returns=np.array(returns))
    amounts = np.arange(60)
    expected = [least(amount, cycles, at_once, returns) for amount in amounts.tolist()]
    assert load.least_cycles(amounts).tolist() == expected


def test_long_times() -> None:
    """Nothing is as long as the times: 16 PEs, 2^20 cycles apart and at work."""
    load = Load(NOTHING, 16, 2**20, returns=np.arange(16) * 2**20)
    assert load.least_cycles(np.array([1, 3, 6, 136, 137])).tolist() == [
        2**20 * steps for steps in (1, 2, 3, 16, 17)
    ]


def test_ways_on_a_mesh() -> None:
    """A head passes a link in a cycle; PE 3 is two links from the port."""
    assert TINY.components.interconnect.least_returns.tolist() == [0, 1, 1, 2]


def test_no_work_takes_no_time() -> None:
    assert Load(NOTHING, 1).bound() == (0, 0)
