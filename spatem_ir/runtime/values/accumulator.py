"""How a weight layer's sums come about: one accumulator for each level of the IR.

All give Σ over k of x[w, k] · (weight[n, k] − weight zero point) in wrapping int32, for every
output channel n and window w; bias, the input's zero point and requantisation follow in
:mod:`spatem_ir.runtime.values.parameters`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.checks import quantized
from spatem_ir.dialects.cnn_weight_layers import WeightLayerOp
from spatem_ir.dialects.mvm import LayerOp
from spatem_ir.geometry.grid import Grid, TileCoordinates
from spatem_ir.geometry.layer import Layer
from spatem_ir.runtime.values.operands import Operands, bit_part
from spatem_ir.runtime.values.parameters import weight_excess
from spatem_ir.runtime.values.products import OperandPart, exact_rows

Sums = NDArray[np.int32]
"""Partial or complete sums, wrapping int32."""

BLOCK_ELEMENTS = 1 << 25
"""Numbers that one block of windows may occupy at once, operands and sums together."""

CHUNK_ROWS = 4096
"""Matrix rows that are multiplied at once at level `cnn`."""


class Accumulator(Protocol):
    """Accumulates the sums of weight layers."""

    def load(self, op: WeightLayerOp, weights: NDArray[np.integer]) -> None:
        """Take over a layer's weights, of shape [matrices, columns, rows]."""
        ...

    def accumulate(self, op: WeightLayerOp, images: NDArray[np.integer]) -> Sums:
        """A layer's sums for a batch of inputs: shape [channels, positions, images]."""
        ...


@dataclass(frozen=True)
class LoadedLayer:
    """What an accumulator needs to know of a layer.

    `excess` is what the codes with which it multiplies exceed the weights by.
    """

    op: WeightLayerOp
    name: str
    geometry: Layer
    zero_point: int
    excess: int

    @classmethod
    def of(cls, op: WeightLayerOp, *, offset_binary: bool) -> Self:
        """The layer of an op, whose weights are stored in offset binary or as they are."""
        return cls(
            op=op,
            name=op.sym_name.data,
            geometry=op.layer,
            zero_point=quantized(op, op.input).zero_point,
            excess=weight_excess(op, offset_binary=offset_binary),
        )

    @property
    def product_bits(self) -> int:
        """Bits of the product of an activation and a weight code."""
        return self.geometry.input_bits + self.geometry.weight_bits

    def operands(self, images: NDArray[np.integer]) -> Operands:
        """The layer's windows over a batch of inputs."""
        return Operands(self.geometry, images, self.zero_point)

    def no_sums(self, images: int) -> Sums:
        """Zeros of shape [channels, positions, images]."""
        return np.zeros((self.geometry.out_channels, self.geometry.positions, images), np.int32)


class CnnAccumulator:
    """Level `cnn`: whole matrices times all windows."""

    def __init__(self) -> None:
        self.weights: dict[str, NDArray[np.integer]] = {}

    def load(self, op: WeightLayerOp, weights: NDArray[np.integer]) -> None:
        self.weights[op.sym_name.data] = weights

    def accumulate(self, op: WeightLayerOp, images: NDArray[np.integer]) -> Sums:
        loaded = LoadedLayer.of(op, offset_binary=False)
        layer, operands = loaded.geometry, loaded.operands(images)
        sums = loaded.no_sums(len(images))
        limit, _ = exact_rows(loaded.product_bits)
        chunk = min(limit, CHUNK_ROWS)
        for matrix, weights in enumerate(self.weights[loaded.name]):
            base, positions = layer.channel_base(matrix), layer.window_positions(matrix)
            channels = slice(base, base + layer.columns)
            for share in blocks(layer.windows, (layer.rows + layer.columns) * len(images)):
                at = positions[share.start : share.stop]
                columns = operands.columns(matrix, at)
                for first in range(0, layer.rows, chunk):
                    rows = slice(first, first + chunk)
                    part = OperandPart.of(columns[rows], loaded.product_bits)
                    sums[channels, at] += part.sums(weights[:, rows].T, loaded.excess)
        return sums


class Contribution(NamedTuple):
    """Partial sums, and the crossbar or place that they come from.

    `sums` has shape [columns, windows, images].
    """

    origin: int
    sums: Sums


class Tile(NamedTuple):
    """A tile, some of its copy's windows (counted within its share), and what it receives."""

    number: int
    windows: range
    part: OperandPart


@dataclass(frozen=True)
class TiledLayer(LoadedLayer):
    """A loaded layer with a partition grid."""

    @property
    def grid(self) -> Grid:
        """The partition grid."""
        assert isinstance(self.op, LayerOp)
        return self.op.grid.data

    def matrix_block(self, tile: int) -> tuple[int, slice, slice]:
        """Matrix, columns and rows of a tile."""
        at = self.grid.coordinates(tile)
        columns = self.grid.column_range(self.geometry, at.column)
        rows = self.grid.row_range(self.geometry, at.row)
        return at.matrix, slice(*columns), slice(*rows)


class TileAccumulator(ABC):
    """Sums tile by tile, window share by window share, merged per column slice.

    `offset_binary` says how the codes are stored with which the tiles multiply.
    """

    offset_binary: bool

    @abstractmethod
    def load(self, op: WeightLayerOp, weights: NDArray[np.integer]) -> None:
        """Take over a layer's weights, of shape [matrices, columns, rows]."""

    @abstractmethod
    def contributions(self, layer: TiledLayer, tile: Tile) -> Iterable[Contribution]:
        """The partial sums of one tile; none if nothing computes it."""

    @abstractmethod
    def merged(self, layer: TiledLayer, contributions: list[Contribution]) -> Sums | None:
        """The sums of a column slice from its tiles' contributions; None if none arrive."""

    def accumulate(self, op: WeightLayerOp, images: NDArray[np.integer]) -> Sums:
        """A layer's sums for a batch of inputs: shape [channels, positions, images]."""
        layer = TiledLayer.of(op, offset_binary=self.offset_binary)
        geometry, grid = layer.geometry, layer.grid
        operands, sums = layer.operands(images), layer.no_sums(len(images))
        received = geometry.rows * grid.ib
        in_flight = grid.hwm * grid.ib * grid.tile_columns
        for matrix in range(geometry.matrices):
            positions = geometry.window_positions(matrix)
            for copy in range(grid.iw):
                windows = grid.copy_windows(geometry, copy)
                for share in blocks(len(windows), (received + in_flight) * len(images)):
                    at = positions[windows[share.start : share.stop]]
                    parts = self._parts(layer, operands.columns(matrix, at))
                    for column in range(grid.wwm):
                        merged = self._slice_sums(layer, (matrix, copy, column), share, parts)
                        if merged is not None:
                            first, last = grid.column_range(geometry, column)
                            base = geometry.channel_base(matrix)
                            sums[base + first : base + last, at] = merged
        return sums

    def _parts(
        self, layer: TiledLayer, columns: NDArray[np.integer]
    ) -> dict[tuple[int, int], OperandPart]:
        """What the tiles of each (row, bit) of the grid receive."""
        geometry, grid = layer.geometry, layer.grid
        parts = {}
        for row in range(grid.hwm):
            values = columns[slice(*grid.row_range(geometry, row))]
            for bit in range(grid.ib):
                sent = bit_part(values, geometry, *grid.bit_range(geometry, bit))
                parts[row, bit] = OperandPart.of(sent, layer.product_bits)
        return parts

    def _slice_sums(
        self,
        layer: TiledLayer,
        place: tuple[int, int, int],
        share: range,
        parts: dict[tuple[int, int], OperandPart],
    ) -> Sums | None:
        """The merged sums of one (matrix, copy, column) for a share of the copy's windows."""
        contributions: list[Contribution] = []
        for (row, bit), part in parts.items():
            number = layer.grid.number(TileCoordinates(*place, row, bit))
            contributions += self.contributions(layer, Tile(number, share, part))
        return self.merged(layer, contributions)


class MvmAccumulator(TileAccumulator):
    """Level `mvm`: tiles of the layer's own weights; nothing sits anywhere yet."""

    offset_binary = False

    def __init__(self) -> None:
        self.weights: dict[str, NDArray[np.integer]] = {}

    def load(self, op: WeightLayerOp, weights: NDArray[np.integer]) -> None:
        self.weights[op.sym_name.data] = weights

    def contributions(self, layer: TiledLayer, tile: Tile) -> Iterable[Contribution]:
        weights = self.weights[layer.name][layer.matrix_block(tile.number)]
        return [Contribution(tile.number, tile.part.sums(weights.T, layer.excess))]

    def merged(self, layer: TiledLayer, contributions: list[Contribution]) -> Sums | None:
        return sum_of(contributions)


def sum_of(contributions: list[Contribution]) -> Sums | None:
    """The sum of contributions, wrapping; None if there are none."""
    if not contributions:
        return None
    total = contributions[0].sums.copy()
    for contribution in contributions[1:]:
        total += contribution.sums
    return total


def blocks(windows: int, elements_per_window: int) -> Iterator[range]:
    """Cut windows into blocks of at most :data:`BLOCK_ELEMENTS`, or of one window."""
    size = max(1, BLOCK_ELEMENTS // elements_per_window)
    for first in range(0, windows, size):
        yield range(first, min(first + size, windows))
