"""The `pack` pass: tiles into virtual crossbars (level `mvm` to level `vxb`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.mvm import AlternativeOp, GridAttr, layer_ops
from spatem_ir.dialects.places import place_runs
from spatem_ir.dialects.vxb import VxbPlaceOp, VxbStageOp
from spatem_ir.errors import SpatemError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.grid import Grid
    from spatem_ir.geometry.layer import Layer
    from spatem_ir.geometry.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator

BALANCES = ("cells", "time")
STRATEGIES = ("spatem", "exclusive")


@dataclass(frozen=True)
class PackPass(ModulePass):
    """Packs the tiles of all layers into virtual crossbars.

    The paper's method: the strategies of `partition` are tried in ascending estimated latency; the
    first whose tiles fit wins.  Tiles go, layer by layer and largest shape first, to the emptiest
    virtual crossbar that can hold them; a virtual crossbar may hold tiles of several layers.

    Options:
        strategy: `spatem` (shared crossbars) or `exclusive` (a crossbar for each tile).
        balance: what "emptiest" counts, `cells` or busy `time`.
    """

    name = "pack"

    strategy: str = "spatem"
    balance: str = "cells"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for option, value, known in (
            ("strategy", self.strategy, STRATEGIES),
            ("balance", self.balance, BALANCES),
        ):
            if value not in known:
                raise SpatemError(f"pack: unknown {option} '{value}'; one of {', '.join(known)}")
        layers = layer_ops(op)
        if not layers:
            raise SpatemError("pack: the module holds no mvm.layer; run partition first")
        if level_of(op) is not Level.MVM:
            raise SpatemError(f"pack: the module is at level {level_of(op)} already")
        accelerator = accelerator_of(op)
        geometries = [layer.layer for layer in layers]
        alternatives = [o for o in op.ops if isinstance(o, AlternativeOp)]
        strategies = [[layer.grid.data for layer in layers]]
        strategies += [[grid.data for grid in other.grids] for other in alternatives]
        for grids in strategies:
            placements = self.placements(geometries, grids, accelerator)
            if placements is not None:
                break
        else:
            needed = min(self.least_crossbars(geometries, g, accelerator) for g in strategies)
            raise SpatemError(
                f"the network does not fit: its tiles need at least {needed} crossbars, "
                f"'{accelerator.name}' has {accelerator.crossbars}, and packing found no place "
                "for all of them"
            )
        for layer, grid in zip(layers, grids, strict=True):
            layer.grid = GridAttr(grid)
        for other in alternatives:
            other.detach()
            other.erase()
        op.body.block.add_op(packed_stage([layer.name for layer in geometries], placements))

    def placements(
        self, layers: list[Layer], grids: list[Grid], accelerator: Accelerator
    ) -> list[Placement] | None:
        """Where the tiles of each layer sit; None if they do not fit."""
        if self.strategy == "exclusive":
            return exclusive_placements(layers, grids, accelerator)
        return worst_fit_placements(layers, grids, accelerator, by_time=self.balance == "time")

    def least_crossbars(
        self, layers: list[Layer], grids: list[Grid], accelerator: Accelerator
    ) -> int:
        """A lower bound on the crossbars that the tiles of all layers need."""
        if self.strategy == "exclusive":
            return sum(grid.tiles(layer) for layer, grid in zip(layers, grids, strict=True))
        return crossbars_at_least(layers, grids, accelerator)


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

    from spatem_ir.geometry.placement import Placement

    tiles = np.arange(grid.tiles(layer))
    heights, widths = Placement(tiles, tiles, tiles, tiles).extents(layer, grid, accelerator)
    shapes, members = np.unique(np.stack([heights, widths], 1), axis=0, return_inverse=True)
    windows = np.array([len(grid.copy_windows(layer, copy)) for copy in range(grid.iw)])
    busiest = np.argsort(-windows[grid.coordinates(tiles).copy], kind="stable")
    order = np.argsort(-shapes.prod(axis=1), kind="stable")
    return [
        (int(shapes[n, 0]), int(shapes[n, 1]), busiest[members.reshape(-1)[busiest] == n])
        for n in order
    ]


def crossbars_at_least(layers: list[Layer], grids: list[Grid], accelerator: Accelerator) -> int:
    """A lower bound on the crossbars that the tiles of all layers need."""
    from spatem_ir.geometry.packing import crossbars_needed

    shapes = [
        (height, width, len(tiles))
        for layer, grid in zip(layers, grids, strict=True)
        for height, width, tiles in tile_shapes(layer, grid, accelerator)
    ]
    crossbar = accelerator.crossbar
    return crossbars_needed(shapes, crossbar.wordlines, crossbar.bitlines)


def worst_fit_placements(
    layers: list[Layer], grids: list[Grid], accelerator: Accelerator, *, by_time: bool
) -> list[Placement] | None:
    """Each tile in the emptiest crossbar that can hold it; None if one finds no place."""
    import numpy as np

    from spatem_ir.geometry.grid import ou_operations
    from spatem_ir.geometry.packing import CrossbarPool
    from spatem_ir.geometry.placement import Placement

    if crossbars_at_least(layers, grids, accelerator) > accelerator.crossbars:
        return None
    crossbar = accelerator.crossbar
    pool = CrossbarPool(accelerator.crossbars, crossbar.wordlines, crossbar.bitlines)
    placements = []
    for layer, grid in zip(layers, grids, strict=True):
        parts = []
        for height, width, tiles in tile_shapes(layer, grid, accelerator):
            load = height * width
            if by_time:
                columns = width // accelerator.cells_per_weight(layer.weight_bits)
                bits = grid.tile_bits(layer)
                visit = ou_operations(accelerator, height, columns, layer.weight_bits, bits)
                load = visit * grid.windows_per_copy(layer)
            runs = pool.place_all(height, width, load, len(tiles))
            if runs is None:
                return None
            first, counts, rows, columns = np.array(runs, np.int64).T
            within = np.arange(len(tiles)) - np.repeat(np.cumsum(counts) - counts, counts)
            places = (
                np.repeat(first, counts) + within,
                rows.repeat(counts),
                columns.repeat(counts),
            )
            parts.append(Placement(tiles, *places))
        placements.append(Placement.joined(parts))
    return placements


def exclusive_placements(
    layers: list[Layer], grids: list[Grid], accelerator: Accelerator
) -> list[Placement] | None:
    """A crossbar of its own for each tile; None if there are too few."""
    import numpy as np

    from spatem_ir.geometry.placement import Placement

    counts = [grid.tiles(layer) for layer, grid in zip(layers, grids, strict=True)]
    if sum(counts) > accelerator.crossbars:
        return None
    ends = np.cumsum(counts)
    return [
        Placement(
            np.arange(count),
            np.arange(end - count, end),
            np.zeros(count, int),
            np.zeros(count, int),
        )
        for count, end in zip(counts, ends, strict=True)
    ]
