"""Packets on their way in the stepped simulator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Hashable
from typing import Any

from unit.runtime.machine.programs import noc_of
from unit.runtime.machine.stepped_state import Head, Job, Packet
from unit.runtime.machine.stepped_tables import ceiling

from spatem_ir.hardware.accelerator import Accelerator


class Network(ABC):
    """The heads of packets between PEs, their last bytes, and the traffic so far."""

    now: int

    def __init__(self, accelerator: Accelerator):
        self.accelerator = accelerator
        self.heads: list[Head] = []
        self.tails: list[Head] = []
        self.injected = Counter(inputs=0, activations=0, partial_sums=0)
        self.byte_hops = 0

    @abstractmethod
    def wait(
        self,
        server: tuple[Any, ...],
        order: tuple[int, ...],
        cycles: int,
        what: Any,
        alike: Hashable = None,
    ) -> None:
        """Ask a server for some cycles."""

    def send(self, kind: str, packet: Packet) -> None:
        self.injected[kind] += packet.size
        self.head_at(packet.source, packet)

    def next_pe(self, here: int, target: int) -> int:
        """The neighbour on the way: along the row until the column is right, then the column."""
        columns = self.accelerator.chip.pe_columns
        if here % columns != target % columns:
            return here + (1 if target % columns > here % columns else -1)
        return here + (columns if target > here else -columns)

    def head_at(self, pe: int, packet: Packet) -> None:
        onwards: dict[int, list[int]] = defaultdict(list)
        for target in packet.targets:
            if target != pe:
                onwards[self.next_pe(pe, target)].append(target)
        cycles = ceiling(packet.size, noc_of(self.accelerator).link_bytes_per_cycle)
        for neighbour, targets in onwards.items():
            branch = Packet(
                packet.kind, packet.what, packet.source, targets, packet.size, packet.order
            )
            self.byte_hops += packet.size
            self.wait(("link", pe, neighbour), packet.order, cycles, (branch,))

    def enter_link(self, job: Job, pe: int) -> None:
        head = self.now + noc_of(self.accelerator).hop_cycles
        self.heads.append(Head(head, pe, job.what[0]))
        if pe in job.what[0].targets:
            self.tails.append(Head(head + job.cycles - 1, pe, job.what[0]))

    def move_packets(self) -> list[tuple[int, Packet]]:
        """Heads that reach a PE now go on; returns the packets whose last byte is at a target."""
        for head in [head for head in self.heads if head.time == self.now]:
            self.heads.remove(head)
            self.head_at(head.pe, head.packet)
        arrived = [tail for tail in self.tails if tail.time == self.now]
        self.tails = [tail for tail in self.tails if tail.time != self.now]
        return [(tail.pe, tail.packet) for tail in arrived]
