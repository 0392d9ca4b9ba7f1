"""The least time from the last input of a window to its output, whatever the deployment.

[R] A piece of a layer's output is the sum of the results of all row parts and bit parts of its
matrix (rules R1 to R5).  Rows that become ready late spoil every part that holds one of them; the
more parts there are, the shorter are their visits and the longer takes the sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.shapes.grid import ou_operations

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

Times = NDArray[np.int64]


class LayerSteps:
    """Least times of one layer from late rows to a finished piece, digital cycles.

    `most_copies` limits the bit parts, each of which is a copy of the matrix.
    """

    def __init__(self, layer: Layer, accelerator: Accelerator, most_copies: int):
        bits = np.unique([-(-layer.input_bits // b) for b in range(1, layer.input_bits + 1)])
        bits = bits[-(-layer.input_bits // bits) <= most_copies]
        rows = np.arange(1, min(layer.rows, accelerator.crossbar.wordlines) + 1)
        share = accelerator.components.compute_unit.operand_bytes
        rows, bits = (axis.reshape(-1) for axis in np.meshgrid(rows, bits))
        fits = rows * bits <= 8 * share
        self.rows, bits = rows[fits], bits[fits]
        self.remainder = (layer.rows % self.rows > 0).astype(np.int64)
        self.full_bits = layer.input_bits // bits
        parts = -(-layer.rows // self.rows) * -(-layer.input_bits // bits)
        self.added = (parts > 1).astype(np.int64)
        ou, components = accelerator.ou, accelerator.components
        units, memory = components.compute_unit, components.memory
        operations = -(-bits // ou.dac_bits) * ou_operations(
            accelerator, 1, 1, layer.weight_bits, ou.dac_bits
        )
        self.lines, self.crossbars = ou.wordlines, accelerator.crossbars
        self.row_operations = ou_operations(accelerator, 1, 1, layer.weight_bits, layer.input_bits)
        self.units = units
        fetch = units.fetch_cycles((bits + 7) // 8, memory)
        self.smallest_visit = fetch + units.visit_cycles(operations)
        row_parts = -(-self.rows // ou.wordlines)
        fetch = units.fetch_cycles((self.rows * bits + 7) // 8, memory)
        self.full_visit = fetch + units.visit_cycles(row_parts * operations)
        self.after = units.pipeline_cycles + 1
        accumulation = components.accumulation
        transit = components.interconnect.least_transit(accumulation.sum_bytes)
        parts = layer.rows * layer.input_bits
        spacing, together = units.fetch_cycles(1, memory), units.fetched_together
        self.merged = np.array(accumulation.most_merged(parts, transit, spacing, together))
        self._known: dict[tuple[int, int, int], int] = {}

    @property
    def most_rows(self) -> int:
        """The most matrix rows that a tile of the layer can have."""
        return int(self.rows.max())

    def least(self, late: int, count: int, spacing: int) -> int:
        """The least time from when `late` rows are ready, `count` of them `spacing` rows apart.

        Proof.  For parts of r rows, at least ⌈late / r⌉ parts hold a late row; rows at least r
        apart are in different parts, rows that are closer leave no part out.  All but the last
        part of each axis are full.  Every such part is fetched (R3), visited (R1, R4) and merged
        (R5, `most_merged` of the accumulation) after its last row is ready, for a slice of one
        column at least, and the sum is activated (R6); parts have different operands, of which the
        port of a PE fetches one after the other, or so many at a time.  All crossbars together,
        each of which has fetched something, do the operations on the parts or on the late rows.
        The smallest over all r and all bit parts counts.  A tile of joined matrices is no faster
        than one of a single whole matrix.
        """
        key = (late, count, spacing)
        if key not in self._known:
            self._known[key] = self._least(*key)
        return self._known[key]

    def _least(self, late: int, count: int, spacing: int) -> int:
        spread = np.where(spacing >= self.rows, count, -(-((count - 1) * spacing + 1) // self.rows))
        hit = np.maximum(-(-late // self.rows), spread)
        full = hit - self.remainder
        by_full = np.where(full > 0, self.full_visit + self._merge(full * self.full_bits), 0)
        by_any = self.smallest_visit + self._merge(hit * self.full_bits)
        operations = np.maximum(hit, -(-late // self.lines)) * self.row_operations
        by_all = 1 + self.units.operation_cycles * -(-operations // self.crossbars)
        return int(np.maximum(np.maximum(by_full, by_any), by_all).min()) + self.after

    def _merge(self, contributions: Times) -> Times:
        """The least cycles in which contributions become one sum; one meets others if there are."""
        return np.maximum(np.searchsorted(self.merged, contributions), self.added)


def cells_of(layer: Layer, accelerator: Accelerator) -> int:
    """The cells that one copy of a layer's weights takes, all matrices."""
    return layer.weights * accelerator.cells_per_weight(layer.weight_bits)


def most_copies(layers: list[Layer], accelerator: Accelerator) -> list[int]:
    """How many copies of each layer the chip can hold beside one of every other layer.

    A network that does not fit has no deployment of one stage: then nothing limits the copies.
    """
    cells = [cells_of(layer, accelerator) for layer in layers]
    free = accelerator.crossbars * accelerator.cells_per_crossbar - sum(cells)
    if free < 0:
        return [layer.input_bits for layer in layers]
    return [1 + free // own for own in cells]
