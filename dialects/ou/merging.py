"""Where partial sums are merged, if not everywhere on their way."""

from __future__ import annotations

from xdsl.dialects.builtin import SymbolRefAttr
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def, traits_def

from spatem_ir.dialects.ou.attributes import MergePlacesAttr
from spatem_ir.dialects.traits import HasParentNamed


@irdl_op_definition
class MergeOp(IRDLOperation):
    """Where a layer's partial sums are merged (rule R5): `ou.merge @conv1 at <cu, home>`.

    A place that is left out passes contributions on one by one.  Without the op they are merged at
    every place: in the CU, in the PE and at home.
    """

    name = "ou.merge"

    layer = prop_def(SymbolRefAttr)
    places = prop_def(MergePlacesAttr)

    traits = traits_def(HasParentNamed("ou.stage"))

    assembly_format = "$layer `at` $places attr-dict"

    def __init__(self, layer: str, places: tuple[str, ...]):
        super().__init__(
            properties={"layer": SymbolRefAttr(layer), "places": MergePlacesAttr(places)}
        )
