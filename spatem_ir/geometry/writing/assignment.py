"""Assignment within groups: the cheapest matching of blocks and slots, exactly.

Needs scipy: `pip install 'spatem-ir[assignment]'`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import util
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.writing.costs import cost_matrix
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.geometry.writing.blocks import CellSlots, Codes, Ints


def check_assignment() -> None:
    """Check that there is a solver.

    Raises:
        SpatemError: scipy is not installed.
    """
    if util.find_spec("scipy") is None:
        raise SpatemError(
            "assignment of blocks to slots needs scipy; install the extra: spatem-ir[assignment]"
        )


def changed_cells(old: Codes, new: Codes) -> Ints:
    """How many levels of cells change if each block is written to each slot: [slots, blocks]."""
    before, after = (np.unpackbits(codes, axis=1).astype(np.float32) for codes in (old, new))
    both = before @ after.T
    return np.rint(before.sum(1)[:, None] + after.sum(1) - 2 * both).astype(np.int64)


def groups_of(classes: Ints, size: int) -> Iterator[Ints]:
    """Places of the same class in as few groups of at most so many as there can be.

    Each is spread over its class: neighbours are planes of the same weights, of which the highest
    differ little, so that among them there is less to choose from.
    """
    for number in np.unique(classes):
        own = np.flatnonzero(classes == number)
        count = -(-len(own) // size)
        for first in range(count):
            yield own[first::count]


def assigned(
    old: Codes, new: Codes, slots: CellSlots, classes: Ints, size: int, *, by_cells: bool = False
) -> Ints:
    """Blocks exchanged within groups so that writing is cheapest: block `result[k]` for slot k.

    At first block k is for slot k; those of one class are exchanged.  The cost is in cycles, or
    with `by_cells` in cells that change.
    """
    from scipy.optimize import linear_sum_assignment

    order = np.arange(len(new))
    for group in groups_of(classes, size):
        before, after = old[group], new[group]
        costs = (
            changed_cells(before, after)
            if by_cells
            else cost_matrix(before, after, slots.chosen(group))
        )
        rows, columns = linear_sum_assignment(costs)
        order[group[rows]] = group[columns]
    return order
