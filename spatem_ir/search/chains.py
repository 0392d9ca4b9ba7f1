"""What one window costs from its last input to its results, for all cuts of a layer at once.

It is what a layer adds to the latency where there is little work: an operand is fetched, a visit
runs, contributions are added one after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.shapes.grid import ou_operations

if TYPE_CHECKING:
    from spatem_ir.geometry.estimate.candidates import LayerCandidates
    from spatem_ir.hardware.accelerator import Accelerator


def shortest_chain(
    candidates: LayerCandidates, accelerator: Accelerator, pes: int, work: float
) -> tuple[tuple[int, ...], int]:
    """The cuts with the shortest chain, by their numbers, and on how many PEs they stand.

    Column blocks are dealt to at most so many `pes`.  A chain is that of all blocks of a PE at
    once: the fetches of its tiles, a visit, the sums in a CU, a PE and at home, the activations.
    `work` is the weight of the cycles for which a crossbar works.  No candidate has more tiles than
    the chip has crossbars, if there is one with so few.
    """
    layer, components = candidates.layer, accelerator.components
    choices = candidates.choices
    (h, w, i, b), (rows, columns, windows, bits) = candidates.cuts
    operations = ou_operations(accelerator, rows, columns, layer.weight_bits, bits)
    visit = np.asarray(components.compute_unit.visit_cycles(operations))
    blocks, parts = layer.matrices * w * i, h * b
    used = np.minimum(pes, blocks)
    own = -(-blocks // used)
    tiles = own * parts
    fetch = components.compute_unit.fetch_cycles(-(-rows * bits // 8), components.memory)
    chain = visit + tiles * np.asarray(fetch)
    for place in components.accumulation.places:
        size = components.accumulation.crossbars_at(place)
        merged = -(-parts // size)
        arriving = np.minimum(own * parts, size if size < accelerator.crossbars_per_pe else tiles)
        cycles = arriving * np.asarray(components.accumulation.cycles(place, columns))
        chain = chain + np.where(merged < parts, cycles, 0)
        parts = merged
    chain = chain + own * columns // components.digital.values_per_cycle(pooling=False)
    all_tiles = blocks * h * b
    is_large = all_tiles > accelerator.crossbars
    best = np.lexsort((all_tiles, chain + work * windows * visit, is_large))[0]
    return tuple(choices[best].tolist()), int(used[best])
