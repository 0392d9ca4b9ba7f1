"""The cells of crossbars: programming tiles into them and reading codes back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatem_ir.hardware.accelerator import Accelerator


class Crossbars:
    """The cells of all crossbars during one stage: [crossbars, wordlines, bitlines].

    A weight code takes neighbouring cells of one wordline, the least significant first.
    """

    def __init__(self, accelerator: Accelerator):
        crossbar = accelerator.crossbar
        self.bits_per_cell = crossbar.bits_per_cell
        shape = (accelerator.crossbars, crossbar.wordlines, crossbar.bitlines)
        self.cells = np.zeros(shape, np.min_scalar_type((1 << self.bits_per_cell) - 1))

    def write(
        self, crossbar: int, corner: tuple[int, int], codes: NDArray[np.integer], per_weight: int
    ) -> None:
        """Program codes of shape [rows, columns] with the corner at (wordline, bitline)."""
        shifts = np.arange(per_weight, dtype=codes.dtype) * self.bits_per_cell
        cells = (codes[:, :, None] >> shifts) & ((1 << self.bits_per_cell) - 1)
        cells = cells.reshape(len(codes), -1)
        self.read(crossbar, corner, cells.shape)[:] = cells

    def read(
        self, crossbar: int, corner: tuple[int, int], shape: tuple[int, ...]
    ) -> NDArray[np.integer]:
        """The cells of a rectangle: a view of shape [wordlines, bitlines]."""
        (row, column), (height, width) = corner, shape
        return self.cells[crossbar, row : row + height, column : column + width]


def codes_of(cells: NDArray[np.integer], per_weight: int, bits_per_cell: int) -> NDArray[np.int32]:
    """Weight codes from cells: [rows, columns · cells per weight] to [rows, columns]."""
    codes = cells[:, ::per_weight].astype(np.int32)
    for cell in range(1, per_weight):
        codes += cells[:, cell::per_weight].astype(np.int32) << (cell * bits_per_cell)
    return codes


def offset_binary(weights: NDArray[np.integer], offset: int) -> NDArray[np.unsignedinteger]:
    """Weight codes to store, weight + offset, none of which is negative."""
    unsigned = np.dtype(f"uint{8 * weights.dtype.itemsize}")
    return weights.astype(unsigned) + unsigned.type(offset)
