"""Runs of equal numbers in arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def first_of_equals(numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Where each run of equal numbers begins in an array that is not empty."""
    begins = np.empty(len(numbers), np.bool_)
    begins[0] = True
    np.not_equal(numbers[1:], numbers[:-1], out=begins[1:])
    return np.flatnonzero(begins)


def lengths(first: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """How long runs are that begin at `first` in an array of `count` numbers."""
    ends = np.empty_like(first)
    ends[:-1], ends[-1] = first[1:], count
    return ends - first
