"""The `remove-dead-positions` pass: leaves out what no output needs (level `cnn`)."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from spatem_ir.dialects.mvm import network_of


@dataclass(frozen=True)
class RemoveDeadPositionsPass(ModulePass):
    """Removes rows and columns of feature maps that nobody reads.

    Poolings with strides larger than their windows, 1 × 1 convolutions with strides, slices and
    borders that no window covers leave rows and columns of the maps before them unread.  Every op
    computes the rows and columns alone that are read by some reader: layers and poolings choose
    among their windows (`<3x3, rows 0 to 10, columns 0 to 10>`), other operators work on smaller
    maps.  Readers find what they read in the smaller maps: their windows have other strides, or a
    `cnn.gather` is between.  Outputs stay whole, and so do a network's inputs.

    Not left out are channels, positions of layers whose weights differ by region (`cnn.local`), and
    what one reader reads of some rows and another one of some columns only.
    """

    name = "remove-dead-positions"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        from spatem_ir.passes.dead_positions.rewriting import LiveNetwork

        network = network_of(op)
        if network is not None:
            LiveNetwork(network).rewrite()
