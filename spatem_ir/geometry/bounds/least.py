"""Bounds that say within which latency something could be done: the least one that suffices."""

from __future__ import annotations

from collections.abc import Callable


def least_latency(suffices: Callable[[int], bool]) -> int:
    """The least latency that suffices, if every longer one does too."""
    high = 1
    while not suffices(high):
        high *= 2
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high
