"""Buffers of the PEs (rule R10): every byte from its arrival to its last read; accesses."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from spatem_ir.hardware.memory.memory import Memory
from spatem_ir.support.errors import SpatemError


@dataclass
class BufferOccupancy:
    """Changes of the occupancy of each PE's buffer, from which the peaks follow.

    `written_bytes` and `read_bytes` are those of all buffers, without what is fetched for CUs.
    """

    changes: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    written_bytes: int = 0
    read_bytes: int = 0

    def fill(self, pe: int, time: int, size: int) -> None:
        """`size` bytes arrive in the buffer of a PE at a cycle."""
        self.changes[pe].append((time, size))

    def drain(self, pe: int, time: int, size: int) -> None:
        """`size` bytes have been read for the last time."""
        self.changes[pe].append((time, -size))

    def peak(self, pe: int) -> int:
        """The most bytes that a PE's buffer held; bytes leave before others arrive in a cycle."""
        held = most = 0
        for _, change in sorted(self.changes[pe]):
            held += change
            most = max(most, held)
        return most

    def peaks(self) -> dict[int, int]:
        """The peak of each PE that held anything."""
        return {pe: self.peak(pe) for pe in sorted(self.changes)}

    def check(self, memory: Memory, images: int) -> None:
        """Check that no buffer held more than there is room for, with so many images in flight.

        Raises:
            SpatemError: one did; names the PE and the bytes.
        """
        peaks = self.peaks()
        pe = max(peaks, key=lambda pe: (peaks[pe], -pe))
        if peaks[pe] > memory.buffer_bytes:
            several = f" with {images} images in flight" if images > 1 else ""
            remedy = "use fewer --images-in-flight or" if images > 1 else "use"
            raise SpatemError(
                f"the buffer of PE {pe} overflows: it held {peaks[pe]} bytes{several}, "
                f"{memory.buffer_key} is {memory.buffer_bytes}; {remedy} a larger one"
            )


@dataclass
class MeasuredBuffers(BufferOccupancy):
    """Occupancies of which the peaks are known; changes are in the log of a run."""

    measured: dict[int, int] = field(default_factory=dict)

    def peak(self, pe: int) -> int:
        """The most bytes that a PE's buffer held."""
        return self.measured.get(pe, 0)

    def peaks(self) -> dict[int, int]:
        """The peak of each PE that held anything."""
        return self.measured
