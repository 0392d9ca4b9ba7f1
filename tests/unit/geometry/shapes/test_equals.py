"""Runs of equal numbers."""

from __future__ import annotations

import numpy as np

from spatem_ir.geometry.shapes.equals import first_of_equals, lengths


def test_runs_of_equal_numbers_and_their_lengths() -> None:
    ascending = np.array([2, 2, 3, 7, 7, 7])
    first = first_of_equals(ascending)
    assert first.tolist() == [0, 2, 3]
    assert lengths(first, len(ascending)).tolist() == [2, 1, 3]
    assert first_of_equals(np.array([0.5])).tolist() == [0]
