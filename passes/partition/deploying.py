"""What the passes that follow `partition` make of a partition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xdsl.rewriter import Rewriter

from spatem_ir.dialects.cnn import ConvOp, DenseOp, LocalOp
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.mvm import LayerOp
from spatem_ir.passes.assign import AssignPass
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.pack import PackPass

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp
    from xdsl.passes import ModulePass

    from spatem_ir.passes.partition.partitions import Partition

USUAL = {Level.MVM: PackPass, Level.VXB: AssignPass, Level.PXB: OrderPass}
"""The passes that lower what those of a pipeline leave above level `ou`."""


def put_partition(module: ModuleOp, partition: Partition) -> None:
    """Cut the layers that have no grid yet, and leave what the passes that follow are told.

    What a module says already it says still.
    """
    layers = [op for op in module.walk() if isinstance(op, ConvOp | DenseOp | LocalOp)]
    for layer, grid in zip(layers, partition.grids, strict=True):
        Rewriter.replace_op(layer, LayerOp.from_cnn(layer, grid))
    known = {type(other) for other in module.ops}
    for note in partition.notes:
        if type(note) not in known:
            module.body.block.add_op(note.clone())


def lowering(module: ModuleOp, following: Sequence[ModulePass]) -> Iterator[ModulePass]:
    """What brings a partitioned module to level `ou`, given that each pass is applied to it.

    First the passes that follow `partition`; what they leave the usual ones lower.

    Raises:
        VerifyException: a pass that is not one of the usual ones left IR that breaks a rule.
    """
    for each in following:
        yield each
        if type(each) not in USUAL.values():
            module.verify()
    while level_of(module) is not Level.OU:
        yield USUAL[level_of(module)]()
