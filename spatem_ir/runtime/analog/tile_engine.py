"""The tile engine: partial sums of tiles, operation unit by operation unit."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.runtime.analog.arithmetic import OuArithmetic
from spatem_ir.runtime.analog.cells import TileCells, by_slice, conductances, noise_keys
from spatem_ir.runtime.analog.default_kernels import default_kernels
from spatem_ir.runtime.analog.kernels import (
    SUBGROUP,
    Kernels,
    Noise,
    OuShape,
    bit_planes,
    partial_tables,
    subgroup_count,
)
from spatem_ir.runtime.analog.patterns import Sent
from spatem_ir.runtime.analog.prepared import Prepared
from spatem_ir.runtime.analog.randomness import draws, noise, noise_scale

PREPARED_BYTES = 1 << 30
"""What tables may occupy that are kept from one batch to the next."""

TABLE_POSITIONS = 10
"""Input bits of the largest operation whose results are tabulated."""

POPCOUNT_WORDLINES = 64
"""Wordlines of the largest operation whose common bits are counted."""


class Formulation(Enum):
    """How the sums of a tile are computed; all give the same bits where they are possible."""

    TABLE = auto()
    """Look up the result of each operation by its input bits."""
    POPCOUNT = auto()
    """Count the bits that inputs and ideal cells have in common."""
    DIRECT = auto()
    """Add up conductances."""


class Operation(NamedTuple):
    """One operation of an operation unit: rows and bitlines of the tile, and bits of the inputs."""

    rows: NDArray[np.integer]
    bitlines: NDArray[np.integer]
    bits: NDArray[np.integer]


class TileEngine:
    """Computes partial sums of tiles from conductances and converters.

    Args:
        arithmetic: How operation units compute.
        kernels: Compiled ones by default, if numba is installed.
        prepared_bytes: What tables may occupy that are kept.
    """

    def __init__(
        self,
        arithmetic: OuArithmetic,
        kernels: Kernels | None = None,
        prepared_bytes: int = PREPARED_BYTES,
    ):
        self.arithmetic = arithmetic
        self.kernels = kernels or default_kernels()
        self.prepared = Prepared(prepared_bytes)

    def formulation(self, shape: OuShape, operand_slices: int, *, tabulated: bool) -> Formulation:
        """How the sums of a tile are best computed.

        A table pays from about a quarter as many operands, times slices of their bits, as it has
        patterns; at once if the tile is `tabulated` already.
        """
        positions = shape.wordlines * shape.dac_bits
        if not self.arithmetic.static_cells:
            return Formulation.DIRECT
        if tabulated or (positions <= TABLE_POSITIONS and 4 * operand_slices >= 1 << positions):
            return Formulation.TABLE
        if self.arithmetic.ideal_cells and shape.wordlines <= POPCOUNT_WORDLINES:
            return Formulation.POPCOUNT
        return Formulation.DIRECT

    def sums(self, cells: TileCells, sent: Sent) -> NDArray[np.int32]:
        """The sums of a tile for what it receives: [columns, windows, images].

        Integers wrap around; the excess of what was sent is already subtracted.
        """
        shape = self._shape(cells, sent)
        operands, slices = sent.operands.shape[1], -(-len(sent.bits) // shape.dac_bits)
        tabulated = (Formulation.TABLE, *cells.key) in self.prepared
        match self.formulation(shape, operands * slices, tabulated=tabulated):
            case Formulation.TABLE:
                sums = self._from_table(cells, sent, shape)
            case Formulation.POPCOUNT:
                sums = self._by_popcount(cells, sent, shape)
            case Formulation.DIRECT:
                sums = self._directly(cells, sent, shape)
        return self._completed(sums.T, cells, sent)

    def operation_sums(
        self, cells: TileCells, sent: Sent, operations: Iterable[Operation]
    ) -> NDArray[np.int32]:
        """The sums of a tile after the given operations, as of :meth:`sums`.

        Operations that cover the tile in the order and in the parts of a whole visit give the sums
        of that visit, read noise included.
        """
        bitlines = cells.levels.shape[1]
        conducted = self.prepared.get(cells.key, lambda: conductances(cells, self.arithmetic))
        operands, slices = sent.operands, -(-len(sent.bits) // self.arithmetic.dac_bits)
        keys = self._noise(cells, sent)
        order = by_slice(np.arange(bitlines)[None], cells.per_weight)[0]
        shifted = np.zeros((bitlines, operands.shape[1]), np.int32)
        for chosen, own, of_inputs in operations:
            bits = of_inputs - sent.bits.start
            first = int(bits.min())
            driven = np.zeros((len(chosen), operands.shape[1]), np.int32)
            for bit in bits.tolist():
                driven += ((operands[chosen] >> bit) & 1).astype(np.int32) << (bit - first)
            read = conducted[np.ix_(chosen, own)].T @ driven
            if keys.scale:
                number = int(chosen.min()) * slices + first // self.arithmetic.dac_bits
                of_operation = draws(keys.keys, np.array([number], np.uint64))
                samples = np.empty((bitlines, operands.shape[1]), np.int32)
                samples[order] = noise(of_operation, bitlines, keys.scale).T
                read += samples[own]
            negative = sent.negative_top and len(sent.bits) - 1 in bits
            significance = np.array(1 << first, np.uint32).astype(np.int32)
            converted = self.arithmetic.adc.convert(read)
            shifted[own] += converted * (-significance if negative else significance)
        sums = np.zeros((bitlines // cells.per_weight, operands.shape[1]), np.int32)
        for cell in range(cells.per_weight):
            sums += shifted[cell :: cells.per_weight] << np.int32(cell * self.arithmetic.cell_bits)
        return self._completed(sums, cells, sent)

    def _shape(self, cells: TileCells, sent: Sent) -> OuShape:
        """How the tile's operations are cut and put together."""
        arithmetic = self.arithmetic
        return OuShape(
            wordlines=min(arithmetic.wordlines, len(cells.levels)),
            dac_bits=arithmetic.dac_bits,
            cells=cells.per_weight,
            cell_bits=arithmetic.cell_bits,
            negative_top=sent.negative_top,
        )

    def _from_table(self, cells: TileCells, sent: Sent, shape: OuShape) -> NDArray[np.int32]:
        table = self.prepared.get(
            (Formulation.TABLE, *cells.key),
            lambda: self.kernels.build_table(
                by_slice(conductances(cells, self.arithmetic), shape.cells),
                shape,
                self.arithmetic.adc,
            ),
        )
        patterns = sent.patterns(self.kernels, shape.wordlines, shape.wordlines, 1)
        return self.kernels.table_sums(table, patterns, shape)

    def _by_popcount(self, cells: TileCells, sent: Sent, shape: OuShape) -> NDArray[np.int32]:
        planes = self.prepared.get(
            (Formulation.POPCOUNT, *cells.key),
            lambda: bit_planes(
                by_slice(cells.levels, shape.cells), shape.wordlines, shape.cell_bits
            ),
        )
        patterns = sent.patterns(self.kernels, shape.wordlines, shape.wordlines, 1)
        return self.kernels.popcount_sums(planes, patterns, shape, self.arithmetic.adc)

    def _directly(self, cells: TileCells, sent: Sent, shape: OuShape) -> NDArray[np.int32]:
        partial = self.prepared.get(
            (Formulation.DIRECT, *cells.key),
            lambda: partial_tables(
                by_slice(conductances(cells, self.arithmetic), shape.cells), shape.wordlines
            ),
        )
        patterns = sent.patterns(
            self.kernels, shape.wordlines, SUBGROUP, subgroup_count(shape.wordlines)
        )
        drawn = self._noise(cells, sent)
        return self.kernels.direct_sums(partial, patterns, shape, self.arithmetic.adc, drawn)

    def _noise(self, cells: TileCells, sent: Sent) -> Noise:
        """The read noise of each operand."""
        keys = noise_keys(cells, self.arithmetic, sent.windows, sent.images)
        return Noise(noise_scale(self.arithmetic.analog.read_noise), keys)

    def _completed(
        self, sums: NDArray[np.int32], cells: TileCells, sent: Sent
    ) -> NDArray[np.int32]:
        """Sums of codes [columns, operands] as sums of inputs [columns, windows, images].

        They are shifted to the place of the bits, and the share of the excess is subtracted: the
        digital logic knows the weights that were meant to be written.
        """
        sums = sums << np.int32(sent.bits.start)
        if sent.excess:
            levels = cells.levels.sum(axis=0, dtype=np.int64).reshape(-1, cells.per_weight)
            significances = 1 << (np.arange(cells.per_weight) * self.arithmetic.cell_bits)
            share = (levels @ significances * sent.excess).astype(np.int32)
            sums -= share[:, None]
        return sums.reshape(-1, *sent.codes.shape[1:])
