"""The kinds of components that there are, and the components of an accelerator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from spatem_ir.hardware.accumulation.accumulation import Accumulation
from spatem_ir.hardware.accumulation.home import HomeAccumulation
from spatem_ir.hardware.accumulation.shared_memory import SharedMemoryAccumulation
from spatem_ir.hardware.cells.cells import Cells
from spatem_ir.hardware.component import Actions, Component, Count, Part
from spatem_ir.hardware.compute_unit.compute_unit import ComputeUnits
from spatem_ir.hardware.compute_unit.free import FreeComputeUnits
from spatem_ir.hardware.compute_unit.lockstep import LockstepUnits
from spatem_ir.hardware.digital_units import DigitalUnits
from spatem_ir.hardware.interconnect.bus import Bus
from spatem_ir.hardware.interconnect.interconnect import Interconnect
from spatem_ir.hardware.interconnect.mesh import Mesh
from spatem_ir.hardware.memory.buffers import Buffers
from spatem_ir.hardware.memory.memory import Memory
from spatem_ir.hardware.memory.shared import SharedMemory
from spatem_ir.hardware.parameters import (
    Analog,
    Area,
    Chip,
    ChipIo,
    Crossbar,
    Description,
    Energy,
    OperationUnit,
    Power,
    ProcessingElement,
    Writing,
)
from spatem_ir.hardware.port import ChipPort

INTERCONNECTS: dict[str, type[Interconnect]] = {"mesh": Mesh, "bus": Bus}
"""The table `[noc]`."""

COMPUTE_UNITS: dict[str, type[ComputeUnits]] = {
    "free": FreeComputeUnits,
    "lockstep": LockstepUnits,
}
"""The table `[cu]`."""

ACCUMULATIONS: dict[str, type[Accumulation]] = {
    "home": HomeAccumulation,
    "shared-memory": SharedMemoryAccumulation,
}
"""The table `[accumulation]`."""

MEMORIES: dict[str, type[Memory]] = {"buffers": Buffers, "shared": SharedMemory}
"""The table `[memory]`."""

KINDS: Mapping[str, Mapping[str, type[Component]]] = {
    "noc": INTERCONNECTS,
    "cu": COMPUTE_UNITS,
    "accumulation": ACCUMULATIONS,
    "memory": MEMORIES,
}
"""The kinds of components by the key `kind` of their TOML table; without it, the first one."""

GROUPS: dict[str, type] = {
    "chip": Chip,
    "pe": ProcessingElement,
    "cu": FreeComputeUnits.Parameters,
    "crossbar": Crossbar,
    "ou": OperationUnit,
    "analog": Analog,
    "noc": Mesh.Parameters,
    "io": ChipIo,
    "energy": Energy,
    "power": Power,
    "area": Area,
    "accumulation": HomeAccumulation.Parameters,
    "memory": Buffers.Parameters,
    "write": Writing,
}
"""The TOML tables in the order in which they are written: their parameters if no kind is given."""


@dataclass(frozen=True)
class Components:
    """The components of an accelerator, in the order in which energies are listed and added up."""

    compute_unit: ComputeUnits
    accumulation: Accumulation
    memory: Memory
    digital: DigitalUnits
    interconnect: Interconnect
    port: ChipPort
    cells: Cells

    def __iter__(self) -> Iterator[Component]:
        return (getattr(self, field.name) for field in fields(self))

    def port_rate(self, *, external: bool) -> int:
        """R9, R14: bytes per cycle through the chip's port, of what is in `external` memory too."""
        rate = self.port.bytes_per_cycle
        return self.memory.external_bytes_per_cycle(rate) if external else rate

    def port_cycles(self, size: Count, *, external: bool) -> Count:
        """R9, R14: the cycles in which `size` bytes enter or leave, likewise."""
        return -(-size // self.port_rate(external=external))

    def port_delay(self, *, external: bool) -> int:
        """R14: cycles until what enters is there: 0 unless it comes from `external` memory."""
        return self.memory.external_latency_cycles if external else 0

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        """The energy of all parts for so many actions and cycles, picojoule."""
        return {part: pj for component in self for part, pj in component.energy_pj(actions).items()}

    def area_mm2(self) -> dict[Part, float]:
        """The area of all parts, square millimetres."""
        return {part: mm2 for component in self for part, mm2 in component.area_mm2().items()}


def energy_parts() -> dict[str, Part]:
    """The parts whose energy is counted, of all kinds of components, by key."""
    return {part.key: part for kind in _all_kinds() for part in kind.energies}


def area_parts() -> dict[str, Part]:
    """The parts whose area is counted, of all kinds of components, by key."""
    return {part.key: part for kind in _all_kinds() for part in kind.areas}


def _all_kinds() -> list[type[Component]]:
    return [
        DigitalUnits,
        ChipPort,
        Cells,
        *(kind for kinds in KINDS.values() for kind in kinds.values()),
    ]


def kind_of(group: str, parameters: object) -> str:
    """The name of the kind of component that has such parameters, of those of a TOML table."""
    kinds = KINDS[group]
    return next(name for name, kind in kinds.items() if kind.Parameters is type(parameters))


def components_of(description: Description) -> Components:
    """The components of an accelerator that is described by these parameters."""
    return Components(
        compute_unit=COMPUTE_UNITS[kind_of("cu", description.cu)](description),
        accumulation=ACCUMULATIONS[kind_of("accumulation", description.accumulation)](description),
        memory=MEMORIES[kind_of("memory", description.memory)](description),
        digital=DigitalUnits(description),
        interconnect=INTERCONNECTS[kind_of("noc", description.noc)](description),
        port=ChipPort(description),
        cells=Cells(description),
    )
