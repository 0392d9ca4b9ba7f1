"""The `pxb` dialect: which physical crossbar holds which tiles, and where results come together.

Level `pxb` adds two decisions to the deployment: the PE, CU and crossbar of every virtual crossbar,
and the home PE of every piece of every feature map.  A physical crossbar's number is
``(pe · CUs + cu) · crossbars + crossbar``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.ir import Dialect
from xdsl.irdl import IRDLOperation, irdl_op_definition, lazy_traits_def, prop_def, traits_def
from xdsl.traits import HasParent, NoTerminator

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.dataflow import verified_dataflow_of
from spatem_ir.dialects.hw import Indices, IndicesAttr, accelerator_of, module_of
from spatem_ir.dialects.places import PlaceOp, StageOp
from spatem_ir.geometry.network.dataflow import NodeKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.network.dataflow import Dataflow, Node
    from spatem_ir.geometry.shapes.index_sequence import IndexSequence
    from spatem_ir.hardware.accelerator import Accelerator

HOMELESS = (NodeKind.INPUT, NodeKind.OUTPUT)
"""Nodes without a home of their own: inputs and outputs are at the chip's port, PE 0."""


@irdl_op_definition
class HomeOp(IRDLOperation):
    """The home PEs of a node's output: `pxb.home @conv1 pes [0 times 12, 1 times 12]`.

    For S channel slices and L entries, the home of (slice s, position p) is entry
    ``s · (L / S) + p mod (L / S)``: one entry per slice, or a pattern over the positions.
    """

    name = "pxb.home"

    node = prop_def(SymbolRefAttr)
    pes = prop_def(IndicesAttr)

    traits = lazy_traits_def(lambda: (HasParent(PxbStageOp),))

    custom_directives = (Indices,)

    assembly_format = "$node `pes` custom<Indices>($pes) attr-dict"

    def __init__(self, node: str, pes: IndexSequence):
        super().__init__(properties={"node": SymbolRefAttr(node), "pes": IndicesAttr(pes)})

    def verify_(self) -> None:
        pes = accelerator_of(self).pes
        if len(self.pes.data) == 0:
            fail(self, "names no PE")
        for pe in (self.pes.data.minimum, self.pes.data.maximum):
            if not 0 <= pe < pes:
                fail(self, f"names PE {pe}; there are {pes} PEs")

    def table(self, node: Node) -> NDArray[np.int64]:
        """The home PE of each (slice, position) of the node: shape [slices, positions]."""
        import numpy as np

        pattern = self.pes.data.to_array().reshape(len(node.slices), -1)
        return pattern[:, np.arange(node.positions) % pattern.shape[1]]


@irdl_op_definition
class PxbStageOp(StageOp):
    """The contents of all physical crossbars during one stage, and all homes."""

    name = "pxb.stage"

    traits = traits_def(HasParent(ModuleOp), NoTerminator())

    def crossbar_limit(self, accelerator: Accelerator) -> int | None:
        return accelerator.crossbars

    def verify_(self) -> None:
        super().verify_()
        dataflow = verified_dataflow_of(self)
        homes = self.home_ops()
        placed = {op.layer.string_value() for op in self.of_type(PxbPlaceOp)}
        for name, op in homes.items():
            node = dataflow.by_name.get(name)
            if node is None or node.kind in HOMELESS:
                fail(op, "names no layer or digital operator of the network")
            if len(op.pes.data) % len(node.slices):
                fail(op, f"has {len(op.pes.data)} entries for {len(node.slices)} slices")
        several = sum(isinstance(op, PxbStageOp) for op in module_of(self).ops) > 1
        for node in dataflow.nodes:
            needed = node.name in placed or not several
            if node.kind not in HOMELESS and needed and node.name not in homes:
                fail(self, f"@{node.name} has no pxb.home")

    def home_ops(self) -> dict[str, HomeOp]:
        """The homes by layer or operator name."""
        homes: dict[str, HomeOp] = {}
        for op in self.of_type(HomeOp):
            name = op.node.string_value()
            if name in homes:
                fail(op, "is the second pxb.home of its node")
            homes[name] = op
        return homes

    def homes(self, dataflow: Dataflow) -> dict[int, NDArray[np.int64]]:
        """The home PE of every (slice, position) of each node, by node number."""
        import numpy as np

        ops = self.home_ops()
        tables = {}
        for node in dataflow.nodes:
            if node.kind in HOMELESS:
                tables[node.number] = np.zeros((len(node.slices), node.positions), np.int64)
            elif node.name in ops:
                tables[node.number] = ops[node.name].table(node)
        return tables


@irdl_op_definition
class PxbPlaceOp(PlaceOp):
    """Places tiles in physical crossbars."""

    name = "pxb.place"

    traits = traits_def(HasParent(PxbStageOp))


PXB = Dialect("pxb", [PxbStageOp, PxbPlaceOp, HomeOp], [])
