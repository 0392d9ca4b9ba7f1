"""What is said before the fast engine is compiled."""

from __future__ import annotations

from numba import njit

from spatem_ir.runtime.machine.fast.warm_up import NOTICE, compilation_noted


def test_a_compilation_is_noted_once_and_only_if_there_is_one() -> None:
    first, second = njit(lambda x: x + 1), njit(lambda x: x + 2)
    notes: list[str] = []
    with compilation_noted(notes.append):
        assert (first(1), second(1)) == (2, 3)
    assert notes == [NOTICE]
    with compilation_noted(notes.append):
        assert (first(2), second(2)) == (3, 4)
    third = njit(lambda x: x + 3)
    assert third(1) == 4
    assert notes == [NOTICE]
