"""What every memory says of itself (rules R3, R10 and R14 of docs/machine.md)."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from spatem_ir.hardware.component import Actions, Component, Count, Part
from spatem_ir.hardware.parameters import Description, KindParameters, parameter

EXTERNAL = Part("external_memory", "external memory", "accesses")


@dataclass(frozen=True)
class MemoryParameters(KindParameters):
    """What tables `[memory]` may have, of all kinds: the memory behind the chip's port.

    Source: [assumed] a channel of DDR4-2400 at the clock of isaac-ou.
    """

    external_bytes_per_cycle: int = parameter(
        "bytes per cycle of the memory behind the chip's port", default=16
    )  # [assumed] 19.2 GB/s at 1.2 GHz
    external_latency_cycles: int = parameter(
        "cycles until what is read from that memory begins to come", minimum=0, default=60
    )  # [assumed] 50 ns: a row is activated, a column read
    external_byte_pj: float = parameter(
        "a byte written to that memory, or read from it", minimum=0, default=120.0
    )  # [assumed] 15 pJ a bit


class Memory(Component):
    """What holds pieces of feature maps until their last read; sizes in bytes.

    On the chip, and behind its port, where maps wait for a later stage.
    """

    external: MemoryParameters

    def __init__(self, description: Description):
        super().__init__(description)
        own = description.memory
        self.external = own if isinstance(own, MemoryParameters) else MemoryParameters()

    @property
    def external_latency_cycles(self) -> int:
        """R14: the parameter `memory.external_latency_cycles`."""
        return self.external.external_latency_cycles

    def external_bytes_per_cycle(self, port: int) -> int:
        """R14: how fast bytes come from the memory behind a port of so many bytes per cycle."""
        return min(port, self.external.external_bytes_per_cycle)

    def external_pj(self, actions: Actions) -> dict[Part, float]:
        """R14: the energy of what is written to the memory behind the port, and read from it."""
        if not actions.external_bytes:
            return {}
        return {EXTERNAL: actions.external_bytes * self.external.external_byte_pj}

    @property
    @abstractmethod
    def buffer_bytes(self) -> int:
        """R10: what the buffer of each PE holds at most."""

    @property
    @abstractmethod
    def buffer_key(self) -> str:
        """The parameter that says :attr:`buffer_bytes`, as messages name it."""

    @property
    def is_shared(self) -> bool:
        """R13: whether one memory holds all that PEs read and write."""
        return False

    @property
    def carried(self) -> tuple[str, ...]:
        """R7, R13: what links carry, by the number that the rank of a request for one has."""
        return ("partial sums", "results")

    def ports(self, pes: int) -> int:
        """R3: over how many ports that many PEs fetch at the same time."""
        return pes

    def holder(self, pe: Count) -> Count:
        """R3, R6: the PE in whose buffer is what a PE reads and writes: its own."""
        return pe

    @property
    @abstractmethod
    def port_bytes_per_cycle(self) -> int:
        """R3: bytes per cycle through the port from a PE's buffer to its CUs."""

    @property
    def setup_cycles(self) -> int:
        """R3: how long a fetch holds the port before its first byte."""
        return 0

    def fetch_cycles(self, size: Count) -> Count:
        """R3: the cycles for which an operand of `size` bytes holds the port."""
        return self.setup_cycles - (-size // self.port_bytes_per_cycle)
