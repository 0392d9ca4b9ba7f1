"""What every memory says of itself (rules R3 and R10 of docs/machine.md)."""

from __future__ import annotations

from abc import abstractmethod

from spatem_ir.hardware.component import Component, Count


class Memory(Component):
    """What holds pieces of feature maps until their last read; sizes in bytes."""

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
