"""Feature maps in blocks of positions, for deciding how far producers may be ahead of readers.

A block is a row of the map, or an equal part of one where positions take many bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.network.links import link
from spatem_ir.geometry.shapes.grid import Deal

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class BlockLink:
    """How a reader reads a producer, in blocks.

    Attributes:
        needed: the last block of the producer that each block of the reader needs, -1 for none.
        until: the positions of the reader that must be finished so that it has read each block of
            the producer and all before it: shape [producer's blocks].
    """

    needed: Ints
    until: Ints


class Blocks:
    """The blocks of all nodes of a network, of so many positions by number of the node.

    With `in_rounds`, windows of a layer need what the last window of their round does: one window
    for each copy.
    """

    def __init__(self, dataflow: Dataflow, widths: Mapping[int, int], *, in_rounds: bool):
        self.dataflow = dataflow
        self.widths = widths
        self.in_rounds = in_rounds

    def width(self, node: Node) -> int:
        """How many positions a block of a node has."""
        return self.widths[node.number]

    def count(self, node: Node) -> int:
        """How many blocks the positions of a node are cut into."""
        return node.positions // self.width(node)

    def of_position(self, node: Node, positions: Ints) -> Ints:
        """The number of the block of each of some positions: shape of `positions`."""
        return positions // self.width(node)

    @cached_property
    def links(self) -> dict[tuple[int, int], BlockLink]:
        """The links between producers and readers, by their numbers."""
        return {
            (node.number, reader.number): self._link(node, reader)
            for node in self.dataflow.nodes
            for reader in self.dataflow.readers(node)
        }

    def _link(self, node: Node, reader: Node) -> BlockLink:
        positions = link(self.dataflow, node, reader)
        highest = positions.highest.reshape(self.count(reader), -1).max(axis=1)
        needed = np.where(highest < 0, -1, self.of_position(node, highest))
        needed = np.maximum.accumulate(needed)[self.rounds(reader)]
        last = positions.last.reshape(self.count(node), -1).max(axis=1)
        return BlockLink(needed, np.maximum.accumulate(last) + 1)

    def rounds(self, node: Node) -> Ints:
        """The last block that begins together with each block of a node: shape [blocks]."""
        blocks = np.arange(self.count(node))
        if not self.in_rounds or node.kind is not NodeKind.LAYER:
            return blocks
        assert node.layer is not None and node.grid is not None
        if node.layer.region is not None or node.grid.deal is Deal.BLOCKS:
            return blocks * 0 + blocks[-1]
        copies, width = node.grid.iw, self.width(node)
        last = ((blocks + 1) * width - 1) // copies * copies + copies - 1
        return self.of_position(node, np.minimum(last, node.positions - 1))

    def farthest(self, node: Node) -> dict[int, Ints]:
        """The last block of a node that blocks of its readers need on any way, by reader."""
        on_way: dict[int, Ints] = {}
        readers = {reader.number for reader in self.dataflow.readers(node)}
        for other in self.dataflow.nodes[node.number + 1 :]:
            needs = []
            for source in set(other.sources):
                if source != node.number and source not in on_way:
                    continue
                needed = self.links[source, other.number].needed
                if source != node.number:
                    needed = np.append(on_way[source], -1)[needed]
                needs.append(needed)
            if needs:
                on_way[other.number] = np.maximum.accumulate(np.maximum.reduce(needs))
        return {reader: on_way[reader] for reader in readers}
