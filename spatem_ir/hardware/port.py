"""The chip's port to the outside (rule R9 of docs/machine.md)."""

from __future__ import annotations

from spatem_ir.hardware.component import STATIC, Actions, Component, Count, Part
from spatem_ir.hardware.parameters import ChipIo

PORT_PE = 0
"""The PE at the chip's port."""

IO = Part("io", "chip port", "I/O")
STATIC_IO = Part("static_io", STATIC, "chip port")
CHIP_IO = Part("chip_io", "chip port", "chip port")


class ChipPort(Component):
    """A port of so many bytes per cycle at one PE."""

    Parameters = ChipIo
    energies = (IO, STATIC_IO)
    areas = (CHIP_IO,)

    @property
    def bytes_per_cycle(self) -> int:
        """R9: the parameter `io.bytes_per_cycle`."""
        return self.description.io.bytes_per_cycle

    def cycles(self, size: Count) -> Count:
        """R9: the cycles in which `size` bytes enter or leave."""
        return -(-size // self.bytes_per_cycle)

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        """The energy of all bytes that enter or leave; and what the port takes anyway."""
        return {
            IO: actions.io_bytes * self.description.energy.io_byte_pj,
            STATIC_IO: self.static_pj(actions, self.description.power.chip_io_mw),
        }

    def area_mm2(self) -> dict[Part, float]:
        """The area of the chip's port, square millimetres."""
        return {CHIP_IO: self.description.area.chip_io_mm2}
