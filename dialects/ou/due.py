"""The order of visits as a rule: when the windows of a layer are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import SymbolRefAttr, UnitAttr
from xdsl.irdl import IRDLOperation, irdl_op_definition, opt_prop_def, prop_def, traits_def

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.hw import Indices, IndicesAttr
from spatem_ir.dialects.traits import HasParentNamed
from spatem_ir.geometry.shapes.index_sequence import IndexSequence

if TYPE_CHECKING:
    from spatem_ir.geometry.scheduling.sequencing import Due
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer


@irdl_op_definition
class DueOp(IRDLOperation):
    """When the windows of a layer are due: `ou.due @conv2 at (0 times 3, 9) repeat 40 by 64`.

    A crossbar that no `ou.stream` names visits its tiles in the order in which their windows are
    due.  Entry w is the time of window w (w of the first matrix, then of the second …, or of all
    matrices alike); a single entry is that of all windows.  The windows of a tile stay in their
    order: none is due before those before it.  Of visits that are due at the same time, those of
    the earlier layer come first, then those of the earlier window, then those of the earlier tile;
    `by tile`, a layer's tiles come one after the other instead.

    Times only put visits in order, whatever their unit; `order` gives them in cycles, or in grains
    of many cycles.
    """

    name = "ou.due"

    layer = prop_def(SymbolRefAttr)
    by_tile = opt_prop_def(UnitAttr)
    times = prop_def(IndicesAttr)

    traits = traits_def(HasParentNamed("ou.stage", "ou.schedule"))

    custom_directives = (Indices,)

    assembly_format = "$layer (`by` `tile` $by_tile^)? `at` custom<Indices>($times) attr-dict"

    def __init__(self, layer: str, times: IndexSequence, *, by_tile: bool = False):
        super().__init__(
            properties={
                "layer": SymbolRefAttr(layer),
                "by_tile": UnitAttr() if by_tile else None,
                "times": IndicesAttr(times),
            }
        )

    @staticmethod
    def of(layer: Layer, due: Due) -> DueOp:
        """The op that says when the windows of a layer are due, in the fewest entries."""
        times = due.times
        if (times == times[0]).all():
            times = times[0]
        if (times == times.flat[0]).all():
            times = times.flat[:1]
        return DueOp(layer.name, IndexSequence.of(times.reshape(-1)), by_tile=due.by_tile)

    def due(self, layer: Layer, grid: Grid) -> Due:
        """When each window of the layer, cut by a grid, is due."""
        import numpy as np

        from spatem_ir.geometry.scheduling.sequencing import Due

        times, shape = self.times.data.to_array(), (grid.matrices(layer), layer.windows)
        if len(times) == shape[0] * shape[1]:
            times = times.reshape(shape)
        return Due(np.broadcast_to(times, shape), self.by_tile is not None)

    def verify_entries(self, layer: Layer, grid: Grid) -> None:
        """Check that there is an entry for each window of the layer."""
        entries, windows = len(self.times.data), layer.windows
        matrices = grid.matrices(layer)
        every = matrices * windows
        if entries not in (1, windows, every):
            several = f"{windows} windows"
            if matrices > 1:
                several += f" of each of {matrices} matrices"
            fail(self, f"has {entries} entries for {several}")
