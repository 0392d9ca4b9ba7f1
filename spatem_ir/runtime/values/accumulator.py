"""How a weight layer's sums come about at the levels `cnn` and `mvm`, and what all levels share.

An accumulator gives Σ over k of x[w, k] · (weight[n, k] − weight zero point), wrapping at 32 bits
or at the layer's `sum_bits`, for every output channel n and window w; bias, the input's zero point
and requantisation follow in :mod:`spatem_ir.numerics.requantization`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.mvm import LayerOp
from spatem_ir.geometry.shapes.grid import Grid, TileCoordinates
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.numerics.exact import INT32_BITS, Exact, exact_type, sum_dtype, wrapped
from spatem_ir.runtime.values.merging import Contribution, sum_of
from spatem_ir.runtime.values.operands import Operands, bit_part
from spatem_ir.runtime.values.products import OperandPart
from spatem_ir.weights.parameters import weight_excess

BLOCK_ELEMENTS = 1 << 24
"""Numbers that one block of windows may occupy at once, operands and sums together."""

CHUNK_ROWS = 512
"""Matrix rows that are multiplied at once at level `cnn`: often few enough for float32."""

Sums = NDArray[np.signedinteger]
"""Sums of layers, int32 or int64."""

LayerWeights = NDArray[np.integer]
"""The weights of a layer: [matrices, columns, rows]."""


class Accumulator(Protocol):
    """Accumulates the sums of weight layers.

    `first_image` is the number of a batch's first image among all images.
    """

    first_image: int

    def load(self, op: WeightLayerOp, weights: LayerWeights) -> None:
        """Take over a layer's weights."""
        ...

    def accumulate(self, op: WeightLayerOp, images: NDArray[np.integer]) -> Sums:
        """A layer's sums for a batch of inputs: shape [channels, positions, images]."""
        ...


@dataclass(frozen=True)
class LoadedLayer:
    """What an accumulator needs to know of a layer.

    `excess` is what the codes with which it multiplies exceed the weights by; sums wrap at
    `sum_bits`.
    """

    name: str
    geometry: Layer
    zero_point: int
    excess: int
    sum_bits: int

    @staticmethod
    def of(op: WeightLayerOp, *, offset_binary: bool) -> LoadedLayer:
        """The layer of an op, whose weights are stored in offset binary or as they are."""
        return LoadedLayer(
            name=op.sym_name.data,
            geometry=op.layer,
            zero_point=quantized(op, op.input).zero_point,
            excess=weight_excess(op, offset_binary=offset_binary),
            sum_bits=op.accumulator_bits,
        )

    def exact_type(self, rows: int) -> type[np.floating]:
        """A type in which sums over so many rows are exact."""
        weight_bits = max(self.geometry.weight_bits, self.excess.bit_length())
        return exact_type(rows, self.geometry.input_bits + weight_bits)

    def operands(self, images: NDArray[np.integer]) -> Operands:
        """The layer's windows over a batch of inputs."""
        return Operands(self.geometry, images, self.zero_point)

    def no_sums(self, images: int) -> Sums:
        """Zeros of shape [channels, positions, images]."""
        shape = (self.geometry.out_channels, self.geometry.positions, images)
        return np.zeros(shape, sum_dtype(self.sum_bits))


class CnnAccumulator:
    """Level `cnn`: whole matrices times all windows."""

    def __init__(self) -> None:
        self.first_image = 0
        self.weights: dict[str, LayerWeights] = {}

    def load(self, op: WeightLayerOp, weights: LayerWeights) -> None:
        self.weights[op.sym_name.data] = weights

    def accumulate(self, op: WeightLayerOp, images: NDArray[np.integer]) -> Sums:
        loaded = LoadedLayer.of(op, offset_binary=False)
        layer, operands = loaded.geometry, loaded.operands(images)
        sums = loaded.no_sums(len(images))
        dtype = loaded.exact_type(min(layer.rows, CHUNK_ROWS))
        for matrix, weights in enumerate(self.weights[loaded.name]):
            positions = layer.window_positions(matrix)
            channels = _channels(layer, matrix, range(layer.columns))
            for share in blocks(layer.windows, (layer.rows + layer.columns) * len(images)):
                at = positions[share.start : share.stop]
                columns = operands.columns(matrix, at)
                for first in range(0, layer.rows, CHUNK_ROWS):
                    rows = slice(first, first + CHUNK_ROWS)
                    part = OperandPart.of(columns[rows], dtype, loaded.excess)
                    products = part.sums(weights[:, rows].T.astype(dtype))
                    sums[channels, at] += wrapped(products, loaded.sum_bits)
        return sums if loaded.sum_bits == INT32_BITS else wrapped(sums, loaded.sum_bits)


class Tile(NamedTuple):
    """A tile, or one block of a tile of joined matrices, with some of its copy's windows.

    `wordline` is its first one, counted in the whole tile; `rows` and `columns` are ranges of its
    matrix; `windows` are counted within the copy's share; `part` is what it receives for them.
    """

    number: int
    wordline: int
    matrix: int
    rows: range
    columns: range
    windows: range
    part: OperandPart


class TileAccumulator(ABC):
    """Sums tile by tile, window block by window block, merged per column slice.

    `offset_binary` says how the codes are stored with which the tiles multiply; `first_image` is
    the number of a batch's first image among all images.
    """

    offset_binary: bool

    def __init__(self) -> None:
        self.first_image = 0

    @abstractmethod
    def load(self, op: WeightLayerOp, weights: LayerWeights) -> None:
        """Take over a layer's weights."""

    @abstractmethod
    def contributions(self, layer: LoadedLayer, tile: Tile) -> Iterable[Contribution]:
        """The partial sums of one tile; none if nothing computes it."""

    @abstractmethod
    def merged(self, layer: LoadedLayer, contributions: list[Contribution]) -> Exact | None:
        """The sums of a column slice from its tiles' contributions; None if none arrive."""

    def part(
        self, layer: LoadedLayer, values: NDArray[np.integer], bits: range, windows: range
    ) -> OperandPart:
        """What tiles receive of some rows and bits of operand columns [rows, windows, images].

        `windows` are counted within the copy's share.
        """
        received = bit_part(values, layer.geometry, bits.start, bits.stop)
        return OperandPart.of(received, self.sum_type(layer), layer.excess)

    def sum_type(self, layer: LoadedLayer) -> type[np.floating]:
        """A type in which all sums of the layer are exact."""
        return layer.exact_type(layer.geometry.rows)

    def elements_per_operand(self, layer: Layer, grid: Grid) -> int:
        """Numbers that one window of one image occupies, operands and sums together."""
        return grid.ib * (layer.rows + grid.hwm * grid.tile_columns)

    def accumulate(self, op: WeightLayerOp, images: NDArray[np.integer]) -> Sums:
        """A layer's sums for a batch of inputs: shape [channels, positions, images]."""
        assert isinstance(op, LayerOp)
        layer = LoadedLayer.of(op, offset_binary=self.offset_binary)
        geometry, grid = layer.geometry, op.grid.data
        operands, sums = layer.operands(images), layer.no_sums(len(images))
        in_flight = self.elements_per_operand(geometry, grid) * len(images)
        for matrix, copy in product(range(geometry.matrices), range(grid.iw)):
            windows = grid.copy_windows(geometry, copy)
            positions = geometry.window_positions(matrix)[
                windows.start : windows.stop : windows.step
            ]
            for share in blocks(len(windows), in_flight):
                at = positions[share.start : share.stop]
                parts = self._parts(layer, grid, operands.columns(matrix, at), share)
                for column in range(grid.wwm):
                    columns = range(*grid.column_range(geometry, column))
                    contributions = [
                        contribution
                        for tile in _tiles(layer, grid, (matrix, copy, column), share, parts)
                        for contribution in self.contributions(layer, tile)
                    ]
                    merged = self.merged(layer, contributions)
                    if merged is not None:
                        sums[_channels(geometry, matrix, columns), at] = wrapped(
                            merged, layer.sum_bits
                        )
        return sums

    def _parts(
        self, layer: LoadedLayer, grid: Grid, columns: NDArray[np.integer], windows: range
    ) -> dict[tuple[int, int], OperandPart]:
        """What the tiles of each (row, bit) of the grid receive, of operand columns [rows, …]."""
        parts = {}
        for row in range(grid.hwm):
            values = columns[slice(*grid.row_range(layer.geometry, row))]
            for bit in range(grid.ib):
                bits = range(*grid.bit_range(layer.geometry, bit))
                parts[row, bit] = self.part(layer, values, bits, windows)
        return parts


def _tiles(
    layer: LoadedLayer,
    grid: Grid,
    place: tuple[int, int, int],
    windows: range,
    parts: dict[tuple[int, int], OperandPart],
) -> Iterator[Tile]:
    """The tiles of a (matrix of the layer, copy, column), whose partial sums merge."""
    matrix, copy, column = place
    joined, block = divmod(matrix, grid.joined)
    columns = range(*grid.column_range(layer.geometry, column))
    for (row, bit), part in parts.items():
        number = grid.number(TileCoordinates(joined, copy, column, row, bit))
        rows = range(*grid.row_range(layer.geometry, row))
        yield Tile(number, block * len(rows), matrix, rows, columns, windows, part)


def _channels(layer: Layer, matrix: int, columns: range) -> slice:
    """The output channels of a matrix's columns."""
    base = layer.channel_base(matrix)
    return slice(base + columns.start, base + columns.stop)


class MvmAccumulator(TileAccumulator):
    """Level `mvm`: tiles of the layer's own weights, which sit nowhere yet."""

    offset_binary = False

    def __init__(self) -> None:
        super().__init__()
        self.weights: dict[str, LayerWeights] = {}

    def load(self, op: WeightLayerOp, weights: LayerWeights) -> None:
        self.weights[op.sym_name.data] = weights

    def contributions(self, layer: LoadedLayer, tile: Tile) -> Iterable[Contribution]:
        matrix = self.weights[layer.name][tile.matrix]
        rows, columns = tile.rows, tile.columns
        weights = matrix[columns.start : columns.stop, rows.start : rows.stop].T
        sums = tile.part.sums(weights.astype(tile.part.values.dtype))
        return [Contribution(tile.number, sums)]

    def merged(self, layer: LoadedLayer, contributions: list[Contribution]) -> Exact | None:
        return sum_of(contributions)


def blocks(windows: int, elements_per_window: int) -> Iterator[range]:
    """Cut windows into blocks of at most :data:`BLOCK_ELEMENTS`, or of one window."""
    size = max(1, BLOCK_ELEMENTS // elements_per_window)
    for first in range(0, windows, size):
        yield range(first, min(first + size, windows))
