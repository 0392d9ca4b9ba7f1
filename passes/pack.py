"""The `pack` pass: tiles into virtual crossbars (level `mvm` to level `vxb`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.mvm import PACKINGS, AlternativeOp, GridAttr, PackingOp, layer_ops
from spatem_ir.dialects.places import place_runs
from spatem_ir.dialects.vxb import VxbPlaceOp, VxbStageOp
from spatem_ir.passes.poolings import poolings_of
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.packing.exclusive import CopyTiles
    from spatem_ir.geometry.packing.gathering import Bundle
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.geometry.shapes.window import Window
    from spatem_ir.hardware.accelerator import Accelerator

BALANCES = ("cells", "time")
METHODS = ("auto", *PACKINGS)


@dataclass(frozen=True)
class PackPass(ModulePass):
    """Packs the tiles of all layers into virtual crossbars.

    The paper's method: the strategies of `partition` are tried in ascending estimated latency; the
    first whose tiles fit wins.  Tiles go, layer by layer and largest shape first, to the emptiest
    virtual crossbar that can hold them; a virtual crossbar may hold tiles of several layers.

    Options:
        method: `spatem` (crossbars shared by all layers), `exclusive` (a crossbar belongs to one
            copy of one layer; its matrices share it only if they must) or `auto`: what
            `mvm.packing` says, which `partition` leaves behind, and otherwise `spatem`.
        balance: what "emptiest" counts, `cells` or busy `time`.
        gather: tiles whose partial sums merge, or whose results are pooled together, go to as many
            neighbouring crossbars as a PE has if they fit there [R], so that sums and results need
            not leave a PE; not for `exclusive`, where tiles of a copy are neighbours.
    """

    name = "pack"

    method: str = "auto"
    balance: str = "cells"
    gather: bool = True

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for option, value, known in (
            ("method", self.method, METHODS),
            ("balance", self.balance, BALANCES),
        ):
            if value not in known:
                raise SpatemError(f"pack: unknown {option} '{value}'; one of {', '.join(known)}")
        if self.method == "exclusive" and not self.gather:
            raise SpatemError("pack: gather has no effect with method=exclusive; leave it out")
        layers = layer_ops(op)
        if not layers:
            raise SpatemError("pack: the module holds no mvm.layer; run partition first")
        if level_of(op) is not Level.MVM:
            raise SpatemError(f"pack: the module is at level {level_of(op)} already")
        accelerator = accelerator_of(op)
        geometries = [layer.layer for layer in layers]
        notes = [note for note in op.ops if isinstance(note, PackingOp)]
        alternatives = [other for other in op.ops if isinstance(other, AlternativeOp)]
        packing = self.packing(notes, accelerator, poolings_of(layers))
        strategies = [[layer.grid.data for layer in layers]]
        strategies += [[grid.data for grid in other.grids] for other in alternatives]
        for grids in strategies:
            placements = packing.placements(geometries, grids)
            if placements is not None:
                break
        else:
            needed = min(packing.least_crossbars(geometries, grids) for grids in strategies)
            raise SpatemError(
                f"the network does not fit: its tiles need at least {needed} crossbars, "
                f"'{accelerator.name}' has {accelerator.crossbars}, and packing found no place "
                "for all of them"
            )
        for layer, grid in zip(layers, grids, strict=True):
            layer.grid = GridAttr(grid)
        for consumed in [*notes, *alternatives]:
            consumed.detach()
            consumed.erase()
        op.body.block.add_op(packed_stage([layer.name for layer in geometries], placements))

    def packing(
        self, notes: list[PackingOp], accelerator: Accelerator, poolings: Mapping[str, Window]
    ) -> Packing:
        """The way of packing that the options and the module's note, if it has one, ask for."""
        method = self.method
        if method == "auto":
            method = notes[0].method.data if notes else "spatem"
        if method == "exclusive":
            return ExclusivePacking(accelerator)
        return SharedPacking(accelerator, self.balance == "time", self.gather, poolings)


def packed_stage(names: list[str], placements: list[Placement]) -> VxbStageOp:
    """The stage that holds the given places, in the order in which they were packed."""
    ops = [
        op
        for name, placed in zip(names, placements, strict=True)
        for op in place_runs(VxbPlaceOp, name, placed)
    ]
    return VxbStageOp(0, ops)


def tile_shapes(
    layer: Layer, grid: Grid, accelerator: Accelerator
) -> list[tuple[int, int, NDArray[np.int64]]]:
    """The tiles of a layer by shape: (height, width, tile numbers), in cells, largest first.

    Tiles of one shape are in descending number of windows, so that neighbouring crossbars hold
    tiles with equally many.
    """
    import numpy as np

    from spatem_ir.geometry.shapes.tile_shapes import TileShapes

    tiles = np.arange(grid.tiles(layer))
    windows = np.array([len(grid.copy_windows(layer, copy)) for copy in range(grid.iw)])
    busiest = np.argsort(-windows[grid.coordinates(tiles).copy], kind="stable")
    shapes = TileShapes.of(layer, grid, accelerator)
    return [
        (shapes.heights[number], shapes.widths[number], members)
        for number, members in shapes.split(busiest)
    ]


class Packing(Protocol):
    """A way of packing tiles into crossbars."""

    def placements(self, layers: list[Layer], grids: list[Grid]) -> list[Placement] | None:
        """Where the tiles of each layer sit; None if they do not fit."""
        ...

    def least_crossbars(self, layers: list[Layer], grids: list[Grid]) -> int:
        """A lower bound on the crossbars that the tiles of all layers need."""
        ...


@dataclass(frozen=True)
class SharedPacking:
    """Each tile in the emptiest crossbar that can hold it, whatever else that crossbar holds.

    `gather` looks for that crossbar in one neighbourhood for all tiles of a column block, and for
    copies whose results are pooled together; `poolings` are by layer.
    """

    accelerator: Accelerator
    by_time: bool = False
    gather: bool = True
    poolings: Mapping[str, Window] = field(default_factory=dict)

    def least_crossbars(self, layers: list[Layer], grids: list[Grid]) -> int:
        """A lower bound on the crossbars that the tiles of all layers need."""
        from spatem_ir.geometry.packing.packing import crossbars_needed
        from spatem_ir.geometry.shapes.tile_shapes import TileShapes

        shapes = [
            shape
            for layer, grid in zip(layers, grids, strict=True)
            for shape in TileShapes.of(layer, grid, self.accelerator).counts()
        ]
        crossbar = self.accelerator.crossbar
        return crossbars_needed(shapes, crossbar.wordlines, crossbar.bitlines)

    def placements(self, layers: list[Layer], grids: list[Grid]) -> list[Placement] | None:
        """Where the tiles of each layer sit; None if one finds no place.

        Where tiles cannot be gathered they are placed one by one in sequence, and where even then
        one finds no place, the largest of all layers first.
        """
        if self.least_crossbars(layers, grids) > self.accelerator.crossbars:
            return None
        gathered = self.gathered(layers, grids) if self.gather else None
        return (
            gathered
            or self.one_by_one(layers, grids, largest_first=False)
            or self.one_by_one(layers, grids, largest_first=True)
        )

    def one_by_one(
        self, layers: list[Layer], grids: list[Grid], *, largest_first: bool
    ) -> list[Placement] | None:
        """Places on the whole chip, layer by layer [P] or `largest_first` [R]."""
        from spatem_ir.geometry.packing.packing import CrossbarPool, placement_of
        from spatem_ir.geometry.shapes.placement import Placement

        crossbar = self.accelerator.crossbar
        pool = CrossbarPool(self.accelerator.crossbars, crossbar.wordlines, crossbar.bitlines)
        shapes = [
            (number, *shape)
            for number, (layer, grid) in enumerate(zip(layers, grids, strict=True))
            for shape in tile_shapes(layer, grid, self.accelerator)
        ]
        if largest_first:
            shapes.sort(key=lambda shape: -shape[1] * shape[2])
        parts: list[list[Placement]] = [[] for _ in layers]
        for number, height, width, tiles in shapes:
            load = self.load(layers[number], grids[number], height, width)
            runs = pool.place_all(height, width, load, len(tiles))
            if runs is None:
                return None
            parts[number].append(placement_of(tiles, runs))
        return [Placement.joined(of_layer) for of_layer in parts]

    def gathered(self, layers: list[Layer], grids: list[Grid]) -> list[Placement] | None:
        """Places in neighbourhoods, as many crossbars as a PE has, bundle by bundle [R].

        Layer by layer; a layer that finds no place is put before all others, once.
        """
        from spatem_ir.geometry.packing.gathering import gathered
        from spatem_ir.geometry.packing.neighbourhoods import Neighbourhoods

        accelerator = self.accelerator
        chip = Neighbourhoods(
            accelerator.crossbars,
            accelerator.crossbars_per_pe,
            accelerator.crossbar.wordlines,
            accelerator.crossbar.bitlines,
        )
        return gathered(chip, list(map(self.bundles, layers, grids)))

    def bundles(self, layer: Layer, grid: Grid) -> list[Bundle]:
        """The tiles of a layer that are placed together."""
        from spatem_ir.geometry.packing.gathering import Bundle
        from spatem_ir.geometry.packing.neighbourhoods import bundles
        from spatem_ir.geometry.shapes.tile_shapes import TileShapes

        accelerator = self.accelerator
        shapes = TileShapes.of(layer, grid, accelerator)
        extents = zip(shapes.heights, shapes.widths, strict=True)
        loads = tuple(self.load(layer, grid, height, width) for height, width in extents)
        pooling = self.poolings.get(layer.name)
        tiles = bundles(layer, grid, pooling, accelerator.crossbars, accelerator.crossbars_per_pe)
        return [Bundle(together, shapes, loads) for together in tiles]

    def load(self, layer: Layer, grid: Grid, height: int, width: int) -> int:
        """What a tile of `height` x `width` cells fills of a crossbar: cells or busy time."""
        from spatem_ir.geometry.shapes.grid import ou_operations

        if not self.by_time:
            return height * width
        columns = width // self.accelerator.cells_per_weight(layer.weight_bits)
        bits, rows = grid.tile_bits(layer), min(height, layer.rows)
        of_block = ou_operations(self.accelerator, rows, columns, layer.weight_bits, bits)
        return height // rows * of_block * grid.windows_per_copy(layer)


@dataclass(frozen=True)
class ExclusivePacking:
    """Each crossbar for one copy of one layer; matrices share it as little as the chip allows."""

    accelerator: Accelerator

    def least_crossbars(self, layers: list[Layer], grids: list[Grid]) -> int:
        """The crossbars that the tiles of all layers need."""
        return sum(
            tiles.crossbars(tiles.largest_sharing) for tiles in self.copy_tiles(layers, grids)
        )

    def placements(self, layers: list[Layer], grids: list[Grid]) -> list[Placement] | None:
        """Where the tiles of each layer sit; None if there are too few crossbars."""
        from spatem_ir.geometry.packing.exclusive import sharings

        tiles = self.copy_tiles(layers, grids)
        chosen = sharings(tiles, self.accelerator.crossbars)
        if chosen is None:
            return None
        placements, first = [], 0
        for copy_tiles, sharing in zip(tiles, chosen, strict=True):
            placements.append(copy_tiles.place(sharing, first))
            first += copy_tiles.crossbars(sharing)
        return placements

    def copy_tiles(self, layers: list[Layer], grids: list[Grid]) -> list[CopyTiles]:
        """The tiles of the copies of each layer."""
        from spatem_ir.geometry.packing.exclusive import CopyTiles

        return [
            CopyTiles(layer, grid, self.accelerator)
            for layer, grid in zip(layers, grids, strict=True)
        ]
