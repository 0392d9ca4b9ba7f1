"""The lower bound of copies: how many copies of all layers the chip has cells for.

[R] It is the least latency for which enough of them fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatem_ir.geometry.bounds.chains import Chains
from spatem_ir.geometry.bounds.least import least_latency
from spatem_ir.geometry.bounds.reads import layer_of
from spatem_ir.geometry.bounds.steps import cells_of
from spatem_ir.geometry.network.dataflow import Node

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.layer import Layer


def copies_bound(chains: Chains) -> int:
    """The latency for which the copies of all layers fit into the chip's cells.

    Proof.  A cell takes part in one operation at a time (R1).  With i copies by windows and b by
    bits, a weight of the largest part serves ⌈windows / i⌉ windows in ⌈⌈bits / b⌉ / `dac_bits`⌉
    operations each, after the layer's head and before its tail; i · b copies take as many times
    the layer's cells, and all layers are in the chip at once.
    """
    accelerator = chains.accelerator
    cells = accelerator.crossbars * accelerator.cells_per_crossbar
    layers = chains.layers
    own = [cells_of(layer_of(node), accelerator) for node in layers]
    around = [_around(chains, node) for node in layers]
    if sum(own) > cells:
        return 0

    def suffices(latency: int) -> bool:
        total = 0
        for node, size, fixed in zip(layers, own, around, strict=True):
            operations = (latency - fixed) // accelerator.components.compute_unit.operation_cycles
            windows = needed_windows(chains, node)
            copies = least_copies(layer_of(node), windows, operations, accelerator.ou.dac_bits)
            if copies is None:
                return False
            total += copies * size
        return total <= cells

    return least_latency(suffices)


def least_copies(layer: Layer, windows: int, operations: int, dac_bits: int) -> int | None:
    """The fewest copies of a layer that serve some windows in a number of operations per cell.

    None if no number of copies does.
    """
    if windows == 0:
        return 1
    found = None
    for bit_parts in range(1, layer.input_bits + 1):
        bits = -(-layer.input_bits // bit_parts)
        per_window = -(-bits // dac_bits)
        served = operations // per_window
        if served > 0:
            copies = bit_parts * -(-windows // served)
            found = copies if found is None else min(found, copies)
    return found


def needed_windows(chains: Chains, node: Node) -> int:
    """The fewest windows of a matrix of a layer that the outputs need."""
    layer, needed = layer_of(node), chains.needed(node)
    if layer.region is None or needed.all():
        return layer.windows if needed.all() else int(needed.sum())
    return 0


def _around(chains: Chains, node: Node) -> int:
    """The least time before and after the operations of a layer."""
    needed = chains.needed(node)
    if not needed.any():
        return 0
    head = int(chains.window_heads(node)[needed].min())
    return head + 1 + int(chains.operation_tail(node)[needed].min())
