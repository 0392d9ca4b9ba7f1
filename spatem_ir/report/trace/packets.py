"""Many packets of a Perfetto trace at once, as rows of bytes.

Packets of a kind differ in some numbers only.  Perfetto's classes write one of them, with numbers
as long as any may be; in the others these bytes are replaced.  Variable-length numbers of protocol
buffers may be longer than they need be, so all packets of a kind are equally long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace

Ints = NDArray[np.int64]

BITS = 7
"""Bits of a variable-length number in each of its bytes; the highest bit says that more follow."""

FIXED = 0x5AA5_5AA5_0000_0000
"""From here on are the samples of fixed numbers, which look like no variable-length ones."""


class Blank:
    """A number in a packet that others replace: of so many bytes, or a fixed one of 64 bits.

    `sample` is a number that no other part of the packet is likely to hold: all bytes of a
    variable-length one are used.  It stands in a packet as often as its field is repeated there,
    `times`, one right after the other.
    """

    def __init__(self, number: int, size: int | None = None, times: int = 1):
        self.size, self.times = size, times
        if size is None:
            self.sample = FIXED + number
            self.written = self.sample.to_bytes(8, "little")
        else:
            self.sample = (1 << (BITS * size)) - 1 - number
            self.written = varint(self.sample, size)

    def bytes_of(self, values: Ints) -> NDArray[np.uint8]:
        """The bytes that stand for values: of shape […], in an array […, bytes].

        Raises:
            OverflowError: one of them is negative or too large.
        """
        if self.size is None:
            return values.astype("<u8")[..., None].view(np.uint8)
        if values.size and (values.min() < 0 or int(values.max()) >> (BITS * self.size)):
            raise OverflowError(f"{values.max()} has no room in {self.size} bytes")
        shifts = BITS * np.arange(self.size)
        parts = (values[..., None] >> shifts) & 0x7F
        parts[..., :-1] |= 0x80
        return parts.astype(np.uint8)


def varint(value: int, size: int) -> bytes:
    """A variable-length number of so many bytes."""
    parts = [(value >> (BITS * index)) & 0x7F for index in range(size)]
    return bytes([*(part | 0x80 for part in parts[:-1]), parts[-1]])


@dataclass(frozen=True)
class Template:
    """Packets that are alike but for the blanks: where each stands first and last, of its bytes."""

    written: bytes
    blanks: Mapping[str, tuple[Blank, int, int]]

    @classmethod
    def of(cls, trace: Trace, blanks: Mapping[str, Blank]) -> Template:
        """The packets of a trace, in which each blank stands as often as it is to."""
        written = trace.SerializeToString()
        found = {}
        for name, blank in blanks.items():
            assert written.count(blank.written) == blank.times, name
            found[name] = (blank, written.index(blank.written), written.rindex(blank.written))
        return cls(written, found)

    def filled(self, **values: Ints) -> bytes:
        """The packets for values of all blanks, one after the other.

        The values are arrays of one length; of a blank that stands in a packet several times they
        are [packets, times].
        """
        count = len(next(iter(values.values())))
        rows = np.empty((count, len(self.written)), np.uint8)
        rows[:] = np.frombuffer(self.written, np.uint8)
        for name, (blank, first, last) in self.blanks.items():
            size, times = len(blank.written), blank.times
            stride = (last - first) // max(times - 1, 1) or size
            stop = last + size
            places = rows[:, stop - stride * times : stop].reshape(count, times, stride)
            places[..., -size:] = blank.bytes_of(values[name].reshape(count, times))
        return rows.tobytes()


def blanks_of(sizes: Mapping[str, int]) -> dict[str, Blank]:
    """Blanks of so many bytes by name."""
    return {name: Blank(number, size) for number, (name, size) in enumerate(sizes.items())}


def in_chunks(count: int, most: int = 200_000) -> Sequence[slice]:
    """Slices of at most so many of a number of things: what is written at once."""
    return [slice(first, min(first + most, count)) for first in range(0, count, most)]
