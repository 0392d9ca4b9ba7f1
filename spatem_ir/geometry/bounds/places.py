"""Lower bounds from where things can be: cells for copies, and the way out of the port's PE.

[R] Both ask how much could be done within a latency; the bound is the least latency that suffices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatem_ir.geometry.bounds.chains import Chains
from spatem_ir.geometry.bounds.loads import row_operations
from spatem_ir.geometry.bounds.maps import Times
from spatem_ir.geometry.bounds.reads import layer_of
from spatem_ir.geometry.bounds.steps import cells_of
from spatem_ir.geometry.network.dataflow import Node

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.layer import Layer


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


def entry_bound(chains: Chains) -> int:
    """The latency for which the input can leave the PE of the port.

    Proof.  Inputs enter at the port's PE (R9).  A piece of the input crosses none of the links of a
    cut only if all operations that read it are in the crossbars of the PEs within it: each reads at
    most `ou.wordlines` rows (R1), and their time is the latency without the least head and tail.
    All other pieces take one of the links, one after the other (R8); after the last has got its
    link come the way of its head, its further bytes, a fetch (R3), an operation, its tail, and if
    the end is at the port a way back.
    """
    accelerator = chains.accelerator
    ou, interconnect = accelerator.ou, accelerator.components.interconnect
    reads = input_reads(chains)
    if reads is None or not interconnect.cuts:
        return 0
    needed_rows = np.cumsum(np.sort(reads.rows))
    cycles = interconnect.least_cycles(reads.size)
    operation = accelerator.components.compute_unit.operation_cycles
    fixed = reads.first + interconnect.least_transit(reads.size) + reads.after
    if chains.returns is not None:
        fixed += int(chains.returns[chains.returns > 0].min())

    def sent(latency: int, crossbars: int) -> int:
        """The fewest pieces that some crossbars must leave to others."""
        time = max(latency - reads.first - reads.after + operation, 0)
        rows = crossbars * ou.wordlines * time // operation
        return len(needed_rows) - int(np.searchsorted(needed_rows, rows, side="right"))

    def suffices(latency: int) -> bool:
        leaving = max(
            -(-sent(latency, cut.pes * accelerator.crossbars_per_pe) // cut.links)
            for cut in interconnect.cuts
        )
        return not leaving or fixed + (leaving - 1) * cycles <= latency

    return least_latency(suffices)


class InputReads(NamedTuple):
    """What layers read of the pieces of the input.

    `rows` are the rows · operations in which each piece takes part, of those that layers read;
    a piece has `size` bytes at least; none is there before `first`; and the inference goes on for
    `after` cycles once a piece has arrived elsewhere.
    """

    rows: Times
    size: int
    first: int
    after: int


def input_reads(chains: Chains) -> InputReads | None:
    """What layers read of the input, position by position; None if nothing."""
    accelerator, inputs = chains.accelerator, chains.dataflow.inputs
    rows = {node.number: np.zeros(node.positions, np.int64) for node in inputs}
    tails = []
    for node in chains.layers:
        reads, needed = chains.steps.reads[node.number], chains.needed(node)
        if reads.source not in rows or not needed.any():
            continue
        counts = reads.windows.total(needed.astype(np.int64))
        operations = row_operations(layer_of(node), accelerator, node.shape[0])
        rows[reads.source] += counts * reads.rows * operations
        tails.append(int(chains.operation_tail(node)[needed].min()))
    inputs = [node for node in inputs if rows[node.number].any()]
    if not inputs:
        return None
    read = [rows[node.number] > 0 for node in inputs]
    times = [chains.heads.ready[node.number][some] for node, some in zip(inputs, read, strict=True)]
    return InputReads(
        rows=np.concatenate([rows[n.number][some] for n, some in zip(inputs, read, strict=True)]),
        size=min(node.piece_bytes(0) for node in inputs),
        first=min(int(ready.min()) for ready in times),
        after=1 + accelerator.components.compute_unit.operation_cycles + min(tails),
    )
