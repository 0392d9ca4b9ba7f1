"""The cells of crossbars, and weight codes in cells.

A weight code takes neighbouring cells of one wordline, the least significant first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.numerics.exact import Exact

Cells = NDArray[np.unsignedinteger]
"""Levels of cells: [wordlines, bitlines], or several sets of them."""


class CellArrays:
    """All crossbars during one stage; a crossbar that no tile was written to holds zeros.

    There is one set of cells, or two: for positive and for negative weights.
    """

    def __init__(self, accelerator: Accelerator, sets: int):
        crossbar = accelerator.crossbar
        self.shape = (sets, crossbar.wordlines, crossbar.bitlines)
        self.dtype = np.min_scalar_type((1 << crossbar.bits_per_cell) - 1)
        self.cells: dict[int, Cells] = {}

    def at(self, crossbar: int, corner: tuple[int, int], shape: tuple[int, int]) -> Cells:
        """A view of the cells of a rectangle with its corner at (wordline, bitline): each set."""
        (row, column), (height, width) = corner, shape
        if crossbar not in self.cells:
            self.cells[crossbar] = np.zeros(self.shape, self.dtype)
        return self.cells[crossbar][:, row : row + height, column : column + width]


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
