"""Items counted within their groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def rank_within(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The position of each item among the items of its group, in ascending order: [items]."""
    order = np.argsort(groups, kind="stable")
    in_order = groups[order]
    ranks = np.empty_like(groups)
    ranks[order] = np.arange(len(groups)) - np.searchsorted(in_order, in_order)
    return ranks
