"""Accumulators of the levels `vxb` and `pxb`: tiles compute with the cells that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mvm import LayerOp
from spatem_ir.dialects.places import StageOp
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.vxb import VxbStageOp
from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.numerics.cells import CellArrays, Cells, codes_of, layer_cells
from spatem_ir.numerics.exact import INT32_BITS, Exact
from spatem_ir.runtime.analog.arithmetic import OuArithmetic
from spatem_ir.runtime.analog.cells import TileCells
from spatem_ir.runtime.analog.patterns import Sent
from spatem_ir.runtime.analog.tile_engine import TileEngine
from spatem_ir.runtime.values.accumulator import LayerWeights, LoadedLayer, Tile, TileAccumulator
from spatem_ir.runtime.values.merging import Contribution, merge, sum_of
from spatem_ir.runtime.values.products import OperandPart
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.block_tables import moved_blocks
from spatem_ir.weights.store import ParameterStore

PATTERN_ELEMENTS = 8
"""How many times as much space operands take if their bits are packed for operation units."""


class Place(NamedTuple):
    """Where a tile sits: stage, crossbar, and its corner's (wordline, bitline)."""

    stage: int
    crossbar: int
    corner: tuple[int, int]

    def below(self, wordlines: int) -> Place:
        """The place so many wordlines below."""
        row, column = self.corner
        return self._replace(corner=(row + wordlines, column))


class CellAccumulator(TileAccumulator):
    """Programs the weights into the places that stages name, and computes from these cells.

    Positive and negative weights have cells of their own with `offset_binary` False.
    """

    def __init__(
        self, stages: Sequence[StageOp], store: ParameterStore, *, offset_binary: bool = True
    ):
        super().__init__()
        self.offset_binary = offset_binary
        self.accelerator = accelerator_of(stages[0])
        self.bits_per_cell = self.accelerator.crossbar.bits_per_cell
        self.places: dict[str, dict[int, Place]] = {}
        self.crossbars: dict[int, CellArrays] = {}
        self.moved: dict[int, dict[tuple[int, int, int], tuple[int, int]]] = {}
        for stage in stages:
            number = stage.number.value.data
            self.crossbars[number] = CellArrays(self.accelerator, 1 if offset_binary else 2)
            self.moved[number] = moved_blocks(stage, store)
            for name, placed in stage.placements().items():
                places = self.places.setdefault(name, {})
                columns = (placed.tiles, placed.crossbars, placed.rows, placed.columns)
                for tile, crossbar, row, column in zip(*(c.tolist() for c in columns), strict=True):
                    places[tile] = Place(number, crossbar, (row, column))

    def load(self, op: WeightLayerOp, weights: LayerWeights) -> None:
        """Write a layer's weights into the cells of all its tiles."""
        assert isinstance(op, LayerOp)
        places = self.places.get(op.sym_name.data, {})
        cells = layer_cells(op, weights, self.accelerator, is_offset=self.offset_binary)
        for tile, below, own in cells:
            if tile in places:
                place = places[tile].below(below)
                for corner, rows, columns in self._pieces(place, own.shape[1:]):
                    self.crossbars[place.stage].write(place.crossbar, corner, own[:, rows, columns])

    def _pieces(
        self, place: Place, shape: tuple[int, ...]
    ) -> Iterator[tuple[tuple[int, int], slice, slice]]:
        """Where the cells of a tile's matrix are: corners, and the rows and columns from there.

        In one piece, or operation unit by operation unit where blocks have changed places.
        """
        moved = self.moved[place.stage]
        if not moved:
            yield place.corner, slice(None), slice(None)
            return
        ou = self.accelerator.ou
        rows, columns = range(0, shape[0], ou.wordlines), range(0, shape[1], ou.bitlines)
        for down, across in product(rows, columns):
            corner = place.corner[0] + down, place.corner[1] + across
            at = moved.get((place.crossbar, *corner), corner)
            yield at, slice(down, down + ou.wordlines), slice(across, across + ou.bitlines)

    def place_of(self, layer: LoadedLayer, tile: Tile) -> Place | None:
        """Where a tile sits, a block of one at its own corner; None if it is nowhere."""
        place = self.places.get(layer.name, {}).get(tile.number)
        return None if place is None else place.below(tile.wordline)

    def cells_at(self, layer: LoadedLayer, tile: Tile, place: Place) -> Cells:
        """The cells that a tile covers at a place: [sets, rows, columns · cells per weight]."""
        shape = (len(tile.rows), len(tile.columns) * self.per_weight(layer))
        arrays = self.crossbars[place.stage]
        if not self.moved[place.stage]:
            return arrays.read(place.crossbar, place.corner, shape)
        cells = np.zeros((arrays.sets, *shape), arrays.dtype)
        for corner, rows, columns in self._pieces(place, shape):
            part = cells[:, rows, columns]
            part[:] = arrays.read(place.crossbar, corner, part.shape[1:])
        return cells

    def per_weight(self, layer: LoadedLayer) -> int:
        """How many cells hold one weight of a layer, side by side."""
        return self.accelerator.cells_per_weight(layer.geometry.weight_bits)

    def sums_at(self, layer: LoadedLayer, tile: Tile, place: Place) -> Exact:
        """The partial sums of a tile, from the cells at a place."""
        per_weight, dtype = self.per_weight(layer), tile.part.values.dtype.type
        cells = self.cells_at(layer, tile, place)
        codes = codes_of(cells[0], per_weight, self.bits_per_cell, dtype)
        if len(cells) > 1:
            codes -= codes_of(cells[1], per_weight, self.bits_per_cell, dtype)
        return tile.part.sums(codes)

    def contributions(self, layer: LoadedLayer, tile: Tile) -> Iterable[Contribution]:
        place = self.place_of(layer, tile)
        if place is None:
            return []
        return [Contribution(place.crossbar, self.sums_at(layer, tile, place))]

    def merged(self, layer: LoadedLayer, contributions: list[Contribution]) -> Exact | None:
        return sum_of(contributions)


class VxbAccumulator(CellAccumulator):
    """Level `vxb`: virtual crossbars, whose partial sums meet in some place yet unknown.

    Deviations, faults and noise belong to physical cells; here all cells and converters are exact.
    """

    def __init__(self, module: ModuleOp, store: ParameterStore):
        super().__init__([op for op in module.ops if isinstance(op, VxbStageOp)], store)


class PxbAccumulator(CellAccumulator):
    """Level `pxb`: physical crossbars; partial sums meet in their CU, their PE and at home.

    A layer without `pxb.home` has nowhere to come together: its sums stay zero.  Tiles whose
    operation units do not give the exact sums are left to the tile engine.
    """

    def __init__(self, module: ModuleOp, store: ParameterStore):
        stages = [op for op in module.ops if isinstance(op, PxbStageOp)]
        accelerator = accelerator_of(module)
        self.arithmetic = OuArithmetic.of(accelerator)
        self.arithmetic.expect_computable(accelerator.name)
        exact = self.arithmetic.exact(self.arithmetic.wordlines)
        self.engine = None if exact else TileEngine(self.arithmetic)
        super().__init__(stages, store, offset_binary=not self.arithmetic.differential)
        if self.engine is not None and any(self.moved.values()):
            raise SpatemError(
                f"'{accelerator.name}': cells and converters deviate, which is not computed for "
                "blocks that map-weights has moved; take lossless ADCs and ideal cells"
            )
        self.at_home = {name for stage in stages for name in stage.home_ops()}

    def elements_per_operand(self, layer: Layer, grid: Grid) -> int:
        elements = super().elements_per_operand(layer, grid)
        return elements if self.engine is None else PATTERN_ELEMENTS * elements

    def sum_type(self, layer: LoadedLayer) -> type[np.floating]:
        """Sums of cells that deviate may be larger than those of the weights."""
        return super().sum_type(layer) if self.engine is None else np.float64

    def part(
        self, layer: LoadedLayer, values: NDArray[np.integer], bits: range, windows: range
    ) -> OperandPart:
        part = super().part(layer, values, bits, windows)
        if self.engine is None:
            return part
        if layer.sum_bits > INT32_BITS:
            raise SpatemError(
                f"@{layer.name}: has sums of {layer.sum_bits} bits, which only exact operation "
                "units compute: with lossless ADCs and ideal cells, or --level cnn"
            )
        dac_bits = self.arithmetic.dac_bits
        sent = Sent.of(values, layer.geometry, bits, windows, self.first_image, dac_bits)
        return replace(part, sent=sent)

    def sums_at(self, layer: LoadedLayer, tile: Tile, place: Place) -> Exact:
        engine, sent = self.engine, tile.part.sent
        if engine is None or sent is None or self.arithmetic.exact(len(tile.rows)):
            return super().sums_at(layer, tile, place)
        sums = [engine.sums(cells, sent) for cells in self.rectangles(layer, tile, place)]
        return self.weight_sums(tile, sums)

    def rectangles(self, layer: LoadedLayer, tile: Tile, place: Place) -> Iterator[TileCells]:
        """The physical cells of a tile, each set."""
        per_weight = self.per_weight(layer)
        for polarity, levels in enumerate(self.cells_at(layer, tile, place)):
            yield TileCells(levels, per_weight, polarity, *place)

    def weight_sums(self, tile: Tile, sums: Sequence[NDArray[np.int32]]) -> Exact:
        """Σ x · weight from Σ x · code for each set of cells: [columns, windows, images]."""
        total = sums[0].astype(np.float64)
        for negative in sums[1:]:
            total -= negative
        return total - tile.part.correction

    def merge_places(self, layer: LoadedLayer) -> tuple[str, ...]:
        """Where a layer's partial sums are merged."""
        return self.accelerator.components.accumulation.places

    def merged(self, layer: LoadedLayer, contributions: list[Contribution]) -> Exact | None:
        if layer.name not in self.at_home:
            return None
        return merge(contributions, self.merge_places(layer), self.accelerator)
