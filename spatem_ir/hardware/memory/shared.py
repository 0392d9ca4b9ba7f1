"""A memory that all PEs share, over their bus: feature maps and partial sums are there alone."""

from __future__ import annotations

from dataclasses import dataclass

from spatem_ir.hardware.component import Actions, Count, Part
from spatem_ir.hardware.interconnect.bus import Bus
from spatem_ir.hardware.memory.memory import EXTERNAL, Memory, MemoryParameters
from spatem_ir.hardware.parameters import Description, parameter
from spatem_ir.hardware.port import PORT_PE

SHARED = Part("shared_memory", "memory", "shared memory")


@dataclass(frozen=True, kw_only=True)
class SharedMemoryParameters(MemoryParameters):
    """The table `[memory]` of a shared memory."""

    shared_bytes: int = parameter("size of the memory that all PEs share, bytes")
    shared_mm2: float = parameter("area of the memory, square millimetres", minimum=0, default=0.0)


class SharedMemory(Memory):
    """One memory behind the bus, at the chip's port; PEs have no buffers (rule R13).

    `pe.buffer_bytes` and `pe.port_bytes_per_cycle` are of no effect.  A byte that is read or
    written takes `energy.buffer_byte_pj`.
    """

    Parameters = SharedMemoryParameters
    energies = (SHARED, EXTERNAL)
    areas = (SHARED,)

    def __init__(self, description: Description):
        super().__init__(description)
        assert isinstance(description.memory, SharedMemoryParameters)
        self.parameters = description.memory

    @property
    def buffer_bytes(self) -> int:
        """The parameter `memory.shared_bytes`."""
        return self.parameters.shared_bytes

    @property
    def buffer_key(self) -> str:
        """Of the table `[memory]`."""
        return "memory.shared_bytes"

    @property
    def is_shared(self) -> bool:
        """R13: there is one memory."""
        return True

    @property
    def carried(self) -> tuple[str, ...]:
        """R13: operands, what else is loaded or stored, and CALLs."""
        return ("operands", "loads", "stores", "calls")

    def ports(self, pes: int) -> int:
        """R13: over all buses."""
        return Bus(self.description).links

    def holder(self, pe: Count) -> Count:
        """All that PEs read and write is in the memory at the chip's port."""
        return pe * 0 + PORT_PE

    @property
    def port_bytes_per_cycle(self) -> int:
        """R13: the width of the bus."""
        return Bus(self.description).most_bytes_per_cycle

    @property
    def setup_cycles(self) -> int:
        """R13: how long a transfer takes besides its bytes."""
        return Bus(self.description).head_cycles - 1

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        """Every byte that is written or read."""
        accessed = actions.fetched_bytes + actions.written_bytes + actions.read_bytes
        shared = {SHARED: accessed * self.description.energy.buffer_byte_pj}
        return shared | self.external_pj(actions)

    def area_mm2(self) -> dict[Part, float]:
        """The area of the memory, square millimetres."""
        return {SHARED: self.parameters.shared_mm2}
