"""Accumulators of the levels `vxb` and `pxb`: tiles compute with the cells that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.cnn_weight_layers import WeightLayerOp
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mvm import LayerOp
from spatem_ir.dialects.ou import PLACES
from spatem_ir.dialects.places import StageOp
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.vxb import VxbStageOp
from spatem_ir.geometry.grid import TileCoordinates
from spatem_ir.runtime.values.accumulator import LoadedLayer, Tile, TileAccumulator, Weights
from spatem_ir.runtime.values.crossbars import (
    Cells,
    Crossbars,
    cells_of,
    codes_of,
    offset_binary,
)
from spatem_ir.runtime.values.merging import Contribution, merge, sum_of
from spatem_ir.runtime.values.parameters import weight_excess
from spatem_ir.runtime.values.products import Exact


class Place(NamedTuple):
    """Where a tile sits: stage, crossbar, and its corner's (wordline, bitline)."""

    stage: int
    crossbar: int
    corner: tuple[int, int]


class CellAccumulator(TileAccumulator):
    """Programs the weights into the places that stages name, and computes from these cells."""

    offset_binary = True

    def __init__(self, stages: Sequence[StageOp]):
        self.accelerator = accelerator_of(stages[0])
        self.bits_per_cell = self.accelerator.crossbar.bits_per_cell
        self.places: dict[str, dict[int, Place]] = {}
        self.crossbars: dict[int, Crossbars] = {}
        for stage in stages:
            number = stage.number.value.data
            self.crossbars[number] = Crossbars(self.accelerator)
            for name, placed in stage.placements().items():
                places = self.places.setdefault(name, {})
                columns = (placed.tiles, placed.crossbars, placed.rows, placed.columns)
                for tile, crossbar, row, column in zip(*(c.tolist() for c in columns), strict=True):
                    places[tile] = Place(number, crossbar, (row, column))

    def load(self, op: WeightLayerOp, weights: Weights) -> None:
        """Write a layer's weights into the cells of all its tiles."""
        assert isinstance(op, LayerOp)
        layer, grid = op.layer, op.grid.data
        offset = weight_excess(op, offset_binary=True) - weight_excess(op, offset_binary=False)
        per_weight = self.accelerator.cells_per_weight(layer.weight_bits)
        places = self.places.get(op.sym_name.data, {})
        for matrix, column, row in product(*map(range, (layer.matrices, grid.wwm, grid.hwm))):
            columns = slice(*grid.column_range(layer, column))
            rows = slice(*grid.row_range(layer, row))
            codes = offset_binary(weights[matrix, columns, rows].T, offset)
            cells = cells_of(codes, per_weight, self.bits_per_cell)
            for copy, bit in product(range(grid.iw), range(grid.ib)):
                tile = grid.number(TileCoordinates(matrix, copy, column, row, bit))
                if tile in places:
                    stage, crossbar, corner = places[tile]
                    self.crossbars[stage].at(crossbar, corner, cells.shape)[:] = cells

    def cells_at(self, layer: LoadedLayer, tile: Tile, place: Place) -> Cells:
        """The cells that a tile covers at a place: shape [rows, columns · cells per weight]."""
        width = len(tile.columns) * self.accelerator.cells_per_weight(layer.geometry.weight_bits)
        shape = (len(tile.rows), width)
        return self.crossbars[place.stage].at(place.crossbar, place.corner, shape)

    def sums_at(self, layer: LoadedLayer, tile: Tile, place: Place) -> Exact:
        """The partial sums of a tile, from the cells at a place."""
        cells = self.cells_at(layer, tile, place)
        per_weight = self.accelerator.cells_per_weight(layer.geometry.weight_bits)
        dtype = tile.part.values.dtype.type
        return tile.part.sums(codes_of(cells, per_weight, self.bits_per_cell, dtype))

    def contributions(self, layer: LoadedLayer, tile: Tile) -> Iterable[Contribution]:
        place = self.places.get(layer.name, {}).get(tile.number)
        if place is None:
            return []
        return [Contribution(place.crossbar, self.sums_at(layer, tile, place))]


class VxbAccumulator(CellAccumulator):
    """Level `vxb`: virtual crossbars, whose partial sums meet in some place yet unknown."""

    def __init__(self, module: ModuleOp):
        super().__init__([op for op in module.ops if isinstance(op, VxbStageOp)])

    def merged(self, layer: LoadedLayer, contributions: list[Contribution]) -> Exact | None:
        return sum_of(contributions)


class PxbAccumulator(CellAccumulator):
    """Level `pxb`: physical crossbars; partial sums meet in their CU, their PE and at home.

    A layer without `pxb.home` has nowhere to come together: its sums stay zero.
    """

    def __init__(self, module: ModuleOp):
        stages = [op for op in module.ops if isinstance(op, PxbStageOp)]
        super().__init__(stages)
        self.at_home = {name for stage in stages for name in stage.home_ops()}

    def merge_places(self, layer: LoadedLayer) -> tuple[str, ...]:
        """Where a layer's partial sums are merged."""
        return PLACES

    def merged(self, layer: LoadedLayer, contributions: list[Contribution]) -> Exact | None:
        if layer.name not in self.at_home:
            return None
        return merge(contributions, self.merge_places(layer), self.accelerator)
