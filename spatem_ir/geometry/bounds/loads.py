"""Loads: all that a kind of resource must do, between heads and tails.

[R] Work that starts at its head at the earliest, and is followed by its tail, takes at least the
smallest head + the time of all of it + the smallest tail; so does every part of the work (Carlier,
*The one-machine sequencing problem*, EJOR 1982, for one machine).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatem_ir.geometry.bounds.chains import Chains
from spatem_ir.geometry.bounds.maps import Times
from spatem_ir.geometry.bounds.reads import layer_of, values_read
from spatem_ir.geometry.network.dataflow import Node, NodeKind
from spatem_ir.geometry.network.decided import can_work_by_rows
from spatem_ir.geometry.shapes.grid import ou_operations

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

LATE = 2**40
"""Later than anything."""

MOST_HEADS = 512
"""How many smallest heads are tried."""

MOST_TAILS = 24
"""How many smallest tails are tried."""


class Work(NamedTuple):
    """Work for one kind of resource: heads, tails and amounts, arrays of equal length."""

    heads: Times
    tails: Times
    amounts: Times

    @classmethod
    def of(cls, parts: list[Work]) -> Work:
        """All of some parts that is needed: there is some, and its tail is not negative."""
        if not parts:
            return cls(*(np.zeros(0, np.int64) for _ in range(3)))
        heads, tails, amounts = (np.concatenate(column) for column in zip(*parts, strict=True))
        kept = (tails >= 0) & (amounts > 0)
        return cls(heads[kept], tails[kept], amounts[kept])

    def later(self, cycles: int) -> Work:
        """The same work, followed by so much more."""
        return self._replace(tails=self.tails + cycles)


class LoadBound(NamedTuple):
    """How long some work takes at least: from `head` on until all is done, in `cycles` cycles."""

    cycles: int
    head: int


@dataclass(frozen=True)
class Load:
    """Work for a kind of resource.

    `capacity` is the amount that all resources of the kind, which are spread evenly over the PEs,
    together do in `cycles` cycles, which nothing interrupts.  Much may start at once at the
    `events`.  After work in each PE come `returns` cycles, if they are given, besides the tail.
    """

    work: Work
    capacity: int
    cycles: int = 1
    events: tuple[int, ...] = ()
    returns: Times | None = None

    def bound(self) -> LoadBound:
        """The largest bound of the parts that start late and are followed by much."""
        heads, tails, amounts = self._parts
        if not len(heads):
            return LoadBound(0, 0)
        remaining = amounts[::-1, ::-1].cumsum(axis=0).cumsum(axis=1)[::-1, ::-1]
        ends = np.where(remaining > 0, heads[:, None] + self.least_cycles(remaining) + tails, 0)
        head, tail = np.unravel_index(ends.argmax(), ends.shape)
        return LoadBound(int(ends[head, tail]), int(heads[head]))

    def least_cycles(self, amounts: Times) -> Times:
        """The least times from the head of some amounts of work to their tail.

        Within T cycles a PE whose results take d cycles back finishes ⌊(T − d) / `cycles`⌋ times
        what its resources do at once.  From the longest way back on, `cycles` more cycles are one
        more for each PE.
        """
        if self.returns is None:
            return self.cycles * -(-amounts // self.capacity)
        pes = len(self.returns)
        distances, counts = np.unique(self.returns, return_counts=True)
        whole = int(distances[-1]) + self.cycles

        def done(times: Times) -> Times:
            """What all PEs have done at some times, in units of what they do at once."""
            return (np.maximum(times[:, None] - distances, 0) // self.cycles) @ counts

        wanted = -(-amounts * pes // self.capacity)
        more = np.maximum(-(-(wanted - done(np.array([whole]))) // pes), 0)
        left, which = np.unique(wanted - more * pes, return_inverse=True)
        early, late = np.zeros_like(left), np.full_like(left, whole)
        while (early < late).any():
            middle = (early + late) // 2
            enough = done(middle) >= left
            early, late = np.where(enough, early, middle + 1), np.where(enough, middle, late)
        return more * self.cycles + late[which].reshape(amounts.shape)

    def with_work(self, work: Work) -> Load:
        """More work of the same kind."""
        return replace(self, work=Work.of([self.work, work]))

    def rounded(self) -> Work:
        """The work with heads and tails rounded down to those that are tried."""
        heads, tails, amounts = self._parts
        head, tail = np.nonzero(amounts)
        return Work(heads[head], tails[tail], amounts[head, tail])

    @cached_property
    def _parts(self) -> tuple[Times, Times, Times]:
        """Heads, tails, and the work [heads, tails] of which these are the largest not above."""
        heads = chosen(self.work.heads, MOST_HEADS, self.events)
        tails = chosen(self.work.tails, MOST_TAILS)
        head = np.searchsorted(heads, self.work.heads, side="right") - 1
        tail = np.searchsorted(tails, self.work.tails, side="right") - 1
        amounts = np.zeros((len(heads), len(tails)), np.int64)
        np.add.at(amounts, (head, tail), self.work.amounts)
        return heads, tails, amounts


def chosen(values: Times, most: int, events: Sequence[int] = ()) -> Times:
    """At most so many of some values, ascending, the smallest one among them.

    In addition the first one not before each of some events.
    """
    different = np.unique(values)
    if len(different) <= most:
        return different
    some = np.linspace(0, len(different) - 1, most).astype(np.int64)
    later = np.searchsorted(different, events).clip(max=len(different) - 1).astype(np.int64)
    return different[np.union1d(some, later)]


def window_operations(layer: Layer, accelerator: Accelerator) -> int:
    """The fewest OU operations of an output position: cutting a matrix never saves any (R1)."""
    row_parts = -(-layer.rows // accelerator.ou.wordlines)
    return row_parts * row_operations(layer, accelerator, layer.out_channels)


def row_operations(layer: Layer, accelerator: Accelerator, channels: int) -> int:
    """OU operations in which a matrix row takes part for one window and so many outputs (R1).

    The outputs are channels of as few groups as possible.
    """
    columns = min(channels, layer.columns)
    operations = ou_operations(accelerator, 1, columns, layer.weight_bits, layer.input_bits)
    return -(-channels // layer.columns) * operations


def work_bound(chains: Chains) -> int:
    """All OU operations, spread evenly over all crossbars (R1: whole ones, one after the other).

    Windows of which no output needs all channels do not count.
    """
    accelerator = chains.accelerator
    operations = sum(
        int(chains.needed(node).sum()) * window_operations(layer_of(node), accelerator)
        for node in chains.layers
    )
    units = accelerator.components.compute_unit
    return units.operation_cycles * -(-operations // accelerator.crossbars)


def crossbar_load(chains: Chains) -> Load:
    """OU operations between the fetch of their rows and what follows their windows.

    Proof.  An operation drives at most `ou.wordlines` rows, so of the operations of a window those
    with a row that is ready at t or later are at least the number of such rows / `ou.wordlines`,
    rounded up; they start a fetch of one cycle after t at the earliest (R3).  Work is counted in
    rows: each operation is worth `ou.wordlines` of them, also where fewer are left.  What is
    missing of the operations that have a row which is no padding (:mod:`covers`) counts from the
    first row of the window on; operations that may have only padding count from the start on.
    """
    accelerator = chains.accelerator
    lines = accelerator.ou.wordlines
    parts = []
    for node in chains.layers:
        layer, reads = layer_of(node), chains.steps.reads[node.number]
        windows, needed = reads.windows, chains.needed(node)
        tails = np.where(needed, chains.operation_tail(node), LATE)
        times = chains.heads.row_times(node)
        operations = row_operations(layer, accelerator, chains.channels(node))
        rows = windows.total(needed.astype(np.int64)) * reads.rows
        parts.append(Work(times + 1, windows.earliest(tails), rows * operations))
        rows = windows.positions_read * reads.rows
        whole = chains.steps.covers[node.number] * lines
        first = windows.of_windows(times, np.minimum, LATE)
        parts.append(Work(first + 1, tails, needed * (whole - rows) * operations))
        padded = -(-layer.rows // lines) * lines - whole
        parts.append(Work(np.ones_like(first), tails, needed * padded * operations))
    operation = accelerator.components.compute_unit.operation_cycles
    capacity = accelerator.crossbars * lines
    return Load(Work.of(parts), capacity, operation, returns=chains.returns)


def fetch_load(chains: Chains) -> Load:
    """Operands over the ports of all PEs, or over the buses to a memory that they share (R13).

    Proof.  Equal requests share a fetch only if they are of one window (R2), so all activations of
    each window of each matrix are fetched once at least, with all their bits, from where they are
    ready (R3), and a visit of an operation at least follows.
    """
    components = chains.accelerator.components
    operation = components.compute_unit.operation_cycles
    parts = []
    for node in chains.layers:
        layer = layer_of(node)
        groups = -(-chains.channels(node) // layer.columns)
        bits = np.full(node.positions, groups * layer.rows * layer.input_bits)
        tails = chains.operation_tail(node) + operation
        parts.append(Work(chains.window_heads(node), tails, bits))
    port_bits = 8 * components.compute_unit.most_bytes_per_cycle(components.memory)
    ports = components.memory.ports(chains.accelerator.pes)
    return Load(Work.of(parts), port_bits * ports, returns=chains.returns)


def merge_load(chains: Chains) -> Load:
    """Partial sums through the adders of all CUs and PEs.

    Proof.  A matrix with more rows than a tile is cut, and the results of all its row parts, one
    value for each output channel, pass an adder each at least once (R5); they are valid a fetch, an
    operation and the pipeline after the first row of the window is ready (R3, R1, R4).
    """
    components = chains.accelerator.components
    units = components.compute_unit
    first = 1 + units.operation_cycles + units.pipeline_cycles
    parts = []
    for node in chains.layers:
        row_parts = -(-layer_of(node).rows // chains.steps.layers[node.number].most_rows)
        values = np.full(node.positions, row_parts * chains.channels(node) if row_parts > 1 else 0)
        heads, tails = chains.window_heads(node), chains.tails.some[node.number]
        parts.append(Work(heads + first, tails + 1, values))
    capacity = components.accumulation.values_per_cycle
    return Load(Work.of(parts), capacity, returns=chains.returns)


def activation_load(chains: Chains) -> Load:
    """Values through the activation units of all PEs: outputs of layers, reads of operators (R6).

    A layer's output is ready a cycle after its activation begins at the earliest.
    """
    accelerator = chains.accelerator
    parts = [
        Work(
            chains.heads.ready[node.number] - 1,
            chains.tails.some[node.number],
            np.full(node.positions, chains.channels(node)),
        )
        for node in chains.layers
    ]
    parts += [_reads(chains, n) for n in chains.nodes if n.kind is NodeKind.ACTIVATE]
    per_pe = accelerator.components.digital.values_per_cycle(pooling=False)
    return Load(Work.of(parts), per_pe * accelerator.pes, returns=chains.returns)


def pooling_load(chains: Chains) -> Load:
    """Values through the pooling units of all PEs (R6).

    A pooling over a whole map may work by rows, each of which is worked on once it is there.
    """
    accelerator = chains.accelerator
    parts = []
    for node in chains.nodes:
        if can_work_by_rows(node):
            rows = chains.heads.rows_ready(node)
            values = np.full(len(rows), int(values_read(node)[0]) // len(rows))
            parts.append(Work(rows, np.repeat(chains.tails.some[node.number], len(rows)), values))
        elif node.kind is NodeKind.POOL:
            parts.append(_reads(chains, node))
    per_pe = accelerator.components.digital.values_per_cycle(pooling=True)
    return Load(Work.of(parts), per_pe * accelerator.pes, returns=chains.returns)


def _reads(chains: Chains, node: Node) -> Work:
    """The values that a digital operator reads, all slices together read each channel once."""
    tails = chains.tails.some[node.number]
    return Work(chains.heads.inputs_ready(node), tails, values_read(node))


LOADS: dict[str, Callable[[Chains], Load]] = {
    "crossbars": crossbar_load,
    "fetch": fetch_load,
    "merging": merge_load,
    "activation": activation_load,
    "pooling": pooling_load,
}
"""The load of each kind of resource, by the name of the bound that follows from it."""
