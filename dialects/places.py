"""Placement of tiles: what the stages of levels `vxb` and `pxb` have in common.

One op places a run of tiles on a run of crossbars; a stage holds the places that are in force
together, and its verifier checks that they are possible and complete.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.ir import Block, Operation, Region
from xdsl.irdl import IRDLOperation, prop_def, region_def

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.weight_layers import INTEGER, integer
from spatem_ir.dialects.hw import Indices, IndicesAttr, accelerator_of, module_of
from spatem_ir.dialects.mvm import LayerOp, expect_network_before, layer_ops
from spatem_ir.dialects.stages import is_staged, verify_only_stage
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator

OpT = TypeVar("OpT", bound=Operation)


class PlaceOp(IRDLOperation):
    """Places tiles of a layer: `@conv1 tiles 0 to 96 crossbars 0 to 96 at [0, 0]`.

    Tile k of the sequence goes to crossbar k of the sequence, its corner at [wordline, bitline];
    each of the four sequences has the length of `tiles`, or length 1 for all alike.
    """

    layer = prop_def(SymbolRefAttr)
    tiles = prop_def(IndicesAttr)
    crossbars = prop_def(IndicesAttr)
    rows = prop_def(IndicesAttr)
    columns = prop_def(IndicesAttr)

    custom_directives = (Indices,)

    assembly_format = (
        "$layer `tiles` custom<Indices>($tiles) `crossbars` custom<Indices>($crossbars) "
        "`at` ` ` `[` custom<Indices>($rows) `,` custom<Indices>($columns) `]` attr-dict"
    )

    def __init__(
        self,
        layer: str,
        tiles: IndexSequence,
        crossbars: IndexSequence,
        rows: IndexSequence,
        columns: IndexSequence,
    ):
        super().__init__(
            properties={
                "layer": SymbolRefAttr(layer),
                "tiles": IndicesAttr(tiles),
                "crossbars": IndicesAttr(crossbars),
                "rows": IndicesAttr(rows),
                "columns": IndicesAttr(columns),
            }
        )

    def verify_(self) -> None:
        if len(self.tiles.data) == 0:
            fail(self, "names no tile")
        for key in ("tiles", "crossbars", "rows", "columns"):
            sequence = self.properties[key]
            assert isinstance(sequence, IndicesAttr)
            if len(sequence.data) not in (1, len(self.tiles.data)):
                fail(self, f"has {len(self.tiles.data)} tiles but {len(sequence.data)} {key}")
            if sequence.data.minimum < 0:
                fail(self, f"has a negative number among its {key}")

    @property
    def placement(self) -> Placement:
        """The places as arrays, in the order of `tiles`."""
        import numpy as np

        from spatem_ir.geometry.shapes.placement import Placement

        attributes = (self.tiles, self.crossbars, self.rows, self.columns)
        arrays = np.broadcast_arrays(*(attribute.data.to_array() for attribute in attributes))
        return Placement(*arrays)


class StageOp(IRDLOperation, ABC):
    """The places that are in force together: `stage 0 { … }`.

    Within a stage the contents of the crossbars are fixed; between stages cells are rewritten.  The
    places hold each tile of the network exactly once.  Where `mvm.stage` cuts the network, those of
    a stage hold the tiles of its nodes, and are verified with these.
    """

    number = prop_def(INTEGER)
    body = region_def("single_block")

    assembly_format = "$number $body attr-dict"

    def __init__(self, number: int, ops: Iterable[Operation]):
        super().__init__(properties={"number": integer(number)}, regions=[Region(Block(list(ops)))])

    def of_type(self, op_type: type[OpT]) -> list[OpT]:
        """The stage's ops of one type, in order."""
        return [op for op in self.body.block.ops if isinstance(op, op_type)]

    @abstractmethod
    def crossbar_limit(self, accelerator: Accelerator) -> int | None:
        """The number of crossbars there are; None if any number may be used."""

    def verify_(self) -> None:
        if is_staged(module_of(self)):
            return
        verify_only_stage(self)
        accelerator = accelerator_of(self)
        expect_network_before(self)
        layers = {op.sym_name.data: op for op in layer_ops(module_of(self))}
        for op in self.of_type(PlaceOp):
            if op.layer.string_value() not in layers:
                fail(op, "names no mvm.layer of the network")
        places = self.placements()
        self._verify_cells(layers, places, accelerator)
        self._verify_tiles_placed_once(layers, places)

    def placements(self) -> dict[str, Placement]:
        """The places of each layer that has any, by layer name, sorted by tile."""
        from spatem_ir.geometry.shapes.placement import Placement

        parts: dict[str, list[Placement]] = {}
        for op in self.of_type(PlaceOp):
            parts.setdefault(op.layer.string_value(), []).append(op.placement)
        return {name: Placement.joined(several).by_tile() for name, several in parts.items()}

    def _verify_tiles_placed_once(
        self, layers: dict[str, LayerOp], places: dict[str, Placement]
    ) -> None:
        """Check that the places hold every tile of every layer exactly once."""
        import numpy as np

        for name, layer in layers.items():
            tiles = places[name].tiles if name in places else np.empty(0, np.int64)
            counts = np.bincount(tiles, minlength=layer.grid.data.tiles(layer.layer))
            if (counts == 0).any():
                fail(self, f"tile {np.argmin(counts)} of @{name} is not placed")
            if (counts > 1).any():
                fail(self, f"tile {np.argmax(counts)} of @{name} is placed {counts.max()} times")

    def _verify_cells(
        self,
        layers: dict[str, LayerOp],
        places: dict[str, Placement],
        accelerator: Accelerator,
    ) -> None:
        """Check that tiles exist, lie inside existing crossbars and do not overlap."""
        import numpy as np

        from spatem_ir.geometry.shapes.placement import first_overlap

        rectangles = []
        for name, placed in places.items():
            layer, grid = layers[name].layer, layers[name].grid.data
            tiles = grid.tiles(layer)
            if placed.tiles[-1] >= tiles:
                fail(self, f"places tile {placed.tiles[-1]} of @{name}, which has {tiles} tiles")
            heights, widths = placed.extents(layer, grid, accelerator)
            outside = (placed.rows + heights > accelerator.crossbar.wordlines) | (
                placed.columns + widths > accelerator.crossbar.bitlines
            )
            if outside.any():
                tile = placed.tiles[np.argmax(outside)]
                fail(self, f"tile {tile} of @{name} lies partly outside its crossbar")
            limit = self.crossbar_limit(accelerator)
            if limit is not None and placed.crossbars.max() >= limit:
                fail(
                    self,
                    f"@{name} uses crossbar {placed.crossbars.max()}; '{accelerator.name}' has "
                    f"{limit} crossbars",
                )
            rectangles.append((placed.crossbars, placed.rows, placed.columns, heights, widths))
        if not rectangles:
            return
        overlap = first_overlap(
            *(np.concatenate(column) for column in zip(*rectangles, strict=True))
        )
        if overlap is not None:
            owners = [(name, tile) for name, placed in places.items() for tile in placed.tiles]
            (name, tile), (other, other_tile) = owners[overlap[0]], owners[overlap[1]]
            fail(self, f"tile {tile} of @{name} and tile {other_tile} of @{other} overlap")


StageT = TypeVar("StageT", bound=StageOp)


def stage_of(module: ModuleOp, stage_type: type[StageT], user: str, maker: str) -> StageT:
    """The only stage of a module, on which the pass `user` works; the pass `maker` makes it.

    Raises:
        SpatemError: there is none, or it places no tile.
    """
    stage = next((op for op in module.ops if isinstance(op, stage_type)), None)
    if stage is None:
        raise SpatemError(f"{user}: the module holds no {stage_type.name}; run {maker} first")
    if not stage.of_type(PlaceOp):
        raise SpatemError(f"{user}: {stage_type.name} {stage.number.value.data} holds no tile")
    return stage


MOST_RUNS = 16
"""Runs of one layer beyond which a table of corners is shorter than one op per run."""


def place_runs(op_type: type[PlaceOp], layer: str, placed: Placement) -> list[PlaceOp]:
    """Ops that place the given tiles: one for each run of tiles with the same corner.

    Where corners change more often than :data:`MOST_RUNS` times, one op with a sequence of corners
    is made instead.
    """
    import numpy as np

    changes = (np.diff(placed.rows) != 0) | (np.diff(placed.columns) != 0)
    breaks = (np.flatnonzero(changes) + 1).tolist()
    if len(breaks) >= MOST_RUNS:
        everything = slice(0, len(placed.tiles))
        return [_place(op_type, layer, placed, everything, everything)]
    bounds = [0, *breaks, len(placed.tiles)]
    return [
        _place(op_type, layer, placed, slice(start, stop), slice(start, start + 1))
        for start, stop in pairwise(bounds)
    ]


def _place(
    op_type: type[PlaceOp], layer: str, placed: Placement, tiles: slice, corners: slice
) -> PlaceOp:
    return op_type(
        layer,
        IndexSequence.of(placed.tiles[tiles]),
        IndexSequence.of(placed.crossbars[tiles]),
        IndexSequence.of(placed.rows[corners]),
        IndexSequence.of(placed.columns[corners]),
    )
