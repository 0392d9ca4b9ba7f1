"""Accumulators of the levels `vxb` and `pxb`: tiles compute with the cells that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.cnn_weight_layers import WeightLayerOp
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou import PLACES
from spatem_ir.dialects.places import StageOp
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.vxb import VxbStageOp
from spatem_ir.runtime.values.accumulator import (
    Contribution,
    Sums,
    Tile,
    TileAccumulator,
    TiledLayer,
    sum_of,
)
from spatem_ir.runtime.values.crossbars import Crossbars, codes_of, offset_binary
from spatem_ir.runtime.values.merging import merge
from spatem_ir.runtime.values.parameters import weight_excess


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

    def load(self, op: WeightLayerOp, weights: NDArray[np.integer]) -> None:
        layer = TiledLayer.of(op, offset_binary=True)
        offset = layer.excess - weight_excess(op, offset_binary=False)
        per_weight = self.cells_per_weight(layer)
        for tile, place in self.places.get(layer.name, {}).items():
            codes = offset_binary(weights[layer.matrix_block(tile)], offset).T
            crossbars = self.crossbars[place.stage]
            crossbars.write(place.crossbar, place.corner, codes, per_weight)

    def cells_per_weight(self, layer: TiledLayer) -> int:
        """Neighbouring cells that hold one weight of the layer."""
        return self.accelerator.cells_per_weight(layer.geometry.weight_bits)

    def cells_at(self, layer: TiledLayer, tile: int, place: Place) -> NDArray[np.integer]:
        """The cells that a tile covers at a place: shape [rows, columns · cells per weight]."""
        _, columns, rows = layer.matrix_block(tile)
        width = (columns.stop - columns.start) * self.cells_per_weight(layer)
        shape = (rows.stop - rows.start, width)
        return self.crossbars[place.stage].read(place.crossbar, place.corner, shape)

    def codes_at(self, layer: TiledLayer, tile: int, place: Place) -> NDArray[np.int32]:
        """The weight codes of a tile at a place, from the cells: shape [rows, columns]."""
        cells = self.cells_at(layer, tile, place)
        bits_per_cell = self.accelerator.crossbar.bits_per_cell
        return codes_of(cells, self.cells_per_weight(layer), bits_per_cell)

    def contributions(self, layer: TiledLayer, tile: Tile) -> Iterable[Contribution]:
        place = self.places.get(layer.name, {}).get(tile.number)
        if place is None:
            return []
        codes = self.codes_at(layer, tile.number, place)
        return [Contribution(place.crossbar, tile.part.sums(codes, layer.excess))]


class VxbAccumulator(CellAccumulator):
    """Level `vxb`: virtual crossbars, whose partial sums meet in some place yet unknown."""

    def __init__(self, module: ModuleOp):
        super().__init__([op for op in module.ops if isinstance(op, VxbStageOp)])

    def merged(self, layer: TiledLayer, contributions: list[Contribution]) -> Sums | None:
        return sum_of(contributions)


class PxbAccumulator(CellAccumulator):
    """Level `pxb`: physical crossbars; partial sums meet in their CU, their PE and at home.

    A layer without `pxb.home` has nowhere to come together: its sums stay zero.
    """

    def __init__(self, module: ModuleOp):
        stages = [op for op in module.ops if isinstance(op, PxbStageOp)]
        super().__init__(stages)
        self.at_home = {name for stage in stages for name in stage.home_ops()}

    def merge_places(self, layer: TiledLayer) -> tuple[str, ...]:
        """Where a layer's partial sums are merged."""
        return PLACES

    def merged(self, layer: TiledLayer, contributions: list[Contribution]) -> Sums | None:
        places = self.merge_places(layer)
        if "home" not in places or layer.name not in self.at_home:
            return None
        return merge(contributions, places, self.accelerator)
