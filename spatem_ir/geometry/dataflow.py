"""The network as a machine sees it: nodes that produce pieces, and who reads them.

A node is the input image, a weight layer, a digital operator or the output.  It produces a feature
map of `channels` × `positions`, cut into channel slices (the column parts of its grid).  A *piece*
is one slice at one position: the unit that has a home PE, travels as a packet and becomes ready at
one time.  Views (flatten, concat) are no nodes: they only rename elements.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.grid import Grid
    from spatem_ir.geometry.layer import Layer
    from spatem_ir.geometry.window import Window


class NodeKind(Enum):
    """What a node is, and so which unit of its home PE works on it."""

    INPUT = auto()
    LAYER = auto()
    POOL = auto()
    ACTIVATE = auto()
    OUTPUT = auto()


@dataclass(frozen=True)
class Node:
    """One producer of a feature map.

    `slices` are the first channels of the channel slices.  `sources` are the numbers of the nodes
    whose elements, one node after the other in row-major order, form the node's operand;
    `input_size` is the operand's rows and columns, `window` how a pooling slides over it.
    """

    number: int
    name: str
    kind: NodeKind
    shape: tuple[int, int, int]
    bits: int
    slices: tuple[int, ...]
    sources: tuple[int, ...] = ()
    layer: Layer | None = None
    grid: Grid | None = None
    window: Window | None = None
    input_size: tuple[int, int] = (1, 1)

    @property
    def positions(self) -> int:
        """Positions of the feature map."""
        return self.shape[1] * self.shape[2]

    @property
    def elements(self) -> int:
        """Elements of the feature map."""
        return self.shape[0] * self.positions

    @property
    def pieces(self) -> int:
        """Pieces: channel slices times positions."""
        return len(self.slices) * self.positions

    def slice_channels(self, number: int) -> int:
        """Channels of a slice."""
        bounds = (*self.slices, self.shape[0])
        return bounds[number + 1] - bounds[number]

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

        Returns an array of shape [positions, reads] (negative entries are padding); `part` is the
        number of the slice.
        """
        import numpy as np

        first, count = self.slices[part], self.slice_channels(part)
        channels = first + np.arange(count)
        if self.window is None:
            inner = np.arange(self.positions)[:, None]
            plane = self.positions
        else:
            height, width = self.input_size
            inner = self.window.positions(height, width)
            plane = height * width
        elements = channels[None, :, None] * plane + inner[:, None, :]
        return np.where(inner[:, None, :] < 0, -1, elements).reshape(self.positions, -1)


@dataclass(frozen=True)
class Dataflow:
    """All nodes of a network, in topological order: inputs first, outputs last."""

    nodes: tuple[Node, ...]
    by_name: dict[str, Node] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {node.name: node for node in self.nodes})

    @cached_property
    def layers(self) -> list[Node]:
        """The weight layers."""
        return [node for node in self.nodes if node.kind is NodeKind.LAYER]

    @cached_property
    def inputs(self) -> list[Node]:
        """The network's inputs."""
        return [node for node in self.nodes if node.kind is NodeKind.INPUT]

    @cached_property
    def outputs(self) -> list[Node]:
        """The network's outputs."""
        return [node for node in self.nodes if node.kind is NodeKind.OUTPUT]

    def readers(self, node: Node) -> list[Node]:
        """The nodes that read a node's feature map."""
        return [other for other in self.nodes if node.number in other.sources]

    @cached_property
    def first_pieces(self) -> tuple[int, ...]:
        """The network-wide number of each node's first piece; a last entry counts all pieces."""
        first = [0]
        for node in self.nodes:
            first.append(first[-1] + node.pieces)
        return tuple(first)

    def operand_pieces(self, node: Node) -> NDArray[np.int64]:
        """The network-wide piece of every element of a node's operand."""
        import numpy as np

        return np.concatenate(
            [self.first_pieces[s] + self.nodes[s].element_pieces() for s in node.sources]
        )
