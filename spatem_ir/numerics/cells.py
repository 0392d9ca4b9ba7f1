"""The cells of crossbars, and weight codes in cells.

A weight code takes neighbouring cells of one wordline, the least significant first.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.mvm import LayerOp
from spatem_ir.geometry.shapes.grid import TileCoordinates
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.numerics.exact import Exact
from spatem_ir.weights.parameters import weight_excess

Cells = NDArray[np.unsignedinteger]
"""Levels of cells: [wordlines, bitlines], or several sets of them."""


BLOCK_SIDE = 128
"""Wordlines and bitlines of the largest block of cells that is held as a whole."""


class Block(NamedTuple):
    """A block of cells that a rectangle meets: its number, its part in both, and which part."""

    number: tuple[int, int]
    in_block: tuple[slice, slice]
    in_rectangle: tuple[slice, slice]


class CellArrays:
    """All crossbars during one stage, block by block; a block that was not written to holds zeros.

    There is one set of cells, or two: for positive and for negative weights.
    """

    def __init__(self, accelerator: Accelerator, sets: int):
        crossbar = accelerator.crossbar
        self.sets = sets
        self.sides = (min(crossbar.wordlines, BLOCK_SIDE), min(crossbar.bitlines, BLOCK_SIDE))
        self.dtype = np.min_scalar_type((1 << crossbar.bits_per_cell) - 1)
        self.blocks: dict[tuple[int, tuple[int, int]], Cells] = {}

    def write(self, crossbar: int, corner: tuple[int, int], cells: Cells) -> None:
        """Write cells [sets, wordlines, bitlines] with their corner at (wordline, bitline)."""
        for number, in_block, in_rectangle in self._met(corner, cells.shape[1:]):
            key = (crossbar, number)
            if key not in self.blocks:
                self.blocks[key] = np.zeros((self.sets, *self.sides), self.dtype)
            self.blocks[key][:, *in_block] = cells[:, *in_rectangle]

    def read(self, crossbar: int, corner: tuple[int, int], shape: tuple[int, int]) -> Cells:
        """The cells of a rectangle with its corner at (wordline, bitline): each set."""
        met = list(self._met(corner, shape))
        if len(met) == 1 and (crossbar, met[0].number) in self.blocks:
            return self.blocks[crossbar, met[0].number][:, *met[0].in_block]
        cells = np.zeros((self.sets, *shape), self.dtype)
        for number, in_block, in_rectangle in met:
            if (crossbar, number) in self.blocks:
                cells[:, *in_rectangle] = self.blocks[crossbar, number][:, *in_block]
        return cells

    def _met(self, corner: tuple[int, int], shape: tuple[int, ...]) -> Iterator[Block]:
        """The blocks that a rectangle meets."""
        along = [list(_cut(*each)) for each in zip(corner, shape, self.sides, strict=True)]
        for (row, *rows), (column, *columns) in product(*along):
            yield Block((row, column), (rows[0], columns[0]), (rows[1], columns[1]))


def _cut(first: int, count: int, side: int) -> Iterator[tuple[int, slice, slice]]:
    """The blocks of so many cells in a line: number, cells of the block, and where they are."""
    for number in range(first // side, -(-(first + count) // side)):
        start, stop = max(first, number * side), min(first + count, (number + 1) * side)
        within = slice(start - number * side, stop - number * side)
        yield number, within, slice(start - first, stop - first)


def cells_of(codes: NDArray[np.unsignedinteger], per_weight: int, bits_per_cell: int) -> Cells:
    """Codes of shape [rows, columns] as cells [rows, columns · cells per weight]."""
    shifts = np.arange(per_weight, dtype=codes.dtype) * bits_per_cell
    cells = (codes[:, :, None] >> shifts) & codes.dtype.type((1 << bits_per_cell) - 1)
    return cells.reshape(len(codes), -1)


def codes_of(
    cells: Cells | Exact, per_weight: int, bits_per_cell: int, dtype: type[np.floating]
) -> Exact:
    """The inverse of :func:`cells_of`, for cells or sums of cells: shift and add."""
    codes = cells[:, ::per_weight].astype(dtype)
    for cell in range(1, per_weight):
        codes += cells[:, cell::per_weight] * dtype(1 << (cell * bits_per_cell))
    return codes


def offset_binary(weights: NDArray[np.integer], offset: int) -> NDArray[np.unsignedinteger]:
    """The codes weight + offset, none of which is negative."""
    unsigned = np.dtype(f"uint{8 * weights.dtype.itemsize}")
    return weights.astype(unsigned) + unsigned.type(offset)


def differential(weights: NDArray[np.integer]) -> tuple[NDArray[np.unsignedinteger], ...]:
    """The sizes of positive and of negative weights, zero where a weight has the other sign."""
    unsigned = np.dtype(f"uint{8 * weights.dtype.itemsize}")
    zero = weights.dtype.type(0)
    negative = np.negative(np.minimum(weights, zero).astype(unsigned))
    return np.maximum(weights, zero).astype(unsigned), negative


class CellsOfTile(NamedTuple):
    """The cells of a matrix of a tile: tile, wordlines below its corner, [sets, rows, columns]."""

    tile: int
    below: int
    cells: Cells


def layer_cells(
    op: LayerOp, weights: NDArray[np.integer], accelerator: Accelerator, *, is_offset: bool
) -> Iterator[CellsOfTile]:
    """The cells of all tiles of a layer with weights [matrices, columns, rows].

    One set of cells where codes are offset binary, otherwise positive and negative weights.
    """
    layer, grid = op.layer, op.grid.data
    offset = weight_excess(op, offset_binary=True) - weight_excess(op, offset_binary=False)
    per_weight = accelerator.cells_per_weight(layer.weight_bits)
    bits = accelerator.crossbar.bits_per_cell
    for matrix, column, row in product(*map(range, (layer.matrices, grid.wwm, grid.hwm))):
        columns = slice(*grid.column_range(layer, column))
        rows = slice(*grid.row_range(layer, row))
        own = weights[matrix, columns, rows].T
        codes = (offset_binary(own, offset),) if is_offset else differential(own)
        cells = np.stack([cells_of(part, per_weight, bits) for part in codes])
        joined, block = divmod(matrix, grid.joined)
        for copy, bit in product(range(grid.iw), range(grid.ib)):
            tile = grid.number(TileCoordinates(joined, copy, column, row, bit))
            yield CellsOfTile(tile, block * len(own), cells)
