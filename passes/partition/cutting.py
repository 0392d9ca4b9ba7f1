"""Where `partition` cuts a network into stages: what its parts cost, from its ops."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation, SSAValue

from spatem_ir.dialects.checks import elements_of, is_floating
from spatem_ir.dialects.cnn.attributes import element_bits
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.cuts import Workplace, workplaces_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mvm import network_of
from spatem_ir.dialects.stages import MvmStageOp, mvm_stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.dialects.cnn import NetworkOp
    from spatem_ir.geometry.staging.cuts import MapBytes, StageCosts
    from spatem_ir.hardware.accelerator import Accelerator


def put_stages(module: ModuleOp, names: list[str]) -> None:
    """Let a module have stages that begin with the nodes of these names."""
    for number, name in enumerate(names):
        module.body.block.add_op(MvmStageOp(number, name))


def drop_stages(module: ModuleOp) -> None:
    """Let a module say no more with which nodes stages begin."""
    for stage in mvm_stages(module):
        stage.detach()
        stage.erase()


def stage_names(module: ModuleOp, stages: int) -> list[str]:
    """The nodes with which so many stages begin.

    Raises:
        DoesNotFitError: a layer is larger than the chip.
        SpatemError: there are not so many places to cut at.
    """
    from spatem_ir.geometry.staging.cuts import best_cuts

    network = network_of(module)
    assert network is not None
    units = Units.of(network)
    return units.names(best_cuts(units.costs(accelerator_of(module), 1.0), units.begins, stages))


class Units(NamedTuple):
    """What is not cut: each weight layer and the digital operators behind it.

    `nodes` are those of each unit, in network order; `begins` the units with which a stage may
    begin; `makers` the unit that makes each value, and `readers` those that read it.
    """

    nodes: list[list[Operation]]
    begins: list[int]
    makers: dict[SSAValue, int]
    readers: dict[SSAValue, set[int]]

    @staticmethod
    def of(network: NetworkOp) -> Units:
        """The units of a network; digital operators before the first layer belong to its unit."""
        work = workplaces_of(network)
        nodes: list[list[Operation]] = [[]]
        unit_of: dict[Operation, int] = {}
        has_layer = False
        for op, kind in work.items():
            if kind is Workplace.NODE:
                if isinstance(op, WeightLayerOp):
                    if has_layer:
                        nodes.append([])
                    has_layer = True
                nodes[-1].append(op)
                unit_of[op] = len(nodes) - 1
        makers: dict[SSAValue, int] = {}
        readers: dict[SSAValue, set[int]] = defaultdict(set)

        def read(value: SSAValue, unit: int) -> None:
            owner = value.owner
            if isinstance(owner, Operation) and work[owner] in (Workplace.VIEW, Workplace.BEFORE):
                for operand in owner.operands:
                    read(operand, unit)
            else:
                makers[value] = unit_of.get(owner, -1) if isinstance(owner, Operation) else -1
                readers[value].add(unit)

        behind = (op for op, kind in work.items() if kind is Workplace.BEHIND)
        for op in (*unit_of, *behind, network.output):
            for value in op.operands:
                owner = value.owner
                if not (isinstance(owner, Operation) and work[owner] is Workplace.BEHIND):
                    read(value, unit_of.get(op, len(nodes)))
        crossing = [
            (makers[value], max(own & set(range(len(nodes))), default=-1))
            for value, own in readers.items()
            if is_floating(value) and makers[value] >= 0
        ]
        begins = [
            unit
            for unit in range(len(nodes))
            if not any(maker < unit <= last for maker, last in crossing)
        ]
        return Units(nodes, begins, makers, readers)

    def names(self, begins: Sequence[int]) -> list[str]:
        """The names of the first nodes of some units."""
        names = (self.nodes[unit][0].properties["sym_name"] for unit in begins)
        return [name.data for name in names if isinstance(name, StringAttr)]

    def costs(self, accelerator: Accelerator, share: float) -> StageCosts:
        """What stages of these units cost on an accelerator, of which they take a share at most."""
        import numpy as np

        from spatem_ir.geometry.staging.cuts import StageCosts
        from spatem_ir.passes.partition.whole_crossbars import whole_crossbars_of

        layers = [
            next(op.layer for op in unit if isinstance(op, WeightLayerOp)) for unit in self.nodes
        ]
        mapped = [whole_crossbars_of(layer, accelerator) for layer in layers]
        units = accelerator.components.compute_unit
        return StageCosts(
            crossbars=np.array([each.crossbars for each in mapped]),
            work=np.array([int(units.visit_cycles(each.operations)) for each in mapped]),
            maps=self.maps(),
            chip=max(1, int(accelerator.crossbars * share)),
            port=accelerator.components.port_rate(external=False),
            memory=accelerator.components.port_rate(external=True),
            write=int(accelerator.components.cells.rewriting_cycles),
        )

    def maps(self) -> list[MapBytes]:
        """The feature maps that units read, or that leave the network."""
        from spatem_ir.geometry.staging.cuts import MapBytes

        return [
            MapBytes(
                self.makers[value],
                tuple(sorted(own)),
                -(-elements_of(value) * element_bits(value.type) // 8),
            )
            for value, own in self.readers.items()
        ]
