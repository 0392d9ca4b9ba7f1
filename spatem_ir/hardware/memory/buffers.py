"""PE buffers alone: what is not in one of them is nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from spatem_ir.hardware.component import Actions, Part
from spatem_ir.hardware.memory.memory import EXTERNAL, Memory, MemoryParameters

BUFFERS = Part("buffers", "PEs", "buffers and ports")


@dataclass(frozen=True)
class BufferParameters(MemoryParameters):
    """The table `[memory]` where PEs have buffers, which are parameters of `[pe]`."""


class Buffers(Memory):
    """A buffer in every PE, with one port to all CUs of the PE.

    Buffers are parameters of `[pe]`, and their area is in `area.pe_digital_mm2`.
    """

    Parameters = BufferParameters
    energies = (BUFFERS, EXTERNAL)

    @property
    def buffer_bytes(self) -> int:
        """The parameter of the same name, of the table `[pe]`."""
        return self.description.pe.buffer_bytes

    @property
    def buffer_key(self) -> str:
        """Of the table `[pe]`."""
        return "pe.buffer_bytes"

    @property
    def port_bytes_per_cycle(self) -> int:
        """The parameter of the same name, of the table `[pe]`."""
        return self.description.pe.port_bytes_per_cycle

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        """Every byte that is written or read; a fetch is read once for all crossbars it is for."""
        accessed = actions.fetched_bytes + actions.written_bytes + actions.read_bytes
        buffers = {BUFFERS: accessed * self.description.energy.buffer_byte_pj}
        return buffers | self.external_pj(actions)
