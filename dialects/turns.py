"""In which order the tiles that add to a result own it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import SymbolRefAttr, UnitAttr
from xdsl.irdl import IRDLOperation, irdl_op_definition, opt_prop_def, prop_def, traits_def

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.hw import Indices, IndicesAttr, accelerator_of
from spatem_ir.dialects.traits import HasParentNamed
from spatem_ir.geometry.shapes.index_sequence import IndexSequence

if TYPE_CHECKING:
    from spatem_ir.geometry.network.turns import Turns
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer


@irdl_op_definition
class TurnsOp(IRDLOperation):
    """Who owns which output vector when (rule R13): `pxb.turns @conv1 from [0, 49, 98, 147]`.

    Of the tiles that add to the same results of a layer (those of its row parts and bit parts), the
    one of part v begins with window `from[v]` of its copy and goes round; a window belongs to the
    tiles in the order in which they come to it, the lowest part first of those that come at once.
    A single entry is that of all parts.  `in sequence`, whole visits come one after the other: a
    tile begins when the one of the part before has ended its visit to the window, the first one
    when the last one has ended that to the window before.
    """

    name = "pxb.turns"

    layer = prop_def(SymbolRefAttr)
    starts = prop_def(IndicesAttr)
    in_sequence = opt_prop_def(UnitAttr)

    traits = traits_def(HasParentNamed("pxb.stage"))

    custom_directives = (Indices,)

    assembly_format = (
        "$layer `from` custom<Indices>($starts) (`in` `sequence` $in_sequence^)? attr-dict"
    )

    def __init__(self, layer: str, turns: Turns):
        starts = turns.starts if turns.rotates else turns.starts[:1]
        super().__init__(
            properties={
                "layer": SymbolRefAttr(layer),
                "starts": IndicesAttr(IndexSequence.of(starts)),
                "in_sequence": UnitAttr() if turns.in_sequence else None,
            }
        )

    def turns(self, grid: Grid) -> Turns:
        """The turns of the layer, cut by a grid."""
        import numpy as np

        from spatem_ir.geometry.network.turns import Turns, parts_of

        starts = np.broadcast_to(self.starts.data.to_array(), parts_of(grid))
        return Turns(starts, self.in_sequence is not None)

    def verify_(self) -> None:
        if not accelerator_of(self).components.accumulation.takes_turns:
            fail(self, "tiles take no turns on this accelerator: partial sums meet at home")

    def verify_starts(self, layer: Layer, grid: Grid) -> None:
        """Check that there is a window for each part."""
        from spatem_ir.geometry.network.turns import parts_of

        parts, windows = parts_of(grid), grid.windows_per_copy(layer)
        if len(self.starts.data) not in (1, parts):
            fail(self, f"has {len(self.starts.data)} entries for {parts} parts")
        if self.starts.data.minimum < 0 or self.starts.data.maximum >= windows:
            fail(self, f"begins with a window that does not exist; there are {windows}")
        if self.in_sequence is not None and self.starts.data.maximum > 0:
            fail(self, "in sequence, all parts begin with window 0")
