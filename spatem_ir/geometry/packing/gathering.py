"""The tiles of all layers into neighbourhoods of crossbars, bundle by bundle [R]."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.packing.neighbourhoods import Neighbourhoods, TileGroup
from spatem_ir.geometry.packing.packing import PlaceRun, placement_of
from spatem_ir.geometry.shapes.placement import Placement
from spatem_ir.geometry.shapes.tile_shapes import TileShapes


@dataclass(frozen=True)
class Bundle:
    """Tiles that belong together, of a layer with tiles of the given shapes.

    `loads` is what a tile of each shape adds to the load of its crossbar.
    """

    tiles: NDArray[np.int64]
    of_layer: TileShapes
    loads: tuple[int, ...]

    @cached_property
    def by_shape(self) -> list[tuple[TileGroup, NDArray[np.int64]]]:
        """The tiles of each shape, the largest first."""
        heights, widths = self.of_layer.heights, self.of_layer.widths
        return [
            (TileGroup(heights[number], widths[number], self.loads[number], len(tiles)), tiles)
            for number, tiles in self.of_layer.split(self.tiles)
        ]

    @cached_property
    def halves(self) -> list[Bundle]:
        """The first and the second half of the bundle's tiles, as bundles of their own."""
        return [replace(self, tiles=half) for half in np.array_split(self.tiles, 2)]


def gathered(chip: Neighbourhoods, layers: list[list[Bundle]]) -> list[Placement] | None:
    """Places for the bundles of all layers, layer by layer; None if one finds none.

    A layer that finds no place is put before all that have not been yet.
    """
    first: dict[int, Placement] = {}
    while True:
        filled = chip.copy()
        placements = dict(first)
        for number, bundles in enumerate(layers):
            if number not in first:
                placement = gathered_layer(filled, bundles)
                if placement is None:
                    break
                placements[number] = placement
        else:
            return [placements[number] for number in range(len(layers))]
        placement = gathered_layer(chip, bundles)
        if placement is None:
            return None
        first[number] = placement


def gathered_layer(chip: Neighbourhoods, bundles: list[Bundle]) -> Placement | None:
    """Places for the bundles of a layer, each in the emptiest neighbourhood that can hold it.

    A bundle that no neighbourhood can hold is halved until one can; None if that is not enough.
    """
    waiting = bundles[::-1]
    placed: list[NDArray[np.int64]] = []
    runs: list[PlaceRun] = []
    while waiting:
        bundle = waiting.pop()
        runs_by_shape = chip.place([shape for shape, _ in bundle.by_shape])
        if runs_by_shape is not None:
            placed += [tiles for _, tiles in bundle.by_shape]
            runs += chain.from_iterable(runs_by_shape)
        elif len(bundle.tiles) > 1:
            waiting += reversed(bundle.halves)
        else:
            return None
    return placement_of(np.concatenate(placed), runs)
