"""Accumulator of level `ou`: only what a visit computes and a merge brings home exists."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.mvm import layer_ops
from spatem_ir.dialects.ou import ActivateOp, OuStageOp
from spatem_ir.runtime.values.accumulator import Contribution, Sums, Tile, TiledLayer
from spatem_ir.runtime.values.deployed import Place, PxbAccumulator
from spatem_ir.runtime.values.products import OperandPart
from spatem_ir.runtime.values.visits import Visits, visits_of


class OuAccumulator(PxbAccumulator):
    """Level `ou`: every visit computes on the crossbar whose stream names it.

    Its cells are read where the tile's corner is; partial sums are merged where `ou.merge` says,
    and go nowhere without one.
    """

    def __init__(self, module: ModuleOp):
        super().__init__(module)
        stages = [op for op in module.ops if isinstance(op, OuStageOp)]
        self.visits = visits_of(stages, layer_ops(module))
        self.merges = {name: places for stage in stages for name, places in stage.merges.items()}

    def merge_places(self, layer: TiledLayer) -> tuple[str, ...]:
        return self.merges.get(layer.name, ())

    def contributions(self, layer: TiledLayer, tile: Tile) -> Iterable[Contribution]:
        place = self.places.get(layer.name, {}).get(tile.number)
        if place is None:
            return
        for visits in self.visits.get(layer.name, {}).get(tile.number, []):
            times = visits.times[tile.windows.start : tile.windows.stop]
            where = Place(visits.stage, visits.crossbar, place.corner)
            if (times == 1).all():
                yield Contribution(visits.crossbar, self._visit(layer, tile, where, visits))
            elif times.any():
                visited = np.flatnonzero(times)
                some = Tile(tile.number, tile.windows, tile.part.at(visited))
                computed = self._visit(layer, some, where, visits) * times[visited, None]
                _, windows, images = tile.part.values.shape
                sums = np.zeros((len(computed), windows, images), np.int32)
                sums[:, visited] = computed
                yield Contribution(visits.crossbar, sums)

    def _visit(self, layer: TiledLayer, tile: Tile, where: Place, visits: Visits) -> Sums:
        """The partial sums of a tile's visits: one product, or operation by operation."""
        if visits.operations is None:
            codes = self.codes_at(layer, tile.number, where)
            return tile.part.sums(codes, layer.excess)
        cells = self.cells_at(layer, tile.number, where)
        bitlines = operation_sums(cells, tile.part, visits.operations, layer)
        cell_bits = self.accelerator.crossbar.bits_per_cell
        per_weight = self.cells_per_weight(layer)
        weights = sum(
            bitlines[cell::per_weight] << (cell * cell_bits) for cell in range(per_weight)
        )
        rows = tile.part.values.sum(axis=0, dtype=np.float64).astype(np.int64)
        return (weights - layer.excess * rows).astype(np.int32)


def operation_sums(
    cells: NDArray[np.integer],
    part: OperandPart,
    operations: list[ActivateOp],
    layer: TiledLayer,
) -> NDArray[np.int64]:
    """What the shift-and-add of each bitline holds after some operations: [bitlines, …].

    The top bit of a signed activation is subtracted.
    """
    geometry = layer.geometry
    received = part.values.astype(np.int64)
    sums = np.zeros((cells.shape[1], *received.shape[1:]), np.int64)
    for operation in operations:
        rows, bitlines = (
            indices.data.to_array() for indices in (operation.rows, operation.columns)
        )
        driven = np.zeros((len(rows), *received.shape[1:]), np.int64)
        for bit in operation.bits.data:
            negative = geometry.input_signed and bit == geometry.input_bits - 1
            significance = -(1 << bit) if negative else 1 << bit
            driven += ((received[rows] >> bit) & 1) * significance
        active = cells[np.ix_(rows, bitlines)].astype(np.float64)
        bitline_sums = active.T @ driven.reshape(len(rows), -1)
        sums[bitlines] += bitline_sums.astype(np.int64).reshape(-1, *received.shape[1:])
    return sums
