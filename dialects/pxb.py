"""The `pxb` dialect: which physical crossbar holds which tiles, and where results come together.

Level `pxb` adds the PE, CU and crossbar of every virtual crossbar, and of every feature map the
pieces in which it travels and their home PEs.  A physical crossbar's number is
``(pe · CUs + cu) · crossbars + crossbar``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Dialect
from xdsl.irdl import irdl_op_definition, traits_def
from xdsl.traits import HasParent, NoTerminator

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.dataflow import verified_dataflow_of
from spatem_ir.dialects.homes import HomeOp
from spatem_ir.dialects.hw import accelerator_of, module_of
from spatem_ir.dialects.mapping import MappingOp, mapping_op
from spatem_ir.dialects.places import PlaceOp, StageOp
from spatem_ir.dialects.spills import SpillOp
from spatem_ir.dialects.stages import is_staged
from spatem_ir.dialects.turns import TurnsOp
from spatem_ir.dialects.writes import WriteOp, verify_writes
from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.geometry.network.decided import loaded_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.network.dataflow import Dataflow, Node
    from spatem_ir.geometry.network.turns import Turns
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator

HOMELESS = (NodeKind.INPUT, NodeKind.OUTPUT)
"""Nodes without a home of their own: inputs and outputs are at the chip's port, PE 0."""


@irdl_op_definition
class PxbStageOp(StageOp):
    """The contents of all physical crossbars during one stage, and all homes."""

    name = "pxb.stage"

    traits = traits_def(HasParent(ModuleOp), NoTerminator())

    def crossbar_limit(self, accelerator: Accelerator) -> int | None:
        return accelerator.crossbars

    def verify_(self) -> None:
        module = module_of(self)
        if is_staged(module):
            if [op for op in module.ops if isinstance(op, PxbStageOp)][-1] is self:
                verify_writes(module)
            return
        super().verify_()
        dataflow = verified_dataflow_of(self)
        homes = self.home_ops()
        self._verify_spills(dataflow)
        self._verify_turns(dataflow)
        mapping_op(self)
        for name, op in homes.items():
            node = dataflow.by_name.get(name)
            if node is None or node.kind in HOMELESS:
                fail(op, "names no layer or digital operator of the network")
            _verify_slices(op, node)
            if len(op.pes.data) % len(node.slices):
                fail(op, f"has {len(op.pes.data)} entries for {len(node.slices)} slices")
        for node in dataflow.nodes:
            if node.kind not in HOMELESS and node.name not in homes:
                fail(self, f"@{node.name} has no pxb.home")

    def _verify_spills(self, dataflow: Dataflow) -> None:
        """Check that what is spilled is read."""
        for op in self.of_type(SpillOp):
            node, reader = op.node.string_value(), op.reader.string_value()
            if reader not in dataflow.by_name:
                fail(op, f"names @{reader}, which is no layer or digital operator of the network")
            if loaded_name(node, reader) not in dataflow.by_name:
                fail(op, f"names @{node}, whose results @{reader} does not read")

    def _verify_turns(self, dataflow: Dataflow) -> None:
        """Check that turns are those of layers with tiles here, or that there are none at all."""
        ops, named = self.of_type(TurnsOp), set[str]()
        if not ops:
            return
        places = self.placements()
        placed = [node for node in dataflow.layers if node.name in places]
        layers = {node.name: node for node in placed}
        for op in ops:
            name = op.layer.string_value()
            if name not in layers:
                fail(op, "names a layer of which the stage places no tile")
            if name in named:
                fail(op, "is the second pxb.turns of its layer")
            named.add(name)
            node = layers[name]
            assert node.layer is not None and node.grid is not None
            op.verify_starts(node.layer, node.grid)
        for name in layers:
            if name not in named:
                fail(self, f"@{name} has no pxb.turns, other layers have")
        self._verify_registers([node for node in placed if self._takes_turns(node)], places)

    @staticmethod
    def _takes_turns(node: Node) -> bool:
        """Whether several tiles add to a result of a layer."""
        return node.grid is not None and node.grid.hwm * node.grid.ib > 1

    def _verify_registers(self, nodes: list[Node], places: dict[str, Placement]) -> None:
        """Check that there is a sequence register for each tile of layers that takes turns."""
        import numpy as np

        accelerator = accelerator_of(self)
        own = [places[node.name].crossbars for node in nodes]
        tiles = np.bincount(np.concatenate([np.empty(0, np.int64), *own]), minlength=1)
        most = accelerator.components.accumulation.sequence_registers
        if tiles.max() > most:
            fail(
                self,
                f"crossbar {tiles.argmax()} has {tiles.max()} tiles that take turns, and {most} "
                "sequence registers; set accumulation.sequence_registers to more",
            )

    def turns(self, dataflow: Dataflow) -> dict[str, Turns]:
        """The turns of each layer placed here, by name; none if the stage says nothing of turns."""
        found = {}
        for op in self.of_type(TurnsOp):
            node = dataflow.by_name[op.layer.string_value()]
            assert node.grid is not None
            found[node.name] = op.turns(node.grid)
        return found

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


def _verify_slices(op: HomeOp, node: Node) -> None:
    """Check the slices that a home gives to a node, if it does."""
    slices = op.given_slices
    if slices is not None and node.kind is NodeKind.LAYER:
        fail(op, "gives slices to a layer, whose slices are the column parts of its grid")
    if slices is not None and slices[-1] >= node.shape[0]:
        fail(op, f"begins a slice at channel {slices[-1]}; there are {node.shape[0]} channels")


@irdl_op_definition
class PxbPlaceOp(PlaceOp):
    """Places tiles in physical crossbars."""

    name = "pxb.place"

    traits = traits_def(HasParent(PxbStageOp))


PXB = Dialect("pxb", [PxbStageOp, PxbPlaceOp, HomeOp, SpillOp, TurnsOp, WriteOp, MappingOp], [])
