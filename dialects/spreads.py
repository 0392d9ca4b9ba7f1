"""On which PE each tile of a layer stands, decided with the partition; the dialect `mvm`."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.ir import Dialect
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def, traits_def

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.hw import Indices, IndicesAttr, module_of, optional_accelerator
from spatem_ir.dialects.mvm import (
    AROUND_NOTES,
    AlternativeOp,
    GridAttr,
    LayerOp,
    MatrixAttr,
    PackingOp,
    expect_network_before,
    is_of_stage,
    layer_ops,
)
from spatem_ir.dialects.stages import MvmStageOp
from spatem_ir.dialects.traits import HasParentNamed
from spatem_ir.geometry.shapes.index_sequence import IndexSequence


@irdl_op_definition
class SpreadOp(IRDLOperation):
    """The PE of each tile of a layer: `mvm.spread @C1 pes (1 to 8) repeat 98`.

    Tile n stands on PE n of the sequence; `pack` finds it a crossbar there, unless an option tells
    it how to pack.  Either all layers are spread or none is.
    """

    name = "mvm.spread"

    layer = prop_def(SymbolRefAttr)
    pes = prop_def(IndicesAttr)

    traits = traits_def(HasParentNamed(*AROUND_NOTES))

    custom_directives = (Indices,)

    assembly_format = "$layer `pes` custom<Indices>($pes) attr-dict"

    def __init__(self, layer: str, pes: IndexSequence):
        super().__init__(properties={"layer": SymbolRefAttr(layer), "pes": IndicesAttr(pes)})

    def verify_(self) -> None:
        if is_of_stage(self):
            return
        expect_network_before(self)
        module, name = module_of(self), self.layer.string_value()
        layers = {op.sym_name.data: op for op in layer_ops(module)}
        if name not in layers:
            fail(self, "names no mvm.layer of the network")
        tiles = layers[name].grid.data.tiles(layers[name].layer)
        if len(self.pes.data) != tiles:
            fail(self, f"has {len(self.pes.data)} PEs, the layer has {tiles} tiles")
        accelerator = optional_accelerator(module)
        highest = self.pes.data.maximum
        if self.pes.data.minimum < 0 or (accelerator and highest >= accelerator.pes):
            fail(self, "names a PE that the chip does not have")
        spread = [op.layer.string_value() for op in module.ops if isinstance(op, SpreadOp)]
        if spread.count(name) > 1:
            fail(self, "stands twice in a module for a layer")
        left = [other for other in layers if other not in spread]
        if left:
            fail(self, f"spreads @{name} but nothing spreads @{left[0]}; spread all layers or none")


def spreads_of(module: ModuleOp) -> dict[str, IndexSequence]:
    """The PE of each tile of each layer that is spread, by name of the layer."""
    ops = (op for op in module.ops if isinstance(op, SpreadOp))
    return {op.layer.string_value(): op.pes.data for op in ops}


MVM = Dialect(
    "mvm", [LayerOp, AlternativeOp, PackingOp, SpreadOp, MvmStageOp], [MatrixAttr, GridAttr]
)
