"""The tracks of a trace: PEs with their CUs, crossbars and units; links; the port; counters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.runtime.machine.log import KINDS, EventLog
from spatem_ir.runtime.machine.steps import ResourceKind

if TYPE_CHECKING:
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackDescriptor

    from spatem_ir.hardware.accelerator import Accelerator

IN_PE = {
    ResourceKind.PORT: "port",
    ResourceKind.PE_ADDERS: "PE adders",
    ResourceKind.ACTIVATION: "activation units",
    ResourceKind.POOLING: "pooling units",
}
"""The resources that a PE has one of."""


@dataclass
class Tracks:
    """The tracks of a trace, each a number from 1 on by its path: the names from the root on."""

    accelerator: Accelerator
    numbers: dict[tuple[str, ...], int] = field(default_factory=dict)
    units: dict[int, str] = field(default_factory=dict)

    def number(self, *path: str) -> int:
        """The number of a track; those above it are made, too."""
        if path not in self.numbers:
            if len(path) > 1:
                self.number(*path[:-1])
            self.numbers[path] = len(self.numbers) + 1
        return self.numbers[path]

    def counter(self, unit: str, *path: str) -> int:
        """The number of a track that counts something in a unit."""
        number = self.number(*path)
        self.units[number] = unit
        return number

    def of_resource(self, kind: ResourceKind, resource: int) -> int:
        """The track of a resource."""
        machine = self.accelerator
        if kind is ResourceKind.LINK:
            name = machine.components.interconnect.link_name(resource)
            return self.number("links", name)
        if kind is ResourceKind.IO:
            return self.number("chip port")
        if kind is ResourceKind.CROSSBAR:
            at = machine.address(resource)
            return self.number(f"PE {at.pe}", f"CU {at.cu}", f"crossbar {at.crossbar}")
        if kind is ResourceKind.CU_ADDERS:
            pe, cu = divmod(resource, machine.cus_per_pe)
            return self.number(f"PE {pe}", f"CU {cu}", "CU adders")
        return self.number(f"PE {resource}", IN_PE[kind])

    def of_log(self, log: EventLog) -> NDArray[np.int64]:
        """The track of each entry of a log."""
        found = np.zeros(len(log), np.int64)
        for kind in (ResourceKind.IO, *(k for k in KINDS if k is not ResourceKind.IO)):
            here = log.of(kind)
            used, index = np.unique(log.resources[here], return_inverse=True)
            tracks = [self.of_resource(kind, resource) for resource in used.tolist()]
            found[here] = np.array(tracks, np.int64)[index]
        return found

    def describe(self, trace: Trace) -> None:
        """Add the packets that say which tracks there are."""
        ranks: dict[tuple[str, ...], int] = {}
        for path, number in sorted(self.numbers.items(), key=lambda entry: natural(entry[0])):
            track: TrackDescriptor = trace.packet.add().track_descriptor
            track.uuid, track.name = number, path[-1]
            track.child_ordering = track.EXPLICIT
            above = path[:-1]
            ranks[above] = track.sibling_order_rank = ranks.get(above, -1) + 1
            if above:
                track.parent_uuid = self.numbers[above]
            if number in self.units:
                track.counter.unit_name = self.units[number]


def natural(path: tuple[str, ...]) -> tuple[tuple[tuple[int, int, str], ...], ...]:
    """A key by which numbers in names are in order of their values, and words before PEs."""
    return tuple(
        (
            (int(name.startswith(("PE ", "links", "CU "))), 0, ""),
            *(
                (0, int(word), "") if word.isdigit() else (1, 0, word)
                for word in name.replace("→", " ").split()
            ),
        )
        for name in path
    )
