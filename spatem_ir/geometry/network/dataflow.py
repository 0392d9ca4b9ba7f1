"""The network as a machine sees it: nodes that produce pieces, and who reads them.

A node is the input image, a weight layer, a digital operator or the output.  It produces a feature
map of `channels` × `positions`, cut into channel slices (the column parts of its grid).  A *piece*
is one slice at one position: the unit that has a home PE, travels as a packet and becomes ready at
one time.  Views (flatten, transpose, concat) are no nodes: they only rename elements.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.geometry.shapes.reach import Reach


class NodeKind(Enum):
    """What a node is, and so which unit of its home PE works on it."""

    INPUT = auto()
    LAYER = auto()
    POOL = auto()
    ACTIVATE = auto()
    OUTPUT = auto()


@dataclass(frozen=True)
class Operand:
    """What a node reads: elements of other nodes, under the shape that views gave them.

    The elements of the nodes `sources`, one node after the other in row-major order, are those of
    the operand; where views permute them, leave some out or repeat some, operand element e is
    element `order[e]` of them.
    """

    sources: tuple[int, ...]
    shape: tuple[int, int, int]
    order: NDArray[np.int64] | None = field(default=None, compare=False)

    @property
    def positions(self) -> int:
        """Height times width of the operand."""
        return self.shape[1] * self.shape[2]

    @property
    def elements(self) -> int:
        """Channels times height times width of the operand."""
        return self.shape[0] * self.positions


@dataclass(frozen=True)
class Node:
    """One producer of a feature map.

    `slices` are the first channels of the channel slices.  A weight layer has one operand, of
    which its `layer` says what windows read; a digital operator or output has one or more, and
    `reaches` says what it reads of each.  An input that comes back (:mod:`decided`) says by number
    which node left the chip with it, its `store`; one of a stage does not enter `in_turn`, after
    the others, but in a queue of its own (R14).  Inputs and outputs of a stage that wait for a
    stage in the memory behind the port are `external`.
    """

    number: int
    name: str
    kind: NodeKind
    shape: tuple[int, int, int]
    bits: int
    slices: tuple[int, ...]
    operands: tuple[Operand, ...] = ()
    reaches: tuple[Reach, ...] = ()
    layer: Layer | None = None
    grid: Grid | None = None
    store: int | None = None
    in_turn: bool = True
    external: bool = False

    @property
    def has_own_queue(self) -> bool:
        """Whether an input enters in a queue of its own (R9, R14)."""
        return self.store is not None or not self.in_turn

    @property
    def partitioned(self) -> tuple[Layer, Grid]:
        """The layer and its grid; of nodes that are layers."""
        assert self.layer is not None and self.grid is not None
        return self.layer, self.grid

    @property
    def sources(self) -> tuple[int, ...]:
        """The nodes of which the operands consist, operand by operand."""
        return tuple(source for operand in self.operands for source in operand.sources)

    @property
    def positions(self) -> int:
        """Height times width of the feature map."""
        return self.shape[1] * self.shape[2]

    @property
    def positions_read(self) -> int:
        """Positions of operands that windows read, each counted with each window."""
        if self.layer is not None:
            return self.positions * prod(self.layer.window.kernel)
        kernels = (reach.rows.kernel * reach.columns.kernel for reach in self.reaches)
        return self.positions * sum(kernels, start=int(not self.reaches))

    @property
    def elements_read(self) -> int:
        """Elements that a digital operator's windows read; those of the result of other nodes."""
        kernels = (
            reach.channels.kernel * reach.rows.kernel * reach.columns.kernel
            for reach in self.reaches
        )
        return self.elements * sum(kernels, start=int(not self.reaches))

    @property
    def elements(self) -> int:
        """Channels times height times width of the feature map."""
        return self.shape[0] * self.positions

    @property
    def pieces(self) -> int:
        """Pieces: channel slices times positions."""
        return len(self.slices) * self.positions

    def slice_channels(self, number: int) -> int:
        """How many channels a slice has; the slices are numbered from 0."""
        is_last = number + 1 == len(self.slices)
        return (self.shape[0] if is_last else self.slices[number + 1]) - self.slices[number]

    @property
    def slice_sizes(self) -> NDArray[np.int64]:
        """How many channels each slice has: shape [slices]."""
        import numpy as np

        return np.diff([*self.slices, self.shape[0]])

    def piece_bytes(self, number: int) -> int:
        """Bytes of a piece of a slice, its activations packed."""
        return -(-self.slice_channels(number) * self.bits // 8)

    @property
    def output_bytes(self) -> int:
        """Bytes of the whole feature map, piece by piece."""
        return self.positions * sum(map(self.piece_bytes, range(len(self.slices))))

    def element_pieces(self) -> NDArray[np.int64]:
        """The piece (slice · positions + position) of every element, in row-major order."""
        import numpy as np

        channels = np.arange(self.shape[0])
        slices = np.searchsorted(np.array(self.slices), channels, side="right") - 1
        return (slices[:, None] * self.positions + np.arange(self.positions)[None, :]).reshape(-1)

    def operand_windows(self, part: int) -> NDArray[np.int64]:
        """Operand elements that the pieces of a digital operator's slice read.

        The operands stand one after the other.  Returns an array of shape [positions, reads]
        (negative entries are padding); `part` is the number of the slice.
        """
        import numpy as np

        channels = slice(self.slices[part], self.slices[part] + self.slice_channels(part))
        windows, first = [], 0
        for operand, reach in zip(self.operands, self.reaches, strict=True):
            elements = reach.elements(channels).reshape(self.positions, -1)
            if first:
                elements[elements >= 0] += first
            windows.append(elements)
            first += operand.elements
        return np.concatenate(windows, axis=1) if len(windows) > 1 else windows[0]


@dataclass(frozen=True)
class Dataflow:
    """All nodes of a network, in topological order: inputs first, outputs last."""

    nodes: tuple[Node, ...]
    by_name: dict[str, Node] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {node.name: node for node in self.nodes})

    @cached_property
    def layers(self) -> list[Node]:
        """The nodes that crossbars compute, in the order of the network."""
        return [node for node in self.nodes if node.kind is NodeKind.LAYER]

    @cached_property
    def inputs(self) -> list[Node]:
        """The nodes that enter through the chip's port: first the network's, in this order."""
        entering = [node for node in self.nodes if node.kind is NodeKind.INPUT]
        return sorted(entering, key=lambda node: node.store is not None)

    @cached_property
    def outputs(self) -> list[Node]:
        """The nodes that leave through the chip's port."""
        return [node for node in self.nodes if node.kind is NodeKind.OUTPUT]

    def readers(self, node: Node) -> list[Node]:
        """The nodes that read a node's feature map."""
        return self._readers[node.number]

    @cached_property
    def _readers(self) -> list[list[Node]]:
        """The nodes that read each node's feature map."""
        readers: list[list[Node]] = [[] for _ in self.nodes]
        for node in self.nodes:
            for source in dict.fromkeys(node.sources):
                readers[source].append(node)
        return readers

    @cached_property
    def first_pieces(self) -> tuple[int, ...]:
        """The network-wide number of each node's first piece; a last entry counts all pieces."""
        first = [0]
        for node in self.nodes:
            first.append(first[-1] + node.pieces)
        return tuple(first)

    def operand_pieces(self, node: Node) -> NDArray[np.int64]:
        """The network-wide piece of every element of a node's operands, one after the other."""
        import numpy as np

        parts = []
        for operand in node.operands:
            pieces = np.concatenate(
                [self.first_pieces[s] + self.nodes[s].element_pieces() for s in operand.sources]
            )
            parts.append(pieces if operand.order is None else pieces[operand.order])
        return np.concatenate(parts)

    def operand_bits(self, node: Node) -> NDArray[np.int64]:
        """The bits of every element of a node's operands, one after the other."""
        import numpy as np

        parts = []
        for operand in node.operands:
            sources = [self.nodes[source] for source in operand.sources]
            bits = np.repeat([s.bits for s in sources], [s.elements for s in sources])
            parts.append(bits if operand.order is None else bits[operand.order])
        return np.concatenate(parts)

    def over_channels(
        self, operand: Operand, numbers: Mapping[int, NDArray[np.int64]], extreme: np.ufunc
    ) -> NDArray[np.int64]:
        """The extreme, over the channels of each position of an operand, of numbers of its sources.

        `numbers` has an array [positions] for each source; `extreme` is `np.maximum` or
        `np.minimum`.  Returns an array of shape [operand positions].
        """
        import numpy as np

        parts = [numbers[source] for source in operand.sources]
        if operand.order is None and all(len(part) == operand.positions for part in parts):
            return extreme.reduce(parts)
        channels = [self.nodes[source].shape[0] for source in operand.sources]
        elements = np.concatenate(
            [np.tile(part, count) for part, count in zip(parts, channels, strict=True)]
        )
        if operand.order is not None:
            elements = elements[operand.order]
        return extreme.reduce(elements.reshape(-1, operand.positions), axis=0)
