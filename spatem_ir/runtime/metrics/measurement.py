"""What metrics are measured of: a deployment, and its execution if an engine ran."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.stages import stage_modules
from spatem_ir.geometry.bounds.bounds import lower_bounds, staged_bounds
from spatem_ir.geometry.shapes.placement import Placement
from spatem_ir.runtime.energy import actions_of
from spatem_ir.runtime.metrics.layer_metrics import LayerMetrics, layer_metrics

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.geometry.bounds.bounds import LowerBounds
    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.hardware.component import Actions
    from spatem_ir.runtime.machine.execution import Execution


class NoCyclesError(Exception):
    """A metric asked for an execution, and no engine ran."""


@dataclass(frozen=True)
class Measurement:
    """A deployment and its execution.

    `module` is at level `ou` (or `pxb`, without cycles); `executed` is the execution of a single
    image, `pipelined` one of several images in flight.
    """

    module: ModuleOp
    executed: Execution | None = None
    pipelined: Execution | None = None

    @property
    def images(self) -> int:
        """How many images are in flight when the interval is measured."""
        return 1 if self.pipelined is None else self.pipelined.images

    @property
    def execution(self) -> Execution:
        """The execution of a single image; a metric that asks for it in vain is None.

        Raises:
            NoCyclesError: no engine ran.
        """
        if self.executed is None:
            raise NoCyclesError
        return self.executed

    @cached_property
    def accelerator(self) -> Accelerator:
        """The machine."""
        return accelerator_of(self.module)

    @cached_property
    def dataflow(self) -> Dataflow:
        """The network: nodes, grids, who reads whom."""
        return dataflow_of(self.module)

    @cached_property
    def placements(self) -> dict[str, Placement]:
        """The places of every layer's tiles over all stages, by name of layer."""
        parts: dict[str, list[Placement]] = {}
        for stage in self.module.ops:
            if isinstance(stage, PxbStageOp):
                for name, placed in stage.placements().items():
                    parts.setdefault(name, []).append(placed)
        return {name: Placement.joined(several).by_tile() for name, several in parts.items()}

    @cached_property
    def layers(self) -> tuple[LayerMetrics, ...]:
        """Work and places of each weight layer."""
        return tuple(
            layer_metrics(node, self.placements[node.name], self.accelerator, self.executed)
            for node in self.dataflow.layers
        )

    @cached_property
    def bounds(self) -> LowerBounds:
        """The lower bounds on the latency of any deployment of the network, with the same cuts."""
        stages = stage_modules(self.module)
        each = [lower_bounds(dataflow_of(own, alone=True), self.accelerator) for own in stages]
        return staged_bounds(each) if len(each) > 1 else each[0]

    @cached_property
    def actions(self) -> Actions:
        """How often the execution of a single image did what takes energy.

        Raises:
            NoCyclesError: no engine ran.
        """
        return actions_of(self.layers, self.execution)

    @property
    def ou_operations(self) -> int:
        """OU operations of one image."""
        return sum(layer.ou_operations for layer in self.layers)
