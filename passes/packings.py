"""Ways of packing tiles into virtual crossbars: shared, owned, or by a floor plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.packing.exclusive import CopyTiles
    from spatem_ir.geometry.packing.gathering import Bundle
    from spatem_ir.geometry.packing.regions import Regions
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.geometry.shapes.window import Window
    from spatem_ir.hardware.accelerator import Accelerator


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


@dataclass(frozen=True)
class FloorPlanPacking:
    """Tiles one after the other round a region, those of a lap at the same corner everywhere.

    The first `spare` PEs in line (:attr:`Interconnect.pes_in_line`) stay empty.  The others are one
    region for all layers unless `regions` says which PEs are for which.
    """

    accelerator: Accelerator
    spare: int = 0
    regions: Regions | None = None

    def least_crossbars(self, layers: list[Layer], grids: list[Grid]) -> int:
        """A lower bound on the crossbars that the tiles of all layers need."""
        spared = self.spare * self.accelerator.crossbars_per_pe
        return spared + SharedPacking(self.accelerator).least_crossbars(layers, grids)

    def placements(self, layers: list[Layer], grids: list[Grid]) -> list[Placement] | None:
        """Where the tiles of each layer sit; None if a region has no PEs or no floor plan."""
        import numpy as np

        from spatem_ir.geometry.packing.bands import InLine, banded_tiles
        from spatem_ir.geometry.packing.floor_plan import floor_plan_of
        from spatem_ir.geometry.packing.regions import Regions

        pes, per_pe = self.accelerator.pes - self.spare, self.accelerator.crossbars_per_pe
        regions = self.regions or Regions((max(pes, 0),), (0,) * len(layers))
        if len(regions.of_layer) != len(layers) or sum(regions.pes) > pes:
            return None
        interconnect = self.accelerator.components.interconnect
        in_line = interconnect.pes_in_line[:, None] * per_pe + np.arange(per_pe)
        placements: dict[int, Placement] = {}
        for region, size in enumerate(regions.pes):
            here = regions.layers(region)
            if not here:
                continue
            first = self.spare + regions.first_pe(region)
            crossbars = in_line[first : first + size].reshape(-1)
            own = [layers[n] for n in here], [grids[n] for n in here]
            plan = floor_plan_of(*own, self.accelerator, len(crossbars)) if size else None
            if plan is None:
                return None
            for number, (n, layer, grid) in enumerate(zip(here, *own, strict=True)):
                line = InLine.of(layer, grid, self.accelerator, len(crossbars))
                tiles = banded_tiles(layer, grid, int(line.band_rows))
                placements[n] = plan.placement(number, tiles).moved(crossbars)
        return [placements[n] for n in range(len(layers))]


@dataclass(frozen=True)
class SpreadPacking:
    """Tiles whose PEs are given, by name of the layer: each in a crossbar of its PE."""

    accelerator: Accelerator
    pes: Mapping[str, NDArray[np.int64]]

    def least_crossbars(self, layers: list[Layer], grids: list[Grid]) -> int:
        """A lower bound on the crossbars that the tiles of all layers need."""
        return SharedPacking(self.accelerator).least_crossbars(layers, grids)

    def placements(self, layers: list[Layer], grids: list[Grid]) -> list[Placement] | None:
        """Where the tiles of each layer sit; None if they are others, or one finds no room."""
        from spatem_ir.geometry.packing.spreads import spread_placements

        pes = [self.pes[layer.name] for layer in layers]
        tiles = [grid.tiles(layer) for layer, grid in zip(layers, grids, strict=True)]
        if list(map(len, pes)) != tiles:
            return None
        return spread_placements(layers, grids, pes, self.accelerator)
