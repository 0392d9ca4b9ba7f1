"""What nodes have in buffers, and how many bytes of it at most while lags are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Node, NodeKind
from spatem_ir.geometry.safety.phases import PIECES, SUMS
from spatem_ir.geometry.safety.residents import Deployed, Residents, meeting_sums, resident_pieces

Ints = NDArray[np.int64]
Pair = tuple[int, int]
"""A producer and a reader, by number."""

BLOCKS_PER_BUFFER = 64
"""A buffer has room for so many blocks of a node, unless single positions take more."""


@dataclass(frozen=True, eq=False)
class Held:
    """Bytes in blocks before each block, in the buffers of PEs, and whose progress frees them."""

    node: Node
    what: str
    pes: Ints
    sums: Ints
    readers: tuple[int, ...]
    reads: NDArray[np.bool_]

    @staticmethod
    def of(node: Node, what: str, held: Residents, blocks: int) -> Held:
        by_block = held.bytes.reshape(len(held.pes), blocks, node.positions // blocks).sum(axis=2)
        sums = np.zeros((len(held.pes), blocks + 1), np.int64)
        np.cumsum(by_block, axis=1, out=sums[:, 1:])
        return Held(node, what, held.pes, sums, held.readers, held.reads)

    def most(self, lags: dict[Pair, int]) -> Ints:
        """The most bytes of so many blocks in a row as the lags of a PE's readers say: [PEs]."""
        own = [lags[self.node.number, reader] for reader in self.readers]
        longest = np.where(self.reads, np.array(own, np.int64)[None, :], 0).max(axis=1, initial=0)
        most = np.zeros(len(self.pes), np.int64)
        for lag in set(own):
            here = longest == lag
            sums = self.sums if here.all() else self.sums[here]
            if len(sums):
                most[here] = (sums[:, lag:] - sums[:, :-lag]).max(axis=1)
        return most


class Resident(NamedTuple):
    """What a node has in buffers: pieces or sums."""

    node: Node
    what: str
    residents: Residents


def held_on(deployed: Deployed) -> list[Resident] | None:
    """What all nodes have in buffers; None if all of it together fits."""
    if most_bytes(deployed) <= deployed.accelerator.components.memory.buffer_bytes:
        return None
    held: list[Resident] = []
    for node in deployed.dataflow.nodes:
        held.append(Resident(node, PIECES, resident_pieces(deployed, node)))
        if node.kind is NodeKind.LAYER:
            held.append(Resident(node, SUMS, meeting_sums(deployed, node)))
    whole = np.zeros(deployed.accelerator.pes, np.int64)
    for part in held:
        whole[part.residents.pes] += part.residents.bytes.sum(axis=1)
    return held if whole.max() > deployed.accelerator.components.memory.buffer_bytes else None


def most_bytes(deployed: Deployed) -> int:
    """Bytes that no buffer ever exceeds: of all pieces, and of all contributions to them.

    A contribution is at most at one PE that adds it, and its sum at the piece's home.
    """
    total, sum_bytes = 0, deployed.accelerator.components.accumulation.sum_bytes
    for node in deployed.dataflow.nodes:
        sizes = sum(node.piece_bytes(part) for part in range(len(node.slices)))
        total += node.positions * sizes
        if node.grid is not None:
            met = 2 * node.grid.hwm * node.grid.ib * node.shape[0]
            total += node.positions * met * sum_bytes
    return total


def block_widths(held: list[Resident], size: int) -> dict[int, int]:
    """The positions of a block of each node: a row, or parts of one that take few bytes.

    What leaves to come back leaves block by block of what it is.
    """
    most = dict[int, int]()
    for node, _, residents in held:
        bytes_ = int(residents.bytes.max(initial=0))
        most[node.number] = max(most.get(node.number, 1), bytes_)
    widths = {}
    for node, _, _ in held:
        columns = node.shape[2] if node.shape[1] > 1 else 1
        fitting = max(size // (BLOCKS_PER_BUFFER * most[node.number]), 1)
        parts = next(
            n for n in range(1, columns + 1) if columns % n == 0 and columns // n <= fitting
        )
        widths[node.number] = columns // parts
    for store in {node.store for node, _, _ in held if node.store is not None}:
        (source,) = next(node.sources for node, _, _ in held if node.number == store)
        widths[store] = widths[source]
    return widths
