"""Turns: who owns which vector when, by brute force."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from spatem_ir.geometry.network.turns import Turns


def test_a_wavefront() -> None:
    turns = Turns(np.zeros(3, np.int64))
    assert turns.turns(2).tolist() == [[0, 1, 2], [0, 1, 2]]
    assert turns.calls(2).tolist() == [[0, 1, 1], [0, 2, 2]]


def test_everybody_is_first_once() -> None:
    turns = Turns(np.arange(3))
    assert turns.in_turn(3).tolist() == [[0, 2, 1], [1, 0, 2], [2, 1, 0]]
    assert turns.calls(3).tolist() == [[0, 2, 1], [1, 0, 2], [2, 1, 0]]


def test_in_sequence_the_first_part_is_called_too() -> None:
    turns = Turns(np.zeros(2, np.int64), in_sequence=True)
    assert turns.calls(3).tolist() == [[0, 1], [1, 2], [2, 3]]


@pytest.mark.parametrize("seed", range(40))
def test_turns_are_permutations_without_cycles(seed: int) -> None:
    """One owner for each turn; each part is called by one other, in its own order.

    Waits are for smaller steps, or for a lower part in the same step: nothing waits for ever.
    """
    random = Random(seed)
    windows, parts = random.randint(1, 9), random.randint(1, 6)
    turns = Turns(np.array([random.randrange(windows) for _ in range(parts)]))
    table, steps, order = turns.turns(windows), turns.steps(windows), turns.in_turn(windows)
    assert (np.sort(table, axis=1) == np.arange(parts)).all()
    callers: dict[int, set[int]] = {}
    called: dict[int, list[tuple[int, int]]] = {}
    for window in range(windows):
        for before, after in zip(order[window], order[window, 1:], strict=False):
            assert (steps[window, before], before) < (steps[window, after], after)
            callers.setdefault(int(after), set()).add(int(before))
            called.setdefault(int(after), []).append((int(steps[window, before]), window))
    assert all(len(several) == 1 for several in callers.values())
    calls = turns.calls(windows)
    for part in range(parts):
        in_order = [window for _, window in sorted(called.get(part, []))]
        expected = {window: number for number, window in enumerate(in_order, start=1)}
        assert calls[:, part].tolist() == [expected.get(w, 0) for w in range(windows)]
