"""A strategy tried out: packed as pass `pack` does, then looked at as a whole network [R]."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.placing.homes import home_tables
from spatem_ir.geometry.placing.traffic import communication_bytes, piece_homes
from spatem_ir.geometry.safety.residents import Deployed
from spatem_ir.geometry.scheduling.lags import buffers_suffice
from spatem_ir.passes.assign import AssignPass

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatem_ir.geometry.estimate.latency_network import NetworkModel
    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.passes.partition.partitions import Partition


@dataclass(frozen=True)
class Trial:
    """A strategy with places for its tiles; virtual crossbar n is taken to be crossbar n.

    `model` is the network with any partition, `dataflow` the network with this one; `placements`
    are by name of layer.
    """

    strategy: Partition
    model: NetworkModel
    dataflow: Dataflow
    placements: dict[str, Placement]

    @property
    def accelerator(self) -> Accelerator:
        """The machine."""
        return self.model.accelerator

    @property
    def noted(self) -> Partition:
        """The strategy, with the latency estimated here."""
        return replace(self.strategy, cycles=self.cycles)

    @cached_property
    def homes(self) -> dict[str, NDArray[np.int64]]:
        """The home PEs of all pieces that have one, by name of node."""
        per_pe = self.accelerator.crossbars_per_pe
        return home_tables(self.dataflow, self.placements, per_pe, pool_at_home=False)

    @cached_property
    def cycles(self) -> int:
        """The estimated latency; where a buffer would overflow, longer by as much (R10)."""
        grids = {node.name: node.grid for node in self.dataflow.layers if node.grid is not None}
        estimate = self.model.estimate(grids, self.placements)
        return estimate.cycles_in_buffers(self.accelerator.components.memory.buffer_bytes)

    @cached_property
    def communication_bytes(self) -> int:
        """Bytes injected into the network-on-chip, and through the chip's port."""
        return communication_bytes(self.dataflow, self.placements, self.homes, self.accelerator)

    @cached_property
    def runs_in_buffers(self) -> bool:
        """Whether producers can wait so that all buffers suffice (R10), as pass `assign` places."""
        physical_of = AssignPass().physical_crossbars(
            self.dataflow, self.placements, self.accelerator
        )
        physical = {name: placed.moved(physical_of) for name, placed in self.placements.items()}
        per_pe = self.accelerator.crossbars_per_pe
        tables = home_tables(self.dataflow, physical, per_pe, pool_at_home=False)
        homes = {node.number: piece_homes(node, tables) for node in self.dataflow.nodes}
        merges = dict.fromkeys(physical, self.accelerator.components.accumulation.places)
        return buffers_suffice(Deployed(self.dataflow, self.accelerator, physical, homes, merges))
