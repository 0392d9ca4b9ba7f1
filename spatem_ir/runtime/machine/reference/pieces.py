"""Finished pieces on their way to their readers (rules R7 and R10)."""

from __future__ import annotations

from collections import defaultdict
from functools import partial

from spatem_ir.runtime.machine.buffers import BufferOccupancy
from spatem_ir.runtime.machine.reference.clock import Action, Clock
from spatem_ir.runtime.machine.reference.packets import Packets
from spatem_ir.runtime.machine.reference.program import Key, Program
from spatem_ir.runtime.machine.reference.progress import Progress
from spatem_ir.runtime.machine.reference.steps import Step


class Pieces:
    """When pieces came into which PE's buffer, who waits for them, how often they are read.

    `bringers` are the steps that brought them there.
    """

    def __init__(
        self,
        program: Program,
        clock: Clock,
        packets: Packets,
        buffers: BufferOccupancy,
        progress: Progress,
    ):
        self.program = program
        self.clock = clock
        self.packets = packets
        self.buffers = buffers
        self.progress = progress
        self.arrivals: dict[tuple[int, Key], int] = {}
        self.bringers: dict[tuple[int, Key], Step | None] = {}
        self.waiting: dict[tuple[int, Key], list[Action]] = defaultdict(list)
        self.reads_left: dict[tuple[int, Key], int] = {}

    def produce(self, key: Key, carried: str = "activations") -> None:
        """R7: a finished piece goes at once to every PE that reads it, as one packet.

        It was written to the buffer of its home, from where each packet is read.
        """
        image, piece = key
        home = self.program.home[piece]
        size = self.program.piece_bytes[piece]
        self.buffers.written_bytes += size
        readers = self.program.readers.get(piece, {})
        if home in readers:
            self.deliver(key, home)
        others = [pe for pe in readers if pe != home]
        rank = (image, piece, 1, home)
        packets = self.packets.send(carried, home, others, size, rank, partial(self.arrive, key))
        self.buffers.read_bytes += packets * size
        self.progress.finish(key)

    def arrive(self, key: Key, pe: int) -> None:
        """R8: the last byte of a piece has come from another PE."""
        self.buffers.written_bytes += self.program.piece_bytes[key[1]]
        self.deliver(key, pe)

    def deliver(self, key: Key, pe: int) -> None:
        """R10: a piece is in a PE's buffer, until it has been read as often as it will be."""
        self.arrivals[pe, key] = self.clock.now
        self.bringers[pe, key] = self.clock.cause
        self.reads_left[pe, key] = self.program.readers[key[1]][pe]
        self.buffers.fill(pe, self.clock.now, self.program.piece_bytes[key[1]])
        for action in self.waiting.pop((pe, key), ()):
            action()

    def read(self, pe: int, key: Key) -> None:
        """R10: a piece has been read once; after the last read its bytes are free."""
        self.reads_left[pe, key] -= 1
        if self.reads_left[pe, key] == 0:
            del self.reads_left[pe, key]
            self.buffers.drain(pe, self.clock.now, self.program.piece_bytes[key[1]])

    def when_present(self, pe: int, image: int, pieces: tuple[int, ...], action: Action) -> None:
        """Do something when all the given pieces of an image are in a PE's buffer.

        Of the pieces that came in the same cycle the one with the lowest number is its cause.
        """
        keys = [(pe, (image, piece)) for piece in pieces]
        missing = [key for key in keys if key not in self.arrivals]
        left = len(missing)

        def present() -> None:
            now = [key for key in keys if self.arrivals[key] == self.clock.now]
            self.clock.because(self.bringers[min(now)] if now else self.clock.cause, action)

        def arrived() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                present()

        for key in missing:
            self.waiting[key].append(arrived)
        if not missing:
            present()
