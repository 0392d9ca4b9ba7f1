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


def inside(pe: int) -> int:
    """What stands for the inside of a PE, as opposed to the router there; and the other way."""
    return -1 - pe


class Network(ABC):
    """The heads of packets between PEs, their last bytes, and the traffic so far."""

    now: int

    def __init__(self, accelerator: Accelerator):
        self.accelerator = accelerator
        self.heads: list[Head] = []
        self.tails: list[Head] = []
        self.injected = Counter(inputs=0, activations=0, partial_sums=0, calls=0)
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
        if noc_of(self.accelerator).local_bytes_per_cycle:
            self.ask_link(inside(packet.source), packet.source, packet.targets, packet)
        else:
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
            elif noc_of(self.accelerator).local_bytes_per_cycle:
                onwards[inside(pe)].append(target)
        for neighbour, targets in onwards.items():
            self.ask_link(pe, neighbour, targets, packet)

    def ask_link(self, here: int, there: int, targets: list[int], packet: Packet) -> None:
        """A branch of a packet waits for the way between two routers, or a router and a PE."""
        noc = noc_of(self.accelerator)
        is_local = min(here, there) < 0
        width = noc.local_bytes_per_cycle if is_local else noc.link_bytes_per_cycle
        pace = max(packet.pace, ceiling(packet.size, width))
        branch = Packet(
            packet.kind, packet.what, packet.source, targets, packet.size, packet.order, pace
        )
        self.byte_hops += packet.size
        self.wait(("link", here, there), packet.order, pace, (branch,))

    def enter_link(self, job: Job, there: int) -> None:
        noc, packet = noc_of(self.accelerator), job.what[0]
        head = self.now + noc.hop_cycles
        if there >= 0:
            self.heads.append(Head(head, there, packet))
        pe = there if there >= 0 else inside(there)
        if pe in packet.targets and (there < 0) == bool(noc.local_bytes_per_cycle):
            self.tails.append(Head(head + job.cycles - 1, pe, packet))

    def move_packets(self) -> list[tuple[int, Packet]]:
        """Heads that reach a PE now go on; returns the packets whose last byte is at a target."""
        for head in [head for head in self.heads if head.time == self.now]:
            self.heads.remove(head)
            self.head_at(head.pe, head.packet)
        arrived = [tail for tail in self.tails if tail.time == self.now]
        self.tails = [tail for tail in self.tails if tail.time != self.now]
        return [(tail.pe, tail.packet) for tail in arrived]
