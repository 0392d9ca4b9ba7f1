"""Lower bounds from resources: all that a kind of resource must do, between a head and a tail.

[R] Work that starts at its head at the earliest, and is followed by its tail, takes at least the
smallest head + the time of all of it + the smallest tail; so does every part of the work (Carlier,
*The one-machine sequencing problem*, EJOR 1982, for one machine).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.bounds.chains import NEVER, Chains, latest, layer_of
from spatem_ir.geometry.network.dataflow import Node, NodeKind
from spatem_ir.geometry.shapes.grid import ou_operations

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

Times = NDArray[np.int64]

MOST_TAILS = 24
"""How many smallest tails are tried."""


class Work(NamedTuple):
    """Work for one kind of resource: heads, tails and amounts, arrays of equal length."""

    heads: Times
    tails: Times
    amounts: Times


def resource_bound(parts: list[Work], capacity: int, cycles: int = 1) -> int:
    """The largest bound of work that starts late and of work that is followed by much.

    `capacity` is the amount that all resources together do in `cycles` cycles, which nothing
    interrupts.  Work with a negative tail is not needed.  Work that starts together is summed; a
    start at which nothing of what counts begins gives no more than the next one at which it does.
    """
    if not parts:
        return 0
    heads, tails, amounts = (np.concatenate(column) for column in zip(*parts, strict=True))
    kept = (tails >= 0) & (amounts > 0)
    order = np.argsort(heads[kept])
    heads, tails, amounts = (column[kept][order] for column in (heads, tails, amounts))
    starts, first = np.unique(heads, return_index=True)
    least = np.unique(tails)
    chosen = np.unique(np.linspace(0, len(least) - 1, MOST_TAILS).astype(np.int64))
    bound = 0
    for tail in least[chosen].tolist() if len(least) else []:
        begun = np.add.reduceat(np.where(tails >= tail, amounts, 0), first)
        remaining = np.cumsum(begun[::-1])[::-1]
        busy = cycles * -(-remaining // capacity)
        bound = max(bound, int((starts + busy)[remaining > 0].max()) + tail)
    return bound


def window_operations(layer: Layer, accelerator: Accelerator) -> int:
    """The fewest OU operations of an output position: cutting a matrix never saves any (R1)."""
    operations = ou_operations(
        accelerator, layer.rows, layer.columns, layer.weight_bits, layer.input_bits
    )
    return layer.groups * operations


def row_operations(layer: Layer, accelerator: Accelerator) -> int:
    """OU operations in which a matrix row takes part for one window, in all groups (R1)."""
    return window_operations(layer, accelerator) // -(-layer.rows // accelerator.ou.wordlines)


def work_bound(chains: Chains) -> int:
    """All OU operations, spread evenly over all crossbars (R1: whole ones, one after the other).

    Windows of which no output needs all channels do not count.
    """
    accelerator = chains.accelerator
    operations = sum(
        int(chains.needed(node).sum()) * window_operations(layer_of(node), accelerator)
        for node in chains.dataflow.layers
    )
    units = accelerator.components.compute_unit
    return units.operation_cycles * -(-operations // accelerator.crossbars)


def crossbar_bound(chains: Chains) -> int:
    """OU operations between the fetch of their rows and what follows their windows.

    Proof.  An operation drives at most `ou.wordlines` rows, so of the operations of a window those
    with a row that is ready at t or later are at least the number of such rows / `ou.wordlines`;
    they start a fetch of one cycle after t at the earliest (R3).  Work is counted in rows: each
    operation is worth `ou.wordlines` of them, also where fewer are left.
    """
    accelerator = chains.accelerator
    ou = accelerator.ou
    parts = []
    for node in chains.dataflow.layers:
        layer, reads = layer_of(node), chains.reads[node.number]
        needed, tails = chains.needed(node), chains.operation_tail(node)
        positions, own_tails = reads.positions[needed], tails[needed]
        if not len(positions):
            continue
        times, operations = chains.row_times(node), row_operations(layer, accelerator)
        counts = np.bincount(positions[positions >= 0], minlength=len(times))
        following = -latest(positions, -own_tails, len(times))
        followed = np.where(counts > 0, following, NEVER)
        parts.append(Work(times + 1, followed, counts * reads.rows * operations))
        slots = len(positions) * -(-layer.rows // ou.wordlines) * ou.wordlines
        rest = slots - int(counts.sum()) * reads.rows
        head = 0 if (positions < 0).any() else int(times[positions].min())
        parts.append(
            Work(np.array([head + 1]), own_tails.min(keepdims=True), np.array([rest * operations]))
        )
    operation = accelerator.components.compute_unit.operation_cycles
    return resource_bound(parts, accelerator.crossbars * ou.wordlines, operation)


def fetch_bound(chains: Chains) -> int:
    """Operands over the ports of all PEs.

    Proof.  Equal requests share a fetch only if they are of one window (R2), so all activations of
    each window of each matrix are fetched once at least, with all their bits, from where they are
    ready (R3), and a visit of an operation at least follows.
    """
    components = chains.accelerator.components
    operation = components.compute_unit.operation_cycles
    parts = []
    for node in chains.dataflow.layers:
        layer, reads = layer_of(node), chains.reads[node.number]
        times = np.append(chains.row_times(node), 0)[reads.positions].min(axis=1)
        bits = np.full(node.positions, layer.groups * layer.rows * layer.input_bits)
        tails = chains.operation_tail(node) + operation
        parts.append(Work(times, tails, bits))
    port_bits = 8 * components.memory.port_bytes_per_cycle
    return resource_bound(parts, port_bits * chains.accelerator.pes)


def merge_bound(chains: Chains) -> int:
    """Partial sums through the adders of all CUs and PEs.

    Proof.  A matrix with more rows than a tile is cut, and the results of all its row parts, one
    value for each output channel, pass an adder each at least once (R5); they are valid a fetch, an
    operation and the pipeline after the first row of the window is ready (R3, R1, R4).
    """
    components = chains.accelerator.components
    units = components.compute_unit
    first = 1 + units.operation_cycles + units.pipeline_cycles
    parts = []
    for node in chains.dataflow.layers:
        layer, reads = layer_of(node), chains.reads[node.number]
        row_parts = -(-layer.rows // chains.steps[node.number].most_rows)
        times = np.append(chains.row_times(node), 0)[reads.positions].min(axis=1)
        values = np.full(node.positions, row_parts * node.shape[0] if row_parts > 1 else 0)
        parts.append(Work(times + first, chains.tails[node.number] + 1, values))
    return resource_bound(parts, components.accumulation.values_per_cycle)


def activation_bound(chains: Chains) -> int:
    """Values through the activation units of all PEs: outputs of layers, reads of operators (R6).

    A layer's output is ready a cycle after its activation begins at the earliest.
    """
    accelerator = chains.accelerator
    parts = [
        Work(
            chains.ready[node.number] - 1,
            chains.tails[node.number],
            np.full(node.positions, node.shape[0]),
        )
        for node in chains.dataflow.layers
    ]
    parts += [_reads(chains, n) for n in chains.dataflow.nodes if n.kind is NodeKind.ACTIVATE]
    per_pe = accelerator.components.digital.values_per_cycle(pooling=False)
    return resource_bound(parts, per_pe * accelerator.pes)


def pooling_bound(chains: Chains) -> int:
    """Values through the pooling units of all PEs (R6)."""
    accelerator = chains.accelerator
    parts = [_reads(chains, n) for n in chains.dataflow.nodes if n.kind is NodeKind.POOL]
    per_pe = accelerator.components.digital.values_per_cycle(pooling=True)
    return resource_bound(parts, per_pe * accelerator.pes)


def _reads(chains: Chains, node: Node) -> Work:
    """The values that a digital operator reads, all slices together read each channel once."""
    values = np.zeros(node.positions, np.int64)
    for reach in node.reaches:
        channels = reach.channels.indices()
        values += (reach.positions() >= 0).sum(axis=1) * len(np.unique(channels[channels >= 0]))
    return Work(chains.inputs_ready(node), chains.tails[node.number], values)
