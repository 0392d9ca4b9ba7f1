"""What one window costs from its last input to its results, for all cuts of a layer at once.

It is what a layer adds to the latency where there is little work: an operand is fetched, a visit
runs, contributions are added one after the other.
"""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.shapes.grid import ou_operations

if TYPE_CHECKING:
    from spatem_ir.geometry.estimate.candidates import LayerCandidates
    from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]


class ShortChain(NamedTuple):
    """Cuts, by their numbers, on how many PEs the tiles stand, and how blocks are `divided`."""

    cuts: tuple[int, ...]
    pes: int
    divided: int


def shortest_chain(
    candidates: LayerCandidates, accelerator: Accelerator, pes: int, work: float
) -> ShortChain:
    """What has the shortest chain.

    Column blocks, or 2, 4, 8 … pieces of each, are dealt to at most so many `pes`.  `work` is the
    weight of the cycles for which a crossbar works.  Nothing has more tiles than the chip has
    crossbars, if there is a cut with so few.
    """
    layer, components = candidates.layer, accelerator.components
    (h, w, i, b), (rows, columns, windows, bits) = candidates.cuts
    operations = ou_operations(accelerator, rows, columns, layer.weight_bits, bits)
    visit = np.asarray(components.compute_unit.visit_cycles(operations))
    fetch = components.compute_unit.fetch_cycles(-(-rows * bits // 8), components.memory)
    blocks, parts = layer.matrices * w * i, h * b
    is_large = blocks * parts > accelerator.crossbars
    best: tuple[tuple[bool, float, int], ShortChain] | None = None
    divided = 1
    while divided <= pes:
        used = np.minimum(pes, blocks * divided)
        own = -(-blocks * divided // used)
        chain = visit + own * -(-parts // divided) * np.asarray(fetch)
        chain += summing(accelerator, parts, columns, own, divided)
        chain += own * columns // components.digital.values_per_cycle(pooling=False)
        cost = chain + work * windows * visit
        least = np.lexsort((blocks * parts, cost, is_large))[0]
        found = ShortChain(tuple(candidates.choices[least].tolist()), int(used[least]), divided)
        rank = bool(is_large[least]), float(cost[least]), divided
        if best is None or rank < best[0]:
            best = rank, found
        divided *= 2
    assert best is not None
    return best[1]


def summing(accelerator: Accelerator, parts: Ints, columns: Ints, own: Ints, divided: int) -> Ints:
    """The cycles in which contributions are added in a CU, in a PE and at home, and get there.

    Of column blocks of so many `columns` and of `parts` tiles each, `divided` into pieces, of which
    a PE has `own`.
    """
    accumulation, per_pe = accelerator.components.accumulation, accelerator.crossbars_per_pe
    left, pieces = -(-parts // divided), np.minimum(divided, parts)
    cycles = np.zeros_like(parts)
    for place in accumulation.places:
        size = accumulation.crossbars_at(place)
        if size > per_pe:
            left = np.maximum(left, pieces)
        arriving = np.minimum(own * left, size)
        added = arriving * np.asarray(accumulation.cycles(place, columns))
        cycles = cycles + np.where(left > 1, added, 0)
        left = -(-left // size)
    way = accelerator.components.interconnect.head_cycles * isqrt(divided)
    return cycles + np.where(pieces > 1, way, 0)
