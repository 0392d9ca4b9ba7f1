"""Which block of weights sits in which operation unit of its crossbar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.parameters import FileAttr
from spatem_ir.dialects.hw import accelerator_of, module_of
from spatem_ir.dialects.mvm import layer_ops

if TYPE_CHECKING:
    from spatem_ir.dialects.places import StageOp
    from spatem_ir.geometry.writing.placed_blocks import PlacedBlocks


@irdl_op_definition
class MappingOp(IRDLOperation):
    """A table of a stage: `pxb.mapping #cnn.file<"net.npz", "slots", "…", tensor<96xi32>>`.

    Blocks are those parts of tiles that an operation unit works on, numbered layer by layer, tile
    by tile, row by row.  Entry k is the number of the block in whose place block k sits; both are
    on one crossbar and equally large.  An operation unit is activated for the block that it holds,
    when the tile of that block is visited: in the same order, at the same time.
    """

    name = "pxb.mapping"

    slots = prop_def(FileAttr)

    assembly_format = "$slots attr-dict"

    def __init__(self, slots: FileAttr):
        super().__init__(properties={"slots": slots})


def mapping_op(stage: StageOp) -> MappingOp | None:
    """The table of a stage, if it has one."""
    ops = stage.of_type(MappingOp)
    if len(ops) > 1:
        fail(ops[1], "is the second pxb.mapping of its stage")
    return ops[0] if ops else None


def stage_blocks(stage: StageOp) -> PlacedBlocks:
    """The blocks of a stage, in the order in which its table counts them."""
    from spatem_ir.geometry.writing.placed_blocks import PlacedBlocks, tile_blocks

    accelerator, places = accelerator_of(stage), stage.placements()
    return PlacedBlocks.joined(
        [
            tile_blocks(places[op.sym_name.data], op.layer, op.grid.data, accelerator)
            for op in layer_ops(module_of(stage))
            if op.sym_name.data in places
        ]
    )
