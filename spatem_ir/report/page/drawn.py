"""What a page draws of a run: the deployment, two executions, and figures of each PE."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.hardware.component import Actions
from spatem_ir.runtime.machine.log import KINDS, EventLog, Watch
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.runtime.metrics.layer_metrics import work_of_tiles
from spatem_ir.runtime.metrics.measurement import Measurement

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.driver.run import RunResult
    from spatem_ir.geometry.network.dataflow import Dataflow, Node
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.runtime.critical_path import CriticalPath
    from spatem_ir.runtime.machine.execution import Execution
    from spatem_ir.runtime.metrics.metric import Metrics

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BINS = 1500
"""Stretches of time of which it is shown how much was done: about as many as pixels."""

BUSIEST = {ResourceKind.CROSSBAR: 12, ResourceKind.PORT: 8, ResourceKind.LINK: 8}
"""Of how many resources of a kind it is shown what they do when: those that work most."""


@dataclass
class Drawn:
    """A run with cycles, its deployment, and what resources did when."""

    result: RunResult
    module: ModuleOp
    metrics: Metrics
    execution: Execution
    path: CriticalPath
    log: EventLog

    @classmethod
    def of(cls, result: RunResult) -> Drawn:
        """A run that counted cycles and has a critical path; it is executed once more."""
        simulation, metrics, module = result.simulation, result.metrics, result.module
        assert simulation is not None and metrics is not None and module is not None
        execution, path = simulation.execution, simulation.critical_path
        assert execution is not None and path is not None and simulation.logged is not None
        accelerator = accelerator_of(module)
        resources = {
            kind: np.zeros(count, np.bool_) for kind, count in resource_counts(accelerator).items()
        }
        for kind, count in BUSIEST.items():
            worked = worked_by_number(execution, kind, accelerator)
            resources[kind][busiest(worked, count)] = True
        watch = Watch(
            resources=resources,
            buffers=np.zeros(accelerator.pes, np.bool_),
            bin_cycles=bin_cycles_of(execution),
            bins=BINS,
        )
        log = simulation.logged(watch).log
        assert log is not None
        return cls(result, module, metrics, execution, path, log)

    @cached_property
    def measurement(self) -> Measurement:
        """The network, the machine and the places of tiles."""
        return Measurement(self.module, self.execution)

    @property
    def log_bin_cycles(self) -> int:
        """The cycles of a bin of the log's activity."""
        return bin_cycles_of(self.execution)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes of the network."""
        return self.dataflow.nodes

    @cached_property
    def dataflow(self) -> Dataflow:
        """The network."""
        return dataflow_of(self.module)

    @cached_property
    def accelerator(self) -> Accelerator:
        """The machine."""
        return accelerator_of(self.module)

    @property
    def placements(self) -> dict[str, Placement]:
        """The tiles of each layer and their places."""
        return self.measurement.placements

    def pes_of_crossbars(self, crossbars: Ints) -> Ints:
        """The PE of each of several crossbars."""
        return crossbars // (self.accelerator.crossbars_per_cu * self.accelerator.cus_per_pe)

    def worked(self, kind: ResourceKind) -> Ints:
        """The cycles in which each resource of a kind worked: [resources]."""
        return worked_by_number(self.execution, kind, self.accelerator)

    @cached_property
    def cells_by_crossbar(self) -> Ints:
        """The cells of each crossbar that are programmed with weights: [crossbars]."""
        return self._by_crossbar("cells")

    def _by_crossbar(self, name: str) -> Ints:
        """What tiles hold or do, for one image, added up by crossbar."""
        found = np.zeros(self.accelerator.crossbars, np.int64)
        for layer, placed in self.placements.items():
            work = work_of_tiles(self.dataflow.by_name[layer], placed, self.accelerator)
            np.add.at(found, placed.crossbars, getattr(work, name))
        return found

    def by_pe(self, by_crossbar: NDArray[Any]) -> NDArray[Any]:
        """The sums of numbers of the crossbars of each PE: [PEs]."""
        return by_crossbar.reshape(self.accelerator.pes, -1).sum(axis=1)

    @property
    def busy_by_crossbar(self) -> Floats:
        """The share of the time in which each crossbar works: [crossbars]."""
        return self.worked(ResourceKind.CROSSBAR) / self.execution.ended

    @property
    def busy_by_pe(self) -> Floats:
        """The mean of the busy shares of all crossbars of a PE: [PEs]."""
        return self.by_pe(self.busy_by_crossbar) * self.accelerator.pes / self.accelerator.crossbars

    @property
    def peak_by_pe(self) -> Ints:
        """The most bytes that each buffer held: [PEs]."""
        peaks = np.zeros(self.accelerator.pes, np.int64)
        for pe, most in self.execution.buffers.peaks().items():
            peaks[pe] = most
        return peaks

    @cached_property
    def energy_by_pe(self) -> Floats:
        """The dynamic energy of an image by PE, without network and chip port, nJ: [PEs].

        Conversions and reads of cells are those of the PE's tiles.  Bytes from and to buffers and
        registers, additions, activations and poolings are dealt to PEs by how long their ports,
        adders and units worked.
        """
        total, worked, pes = self.metrics.actions, self.worked, self.accelerator.pes
        cu_adders = worked(ResourceKind.CU_ADDERS).reshape(pes, -1).sum(axis=1)
        shares = {
            "additions": share(worked(ResourceKind.PE_ADDERS) + cu_adders),
            "activated_values": share(worked(ResourceKind.ACTIVATION)),
            "pooled_values": share(worked(ResourceKind.POOLING)),
        }
        of_port = share(worked(ResourceKind.PORT))
        for name in ("registered_bytes", "fetched_bytes", "written_bytes", "read_bytes"):
            shares[name] = of_port
        dealt = {name: part * total[name] for name, part in shares.items()}
        for name in ("dac_conversions", "adc_conversions", "cell_reads"):
            dealt[name] = self.by_pe(self._by_crossbar(name)).astype(float)
        energy = np.zeros(pes)
        for pe in range(pes):
            own = Actions(**{name: values[pe] for name, values in dealt.items()})
            energy[pe] = sum(self.accelerator.components.energy_pj(own).values()) / 1000
        return energy

    @property
    def load_of_links(self) -> Floats:
        """The share of the time in which each link is busy: [links]."""
        return self.worked(ResourceKind.LINK) / self.execution.ended


def resource_counts(accelerator: Accelerator) -> dict[ResourceKind, int]:
    """How many resources of each kind there are that a log can have."""
    return dict.fromkeys(KINDS, accelerator.pes) | {
        ResourceKind.CROSSBAR: accelerator.crossbars,
        ResourceKind.CU_ADDERS: accelerator.pes * accelerator.cus_per_pe,
        ResourceKind.LINK: accelerator.components.interconnect.links,
        ResourceKind.IO: 1,
    }


def worked_by_number(execution: Execution, kind: ResourceKind, accelerator: Accelerator) -> Ints:
    """The cycles in which each resource of a kind worked: [resources]."""
    worked = np.zeros(resource_counts(accelerator)[kind], np.int64)
    busy = execution.busy.get(kind, {})
    worked[list(busy)] = list(busy.values())
    return worked


def bin_cycles_of(execution: Execution) -> int:
    """The cycles of a stretch of time of which it is shown how much was done."""
    return -(-execution.ended // BINS)


def share(worked: Ints) -> Floats:
    """What each of several resources does of all work; nothing if there is none."""
    return worked / max(int(worked.sum()), 1)


def busiest(worked: Ints, count: int) -> Ints:
    """The resources that worked longest, the first of equals, at most so many that did at all."""
    order = np.argsort(-worked, kind="stable")[:count]
    return order[worked[order] > 0]
