"""What waits for what, so that buffers do not overflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import SymbolRefAttr
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def, traits_def

from spatem_ir.dialects.hw import Indices, IndicesAttr
from spatem_ir.dialects.traits import HasParentNamed
from spatem_ir.geometry.shapes.index_sequence import IndexSequence

if TYPE_CHECKING:
    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.geometry.network.waits import Wait


@irdl_op_definition
class WaitOp(IRDLOperation):
    """What keeps buffers from overflowing (rule R10): `ou.wait @conv1 for @pool1 until -4 to 60`.

    Position p of `node` waits until `until[p]` positions of `other` are finished, counted in raster
    order from the first of the same image; a negative number leaves so many positions of the image
    before unfinished.  There is one entry for each position of `node`.
    """

    name = "ou.wait"

    node = prop_def(SymbolRefAttr)
    other = prop_def(SymbolRefAttr)
    until = prop_def(IndicesAttr)

    traits = traits_def(HasParentNamed("ou.stage", "ou.schedule"))

    custom_directives = (Indices,)

    assembly_format = "$node `for` $other `until` custom<Indices>($until) attr-dict"

    def __init__(self, node: str, other: str, until: IndexSequence):
        super().__init__(
            properties={
                "node": SymbolRefAttr(node),
                "other": SymbolRefAttr(other),
                "until": IndicesAttr(until),
            }
        )

    def wait(self, dataflow: Dataflow) -> Wait:
        """What the op says of the nodes of a network."""
        from spatem_ir.geometry.network.waits import Wait

        node, other = (dataflow.by_name[name.string_value()] for name in (self.node, self.other))
        return Wait(node.number, other.number, self.until.data.to_array())
