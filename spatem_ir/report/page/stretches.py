"""What PEs, crossbars and links do in a stretch of time: in a stage, or in all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatem_ir.hardware.component import Actions
from spatem_ir.runtime.energy import actions_of
from spatem_ir.runtime.machine.log import KINDS
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.runtime.metrics.layer_metrics import work_of_tiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.runtime.machine.execution import Execution

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stretch:
    """A stretch of time.

    Attributes:
        name: what it is called.
        dataflow, placements: the network that is executed in it, and where its tiles are, by layer.
        execution: what happens in it, of all images in flight.
        written: the cycles in which each crossbar is rewritten for it: [crossbars].
        pulses: SET and RESET pulses of these writes, in every batch of images but the first.
    """

    name: str
    accelerator: Accelerator
    dataflow: Dataflow
    placements: Mapping[str, Placement]
    execution: Execution
    written: Ints
    pulses: tuple[float, float]

    def worked(self, kind: ResourceKind) -> Ints:
        """The cycles in which each resource of a kind worked: [resources]."""
        return worked_by_number(self.execution, kind, self.accelerator)

    @cached_property
    def cells_by_crossbar(self) -> Ints:
        """The cells of each crossbar that are programmed with weights: [crossbars].

        A cell that several stages program counts as often.
        """
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
        registers, additions, activations, poolings and pulses of writing are dealt to PEs by how
        long their ports, adders, units and write drivers worked.
        """
        worked, pes = self.worked, self.accelerator.pes
        total = actions_of((), self.execution)
        cu_adders = worked(ResourceKind.CU_ADDERS).reshape(pes, -1).sum(axis=1)
        of_port = share(worked(ResourceKind.PORT))
        dealt = {
            "additions": share(worked(ResourceKind.PE_ADDERS) + cu_adders) * total.additions,
            "activated_values": share(worked(ResourceKind.ACTIVATION)) * total.activated_values,
            "pooled_values": share(worked(ResourceKind.POOLING)) * total.pooled_values,
            "registered_bytes": of_port * total.registered_bytes,
            "fetched_bytes": of_port * total.fetched_bytes,
            "written_bytes": of_port * total.written_bytes,
            "read_bytes": of_port * total.read_bytes,
        }
        of_one = {name: values / self.execution.images for name, values in dealt.items()}
        for name in ("dac_conversions", "adc_conversions", "cell_reads"):
            of_one[name] = self.by_pe(self._by_crossbar(name)).astype(float)
        of_drivers = share(self.by_pe(self.written)) / self.execution.images
        for name, pulses in zip(("set_pulses", "reset_pulses"), self.pulses, strict=True):
            of_one[name] = of_drivers * pulses
        energy = np.zeros(pes)
        for pe in range(pes):
            own = Actions(**{name: values[pe] for name, values in of_one.items()})
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
        ResourceKind.WRITE: accelerator.crossbars,
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


def share(worked: NDArray[Any]) -> Floats:
    """What each of several resources does of all work; nothing if there is none."""
    return worked / max(worked.sum(), 1)
