"""What buffers can hold at most, whatever the timing (rule R10): a sound bound.

A piece is in a buffer only after its position has begun, and until all its readers there have read
it.  Say position p is the last of a node that has begun.  Then what it waits for has come as far as
it says, and the positions whose readers are among what is finished thereby are no longer in the
buffer: what remains are positions from some g(p) to p.  Likewise, sums that meet are those of
positions that have begun and are not finished.  The bound adds up, over all nodes that can have
something in buffers in a phase (see :mod:`phases`), the most bytes of such a stretch of positions
in a PE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Node, NodeKind
from spatem_ir.geometry.network.links import Link, link
from spatem_ir.geometry.network.waits import Wait
from spatem_ir.geometry.safety.phases import PIECES, SUMS, barriers, is_in, phases
from spatem_ir.geometry.safety.residents import Deployed, Residents, meeting_sums, resident_pieces
from spatem_ir.geometry.shapes.distinct import distinct_rows

Ints = NDArray[np.int64]

SUMS_AT_ONCE = 1 << 22
"""Sums over positions that are computed at once, for as many PEs as that is."""


@dataclass(frozen=True)
class Share:
    """What a node can have in the buffer of a PE at once: bytes of pieces or of partial sums."""

    node: Node
    what: str
    bytes: int


class _Part(NamedTuple):
    """The most bytes that a node can have in the buffers of some PEs."""

    node: Node
    what: str
    pes: Ints
    most: Ints


class Occupancy:
    """Upper bounds on what buffers hold, for one image in flight.

    `bytes` has the bound of each PE: shape [PEs].
    """

    def __init__(self, deployed: Deployed, waits: Sequence[Wait]):
        self.deployed = deployed
        self.dataflow = deployed.dataflow
        self.until = {(wait.node, wait.other): wait.until for wait in waits}
        self.links: dict[tuple[int, int], Link] = {}
        self.phases = phases(self.dataflow, barriers(self.dataflow, waits))
        self.parts: list[_Part] = []
        for node in self.dataflow.nodes:
            pieces = resident_pieces(deployed, node)
            lowest = [self.lowest_read(node, reader) for reader in pieces.readers]
            self.add(node, PIECES, pieces, lowest)
            if node.kind is NodeKind.LAYER:
                sums = meeting_sums(deployed, node)
                self.add(node, SUMS, sums, [self.lowest_unfinished(node)])
        by_phase = np.zeros((len(self.phases), deployed.accelerator.pes), np.int64)
        for held, phase in zip(by_phase, self.phases, strict=True):
            for part in self.parts:
                if is_in(part.node, part.what, phase):
                    held[part.pes] += part.most
        self.bytes = by_phase.max(axis=0)
        self.worst = by_phase.argmax(axis=0)

    def shares(self, pe: int) -> list[Share]:
        """What makes up the bound of a PE, the largest first."""
        phase = self.phases[self.worst[pe]]
        found = [
            Share(part.node, part.what, int(part.most[np.searchsorted(part.pes, pe)]))
            for part in self.parts
            if pe in part.pes and is_in(part.node, part.what, phase)
        ]
        return sorted(found, key=lambda share: -share.bytes)

    def add(self, node: Node, what: str, held: Residents, lowest: list[Ints]) -> None:
        """Add the most bytes of a stretch from a lowest position to each that has begun.

        `lowest` is given by reader; a PE's stretch starts at the lowest of its readers.
        """
        if not len(held.pes):
            return
        first, group = distinct_rows(held.reads)
        most = np.zeros(len(held.pes), np.int64)
        for number, readers in enumerate(held.reads[first]):
            chosen = [low for low, reads in zip(lowest, readers, strict=True) if reads]
            start = np.minimum.reduce(chosen)
            ends = np.flatnonzero(np.append(np.diff(start) != 0, True))
            here = np.flatnonzero(group == number)
            pes_at_once = max(1, SUMS_AT_ONCE // (node.positions + 1))
            for at in range(0, len(here), pes_at_once):
                some = here[at : at + pes_at_once]
                sums = np.zeros((len(some), node.positions + 1), np.int64)
                np.cumsum(held.bytes[some], axis=1, out=sums[:, 1:])
                most[some] = (sums[:, ends + 1] - sums[:, start[ends]]).max(axis=1)
        self.parts.append(_Part(node, what, held.pes, most))

    def link(self, producer: Node, reader: Node) -> Link:
        """Which positions of `producer` each position of `reader` reads."""
        key = (producer.number, reader.number)
        if key not in self.links:
            self.links[key] = link(self.dataflow, producer, reader)
        return self.links[key]

    def lowest_read(self, node: Node, reader: int) -> Ints:
        """For each position of a node that has begun, the lowest that a reader may still read."""
        until = self.until.get((node.number, reader))
        if until is None:
            return np.zeros(node.positions, np.int64)
        last = self.link(node, self.dataflow.nodes[reader]).last
        lowest = np.searchsorted(np.maximum.accumulate(last), until)
        return np.minimum(lowest, np.arange(node.positions))

    def lowest_unfinished(self, node: Node) -> Ints:
        """For each position of a layer that has begun, the lowest that may not be finished."""
        positions = np.arange(node.positions)
        finished = self.until.get((node.number, node.number), np.zeros(node.positions, np.int64))
        for reader in self.dataflow.readers(node):
            until = self.until.get((node.number, reader.number))
            if until is not None:
                first = np.maximum.accumulate(self.link(node, reader).first)
                finished = np.maximum(finished, np.searchsorted(first, until))
        for source in set(node.sources):
            until = self.until.get((source, node.number))
            if until is not None:
                read = self.link(self.dataflow.nodes[source], node).highest
                finished = np.maximum(finished, np.where(read >= 0, until[read], 0))
        return np.clip(finished, 0, positions)
