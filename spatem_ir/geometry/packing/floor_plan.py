"""Floor plans: one rectangle of every crossbar for each layer.

On a chip whose crossbars are shared by all layers, balance is by construction: the tiles of a layer
go to neighbouring crossbars one after the other, once round the chip and again, and in every
crossbar of such a *lap* they stand at the same corner.  So not thousands of tiles are packed into
thousands of crossbars, but a few rectangles into one.  Laps that have no crossbar in common may
overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.packing.bands import InLine
from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.placement import Placement
from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]

MOST_CELLS = 1 << 24
"""Cells of the largest crossbar of which plans are made, cell by cell."""

MOST_CELLS_HELD = 1 << 30
"""Cells of the crossbars that hold different laps, together."""


class LayerTiles(NamedTuple):
    """The tiles of a layer: their number, and the cells of the largest, height x width.

    Each `block` tiles, one after the other, add to the same results.
    """

    number: int
    height: int
    width: int
    block: int = 1


class Lap(NamedTuple):
    """Tiles of a layer on `length` crossbars from `first` on, one each, round the chip.

    `layer` and `lap` are numbers, the lap's within its layer.
    """

    layer: int
    lap: int
    first: int
    length: int
    height: int
    width: int


@dataclass(frozen=True)
class FloorPlan:
    """The corner (row, column) of each lap of each layer, and the first crossbar of each layer.

    Place n of a layer's tiles is crossbar (first + n) mod `crossbars`, at the corner of lap
    n // `crossbars`.
    """

    crossbars: int
    firsts: tuple[int, ...]
    corners: tuple[Ints, ...]

    def placement(self, layer: int, tiles: Ints) -> Placement:
        """Where the tiles of a layer sit, by the layer's number, if they follow each other so."""
        place = np.arange(len(tiles))
        lap, corner = place // self.crossbars, self.corners[layer]
        crossbars = (self.firsts[layer] + place) % self.crossbars
        return Placement(tiles, crossbars, corner[lap, 0], corner[lap, 1])


def floor_plan_of(
    layers: Sequence[Layer], grids: Sequence[Grid], accelerator: Accelerator, crossbars: int
) -> FloorPlan | None:
    """A floor plan of the tiles of layers on so many crossbars; None if none is found."""
    tiles = [
        LayerTiles(
            grid.tiles(layer),
            grid.operand_rows,
            grid.tile_columns * accelerator.cells_per_weight(layer.weight_bits),
            int(InLine.of(layer, grid, accelerator, crossbars).band_rows) * grid.ib,
        )
        for layer, grid in zip(layers, grids, strict=True)
    ]
    crossbar = accelerator.crossbar
    per_pe = accelerator.crossbars_per_pe
    return floor_plan(tiles, crossbars, crossbar.wordlines, crossbar.bitlines, per_pe)


def floor_plan(
    layers: Sequence[LayerTiles], crossbars: int, wordlines: int, bitlines: int, per_pe: int = 1
) -> FloorPlan | None:
    """A floor plan of the tiles of some layers; None if none is found.

    None is looked for on crossbars of more than :data:`MOST_CELLS` cells, or on too many of them.

    The layers follow each other on the chip, so that layers with few tiles share no crossbar.
    Where blocks fill the crossbars of a PE, of which there are `per_pe`, none is in two of them.
    """
    firsts = first_crossbars(layers, crossbars, per_pe)
    laps = [
        Lap(
            number,
            lap,
            firsts[number],
            min(crossbars, layer.number - lap * crossbars),
            layer.height,
            layer.width,
        )
        for number, layer in enumerate(layers)
        for lap in range(-(-layer.number // crossbars))
    ]
    if any(lap.height > wordlines or lap.width > bitlines for lap in laps):
        return None
    segments = _Segments.of(laps, crossbars)
    cells = wordlines * bitlines
    if cells > MOST_CELLS or cells * segments.holds.shape[1] > MOST_CELLS_HELD:
        return None
    if segments.most_cells(laps) > cells:
        return None
    for order in _orders(laps):
        corners = _placed(laps, order, segments, wordlines, bitlines)
        if corners is not None:
            by_layer = np.array([lap.layer for lap in laps])
            split = np.flatnonzero(np.diff(by_layer)) + 1
            return FloorPlan(crossbars, tuple(firsts), tuple(np.split(np.array(corners), split)))
    return None


def first_crossbars(layers: Sequence[LayerTiles], crossbars: int, per_pe: int) -> list[int]:
    """The first crossbar of each layer: the one after the last layer's, or where blocks begin."""
    firsts, following = [], 0
    for layer in layers:
        if per_pe % layer.block == 0:
            following = -(-following // layer.block) * layer.block
        firsts.append(following % crossbars)
        following += layer.number
    return firsts


class _Segments(NamedTuple):
    """Stretches of crossbars with the same laps: which laps they hold [laps, segments]."""

    holds: NDArray[np.bool_]

    @staticmethod
    def of(laps: Sequence[Lap], crossbars: int) -> _Segments:
        ends = [(lap.first + lap.length) % crossbars for lap in laps]
        starts = np.unique([0, *(lap.first for lap in laps), *ends])
        offset = (starts[None, :] - np.array([lap.first for lap in laps])[:, None]) % crossbars
        return _Segments(offset < np.array([lap.length for lap in laps])[:, None])

    def most_cells(self, laps: Sequence[Lap]) -> int:
        """The most cells that the laps of a segment take together."""
        cells = np.array([lap.height * lap.width for lap in laps])
        return int((cells @ self.holds).max())


def _orders(laps: Sequence[Lap]) -> Iterator[list[int]]:
    """Orders in which laps are placed, the most promising first."""
    numbers = range(len(laps))
    yield sorted(numbers, key=lambda n: -laps[n].height * laps[n].width)
    yield sorted(numbers, key=lambda n: (-max(laps[n].height, laps[n].width), -laps[n].width))
    yield sorted(numbers, key=lambda n: (-laps[n].height, -laps[n].width))
    yield sorted(numbers, key=lambda n: (-laps[n].width, -laps[n].height))


def _placed(
    laps: Sequence[Lap], order: Sequence[int], segments: _Segments, wordlines: int, bitlines: int
) -> list[tuple[int, int]] | None:
    """Corners of laps that are placed in some order, where they touch most; None if one has none.

    A lap stands where no lap with a crossbar in common is, and of these places at the one at which
    most of its border lies against others or the crossbar's edge.
    """
    taken = np.zeros((segments.holds.shape[1], wordlines, bitlines), bool)
    corners = [(0, 0)] * len(laps)
    for number in order:
        height, width = laps[number].height, laps[number].width
        here = segments.holds[number]
        corner = _best_corner(np.logical_or.reduce(taken[here]), height, width)
        if corner is None:
            return None
        row, column = corners[number] = corner
        taken[here, row : row + height, column : column + width] = True
    return corners


def _best_corner(taken: NDArray[np.bool_], height: int, width: int) -> tuple[int, int] | None:
    """The free place for a rectangle at which most of its border touches; None if there is none."""
    rows, columns = taken.shape
    sums = np.zeros((rows + 3, columns + 3), np.int32)
    sums[1:, 1:] = np.pad(taken, 1, constant_values=True).cumsum(0, np.int32).cumsum(1)

    def covered(top: int, left: int, high: int, wide: int) -> NDArray[np.int32]:
        """Taken cells of a rectangle at an offset from each corner: [rows - height + 1, …]."""
        down, across = rows - height + 1, columns - width + 1
        at = slice(top + 1, top + 1 + down), slice(left + 1, left + 1 + across)
        below = slice(at[0].start + high, at[0].stop + high)
        beside = slice(at[1].start + wide, at[1].stop + wide)
        return sums[below, beside] - sums[at[0], beside] - sums[below, at[1]] + sums[at[0], at[1]]

    inside = covered(0, 0, height, width)
    touching = covered(-1, 0, 1, width) + covered(height, 0, 1, width)
    touching += covered(0, -1, height, 1) + covered(0, width, height, 1)
    best = int(np.where(inside == 0, touching, -1).argmax())
    row, column = divmod(best, inside.shape[1])
    return None if inside[row, column] else (row, column)
