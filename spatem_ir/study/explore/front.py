"""The Pareto front: the points that no other point beats in every objective."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Scores = Sequence[float] | None
"""The values of all objectives at a point; None where one is missing."""


def front_of(scores: Sequence[Scores], is_maximised: Sequence[bool]) -> list[int]:
    """The numbers of the points on the front, in ascending order.

    A point is on it if no other is at least as good in every objective and better in one; equal
    points are on it together, those without scores (None) never.

    Args:
        scores: For each point its values of the objectives.
        is_maximised: For each objective whether more is better.
    """
    known = [number for number, own in enumerate(scores) if own is not None]
    signs = np.where(np.array(is_maximised, bool), -1.0, 1.0)
    values = np.array([scores[number] for number in known], float).reshape(-1, len(signs)) * signs
    found = []
    for number, own in zip(known, values, strict=True):
        as_good = (values <= own).all(axis=1)
        if not (values[as_good] < own).any():
            found.append(number)
    return found
