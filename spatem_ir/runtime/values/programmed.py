"""Accumulator of level `ou`: only what a visit computes and a merge brings home exists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.geometry.network.crossbar_program import Activation
from spatem_ir.numerics.cells import Cells, codes_of
from spatem_ir.numerics.exact import Exact
from spatem_ir.runtime.analog.tile_engine import Operation
from spatem_ir.runtime.values.accumulator import LoadedLayer, Tile
from spatem_ir.runtime.values.deployed import Place, PxbAccumulator
from spatem_ir.runtime.values.merging import Contribution
from spatem_ir.runtime.values.products import OperandPart
from spatem_ir.runtime.values.visits import TileVisits, visits_of
from spatem_ir.weights.store import ParameterStore


class OuAccumulator(PxbAccumulator):
    """Level `ou`: every visit computes on the crossbar whose stream names it.

    Its cells are read where the tile's corner is; partial sums are merged where `ou.merge` says.
    """

    def __init__(self, module: ModuleOp, store: ParameterStore):
        super().__init__(module, store)
        stages = [op for op in module.ops if isinstance(op, OuStageOp)]
        self.visits = visits_of(stages, dataflow_of(module))
        self.merges = {name: places for stage in stages for name, places in stage.merges.items()}

    def merge_places(self, layer: LoadedLayer) -> tuple[str, ...]:
        return self.merges[layer.name]

    def contributions(self, layer: LoadedLayer, tile: Tile) -> Iterable[Contribution]:
        place = self.place_of(layer, tile)
        if place is None:
            return
        for visits in self.visits.get(layer.name, {}).get(tile.number, []):
            times = visits.times[tile.windows.start : tile.windows.stop]
            where = Place(visits.stage, visits.crossbar, place.corner)
            if (times == 1).all():
                yield Contribution(visits.crossbar, self._visited(layer, tile, where, visits))
            elif times.any():
                windows = np.flatnonzero(times)
                some = tile._replace(part=tile.part.at(windows))
                computed = self._visited(layer, some, where, visits)
                shape = (len(tile.columns), *tile.part.windows_and_images)
                sums = np.zeros(shape, computed.dtype)
                sums[:, windows] = computed * times[windows, None]
                yield Contribution(visits.crossbar, sums)

    def _visited(self, layer: LoadedLayer, tile: Tile, where: Place, visits: TileVisits) -> Exact:
        """The partial sums of visits to a tile: one product, or operation by operation."""
        if visits.operations is None:
            return self.sums_at(layer, tile, where)
        own = [
            activation._replace(rows=activation.rows - tile.wordline)
            for activation in visits.operations
            if 0 <= activation.rows[0] - tile.wordline < len(tile.rows)
        ]
        engine, sent = self.engine, tile.part.sent
        if engine is None or sent is None or self.arithmetic.exact(len(tile.rows)):
            return self._visited_exactly(layer, tile, where, own)
        operations = [Operation(*activation) for activation in own]
        sums = [
            engine.operation_sums(cells, sent, operations)
            for cells in self.rectangles(layer, tile, where)
        ]
        return self.weight_sums(tile, sums)

    def _visited_exactly(
        self, layer: LoadedLayer, tile: Tile, where: Place, operations: Sequence[Activation]
    ) -> Exact:
        """The partial sums of visits whose operations give the exact sums."""
        per_weight = self.per_weight(layer)
        positive, *negative = (
            operation_sums(cells, tile.part, operations, layer)
            for cells in self.cells_at(layer, tile, where)
        )
        for others in negative:
            positive -= others
        sums = codes_of(positive.T, per_weight, self.bits_per_cell, np.float64).T
        return sums.reshape(-1, *tile.part.windows_and_images) - tile.part.correction


def operation_sums(
    cells: Cells, part: OperandPart, operations: Sequence[Activation], layer: LoadedLayer
) -> Exact:
    """What the shift-and-add of each bitline holds after some operations.

    Returns an array of shape [bitlines, windows · images]; the top bit of a signed activation is
    subtracted.
    """
    geometry = layer.geometry
    received = part.values.astype(np.int64).reshape(len(part.values), -1)
    sums = np.zeros((cells.shape[1], received.shape[1]))
    for operation in operations:
        rows, bitlines = operation.rows, operation.columns
        driven = np.zeros((len(rows), received.shape[1]))
        for bit in operation.bits.tolist():
            top_of_signed = geometry.input_signed and bit == geometry.input_bits - 1
            significance = -(1 << bit) if top_of_signed else 1 << bit
            driven += ((received[rows] >> bit) & 1) * significance
        sums[bitlines] += cells[np.ix_(rows, bitlines)].T.astype(np.float64) @ driven
    return sums
