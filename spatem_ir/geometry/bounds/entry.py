"""The lower bound of the input's entry: its way out of the PE of the chip's port.

[R] It asks how much of the input could stay in that PE within a latency, and how much could leave;
the bound is the least latency that suffices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.bounds.chains import Chains
from spatem_ir.geometry.bounds.least import least_latency
from spatem_ir.geometry.bounds.loads import row_operations
from spatem_ir.geometry.bounds.maps import MapWindows, Times
from spatem_ir.geometry.bounds.reads import layer_of
from spatem_ir.geometry.network.dataflow import Node

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.window import Axis
    from spatem_ir.hardware.interconnect.interconnect import PortCut


class InputReads(NamedTuple):
    """What layers read of the pieces of the input.

    `rows` are the rows · operations in which each piece takes part, of those that layers read;
    a piece has `size` bytes at least; none is there before `first`; and the inference goes on for
    `after` cycles once a piece has arrived elsewhere, or a partial sum for `after_sum`.
    """

    rows: Times
    size: int
    first: int
    after: int
    after_sum: int


def entry_bound(chains: Chains) -> int:
    """The latency for which the input can leave the PE of the port.

    Proof.  Inputs enter at the port's PE (R9).  A piece of the input crosses none of the links of a
    cut only if all operations that read it are in the crossbars of the PEs within it, which *keep*
    it: each reads at most `ou.wordlines` rows (R1), and their time is the latency without the least
    head and tail.  All other pieces take one of the links, one after the other (R8); after the last
    has got its link come the way of its head, its further bytes, a fetch (R3), an operation, its
    tail, and if the end is at the port a way back.

    Of what the port's PE alone keeps, it adds something to all values of each window that reads it
    (:func:`touched_values`).  It activates these values in its own units, or partial sums of them
    leave over the same links (R5).

    Nothing is claimed of a memory that PEs share (R13), from which operands come piece by piece or
    many pieces at once.
    """
    reads = input_reads(chains)
    components = chains.accelerator.components
    cuts = components.interconnect.cuts
    if reads is None or not cuts or components.memory.is_shared:
        return 0
    touched = touched_values(chains, len(reads.rows))
    ways = [_WayOut(chains, reads, cut, touched if cut.pes == 1 else []) for cut in cuts]
    return least_latency(lambda latency: all(way.suffices(latency) for way in ways))


class _WayOut:
    """What crosses the links of a cut, for all numbers of pieces that are kept within it."""

    def __init__(self, chains: Chains, reads: InputReads, cut: PortCut, touched: list[Times]):
        accelerator = chains.accelerator
        self.components = accelerator.components
        self.reads, self.cut, self.touched = reads, cut, touched
        self.rows = np.append(0, np.cumsum(np.sort(reads.rows)))
        self.lines = cut.pes * accelerator.crossbars_per_pe * accelerator.ou.wordlines
        interconnect = self.components.interconnect
        self.cycles = cut.group.cycles(reads.size)
        self.sent = len(reads.rows) - np.arange(len(self.rows))
        back = 0
        if chains.returns is not None:
            back = int(chains.returns[chains.returns > 0].min())
        heads = cut.hops * interconnect.head_cycles
        following = -(-reads.size // cut.group.bytes_per_cycle)
        self.after_piece = heads + following - 1 + reads.after + back
        self.after_sum = heads - 1 + reads.after_sum + back

    def suffices(self, latency: int) -> bool:
        """Whether some number of pieces can be kept so that all others leave in time."""
        time, operation = latency - self.reads.first, self.components.compute_unit.operation_cycles
        computing = max(time - self.reads.after + operation, 0)
        possible = self.rows <= self.lines * computing // operation
        last = np.maximum(-(-self.sent // self.cut.links) - 1, 0) * self.cycles
        possible &= (self.sent == 0) | (last + self.after_piece <= time)
        for values in self.touched:
            sums = self.sum_cycles(values, time)
            taken = -(-(self.sent * self.cycles + sums) // self.cut.links)
            possible &= (sums == 0) | (taken + self.after_sum <= time)
        return bool(possible.any())

    def sum_cycles(self, values: Times, time: int) -> Times:
        """The link cycles of values that the port's PE does not activate, by pieces kept."""
        units = self.components.digital.values_per_cycle(pooling=False)
        leaving = np.maximum(values - units * max(time - self.reads.after_sum, 0), 0)
        sizes = leaving * self.components.accumulation.sum_bytes
        return sizes // self.cut.group.bytes_per_cycle


def input_reads(chains: Chains) -> InputReads | None:
    """What layers read of the input, position by position; None if nothing."""
    accelerator, inputs = chains.accelerator, chains.dataflow.inputs
    rows = {node.number: np.zeros(node.positions, np.int64) for node in inputs}
    tails, sum_tails = [], []
    for node in _readers(chains):
        reads, needed = chains.steps.reads[node.number], chains.needed(node)
        assert reads.source is not None
        counts = reads.windows.total(needed.astype(np.int64))
        operations = row_operations(layer_of(node), accelerator, node.shape[0])
        rows[reads.source] += counts * reads.rows * operations
        tails.append(int(chains.operation_tail(node)[needed].min()))
        sum_tails.append(int(chains.tails.some[node.number][needed].min()))
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
        after_sum=1 + min(sum_tails),
    )


def _readers(chains: Chains) -> list[Node]:
    """The layers that read the input, some window of which is needed."""
    inputs = {node.number for node in chains.dataflow.inputs}
    return [
        node
        for node in chains.layers
        if chains.steps.reads[node.number].source in inputs and chains.needed(node).any()
    ]


def touched_values(chains: Chains, pieces: int) -> list[Times]:
    """The fewest values that layers make of kept pieces, whichever these are.

    For each layer an array by number of pieces, from none to all.

    Proof.  If each piece is dealt to windows that read it, in shares of at most one in all, and no
    window gets more than `most`, then the windows that read some pieces are at least their shares /
    `most`.  Pieces with the smallest shares count first; those that a layer does not read have
    none.  All channels of a layer without groups read each piece.
    """
    found = []
    for node in _readers(chains):
        layer, windows = layer_of(node), chains.steps.reads[node.number].windows
        if layer.groups > 1 or layer.region is not None or not chains.needed(node).all():
            continue
        shares, most = dealt(windows)
        others = np.zeros(max(pieces - len(shares), 0))
        dealt_out = np.cumsum(np.sort(np.concatenate([others, shares]))[:pieces])
        values = np.floor(dealt_out / most * (1 - 1e-9)) * node.shape[0]
        found.append(np.append(0, values.astype(np.int64)))
    return found


def dealt(windows: MapWindows) -> tuple[NDArray[np.float64], float]:
    """How much of each position is dealt to windows that read it, and the most that one gets.

    In raster order; both are products of what is dealt along rows and along columns.
    """
    (rows, most_rows), (columns, most_columns) = map(_dealt, (windows.rows, windows.columns))
    return np.outer(rows, columns).reshape(-1), most_rows * most_columns


def _dealt(axis: Axis) -> tuple[NDArray[np.float64], float]:
    """What is dealt along an axis: position y to the windows in the stretch from y to y + 1.

    Windows are stretched so that they are as long as the axis; those that do not read the position
    get nothing of it.
    """
    starts = np.arange(axis.extent)[:, None] * (axis.results / axis.extent)
    windows = np.arange(axis.results)
    overlap = np.minimum(starts + axis.results / axis.extent, windows + 1) - np.maximum(
        starts, windows
    )
    shares = overlap.clip(min=0) * (axis.extent / axis.results)
    reads = np.zeros(shares.shape, np.bool_)
    indices = axis.indices()
    inside = indices >= 0
    reads[indices[inside], np.nonzero(inside)[0]] = True
    shares = shares * reads
    return shares.sum(axis=1), float(shares.sum(axis=0).max())
