"""Bands: in what order the tiles of a copy follow each other on the chip.

A copy of many tiles fills several PEs.  If all row parts of a column are neighbours, their partial
sums meet in a PE, but every PE reads all channels of the map.  In *bands* of row parts, all columns
of the first band come before those of the second: a PE reads the channels of its band alone, and
the partial sums of the bands travel to their home.  How many bands there are, is what holds the
busiest link for the fewest cycles.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class InLine:
    """Grids of a layer whose tiles follow each other on so many crossbars: arrays of equal shape.

    `joined` matrices are one in all of them, and `results` are the values to which a visit of a
    tile contributes.
    """

    layer: Layer
    accelerator: Accelerator
    crossbars: int
    joined: int
    hwm: Ints
    wwm: Ints
    iw: Ints
    ib: Ints
    results: Ints

    @staticmethod
    def of(layer: Layer, grid: Grid, accelerator: Accelerator, crossbars: int) -> InLine:
        """A single grid: arrays of no dimension."""
        degrees = map(np.array, (grid.hwm, grid.wwm, grid.iw, grid.ib, grid.results))
        return InLine(layer, accelerator, crossbars, grid.joined, *degrees)

    @cached_property
    def bands(self) -> Ints:
        """The bands with which the busiest link is held for the fewest cycles: 1, 2, 4 … or `hwm`.

        One where a copy has no more tiles than a PE has crossbars.
        """
        interconnect = self.accelerator.components.interconnect
        sums = self.layer.windows * -(-self.layer.matrices // self.joined) * self.wwm
        size = self.results * self.accelerator.components.accumulation.sum_bytes
        sums = sums * np.asarray(interconnect.packet_cycles(size))
        tiles = np.minimum(self.hwm * self.wwm * self.ib, self.crossbars)
        pes = -(-tiles // self.accelerator.crossbars_per_pe)
        hops = interconnect.mean_hops_in_line[pes] * interconnect.busiest_share
        sums = sums * np.maximum(hops, 1 / self.accelerator.pes)
        best, least = np.ones_like(self.hwm), np.full(self.hwm.shape, np.inf)
        count = 1
        while count <= self.hwm.max():
            bands = np.minimum(count, self.hwm)
            cycles = self.input_cycles * interconnect.tree_load(self.reading(bands))
            cycles = cycles + sums * (self.sending(bands) - 1)
            is_less = (cycles < least) & ((pes > 1) | (count == 1))
            best, least = np.where(is_less, bands, best), np.where(is_less, cycles, least)
            count *= 2
        return best

    @property
    def band_rows(self) -> Ints:
        """The row parts of a band; the last one may have fewer."""
        return rows_of_band(self.hwm, self.bands)

    @property
    def input_cycles(self) -> int:
        """The cycles for which what the layer reads holds a link, a packet for each position."""
        channels, height, width = self.layer.input_shape
        size = -(-channels * self.layer.input_bits // 8)
        cycles = self.accelerator.components.interconnect.packet_cycles(size)
        return height * width * int(cycles)

    def reading(self, bands: Ints) -> Floats:
        """At how many PEs a value of what the layer reads is read, about.

        A copy of a matrix follows the other on the chip.  A position is read by the windows that
        cover it: those of a row are dealt to copies that are neighbours, those of the next row to
        others, as far as there are so many copies and crossbars.  Of a copy, it is the PEs of one
        band that read the value.
        """
        per_pe, layer = self.accelerator.crossbars_per_pe, self.layer
        matrices = 1 if layer.region is None else -(-layer.matrices // self.joined)
        copies = self.iw * matrices
        (kh, kw), (sh, sw) = layer.window.kernel, layer.window.strides
        rows, columns = max(kh // sh, 1), max(kw // sw, 1)
        of_copy = self.hwm * self.wwm * self.ib
        of_band = rows_of_band(self.hwm, bands) * self.wwm * self.ib

        def spanned(number: Ints) -> Floats:
            whole = (np.minimum(number * of_copy, self.crossbars) - 1) / per_pe + 1
            return np.minimum(whole, number * ((of_band - 1) / per_pe + 1))

        of_rows = np.minimum(rows, copies) * spanned(np.minimum(columns, copies))
        return np.minimum(of_rows, spanned(copies))

    def sending(self, bands: Ints) -> Floats:
        """From how many PEs partial sums of a value come, about, its home among them."""
        per_pe = self.accelerator.crossbars_per_pe
        together = self.accelerator.components.accumulation.crossbars_sending
        block = rows_of_band(self.hwm, bands) * self.ib
        split = np.where(per_pe % block > 0, block - 1, 0) / per_pe
        return -(-self.hwm * self.ib // block) * (-(-block // together) + split)


def banded_tiles(layer: Layer, grid: Grid, band_rows: int) -> Ints:
    """The tiles of a layer in the order in which they follow each other, by number.

    A band has so many row parts.
    """
    at = grid.coordinates(np.arange(grid.tiles(layer)))
    return np.lexsort((at.bit, at.row, at.column, at.row // band_rows, at.copy, at.matrix))


def rows_of_band(hwm: Ints, bands: Ints) -> Ints:
    """The row parts of each of so many bands."""
    return -(-hwm // bands)
