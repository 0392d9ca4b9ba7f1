"""Packets on the links of the interconnect (rule R8): virtual cut-through and multicast.

Which links there are, how fast they are and which of them a packet takes, the interconnect says
(:mod:`spatem_ir.hardware.interconnect`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from spatem_ir.hardware.interconnect.interconnect import Interconnect, LinkGroup
from spatem_ir.runtime.machine.reference.clock import Clock, Rank, Resource
from spatem_ir.runtime.machine.steps import ResourceKind


@dataclass
class Hop:
    """A link on the way of a packet: what follows it, and the PEs whose way ends with it."""

    link: int
    following: list[Hop] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)

    @property
    def links(self) -> int:
        """This link and all that follow."""
        return 1 + sum(hop.links for hop in self.following)


def tree(interconnect: Interconnect, source: int, destinations: Iterable[int]) -> list[Hop]:
    """The union of the routes from the source to all destinations: its first hops."""
    root = Hop(-1)
    for destination in destinations:
        here = root
        for link in interconnect.route(source, destination):
            known = [hop for hop in here.following if hop.link == link]
            if not known:
                known = [Hop(link)]
                here.following += known
            here = known[0]
        here.targets.append(destination)
    return root.following


@dataclass
class Traffic:
    """Bytes of packets by what they carry, and bytes times links."""

    injected: dict[str, int] = field(
        default_factory=lambda: {"inputs": 0, "activations": 0, "partial_sums": 0, "calls": 0}
    )
    byte_hops: int = 0


class Packets:
    """The links that packets took, each a first-come-first-served resource, and their traffic."""

    def __init__(self, clock: Clock, interconnect: Interconnect):
        self.clock = clock
        self.interconnect = interconnect
        self.groups, self.first_links = interconnect.groups, interconnect.first_links
        self.links: dict[int, Resource] = {}
        self.traffic = Traffic()

    def send(
        self,
        carried: str,
        source: int,
        destinations: Iterable[int],
        size: int,
        rank: Rank,
        arrived: Callable[[int], None],
    ) -> int:
        """Send `size` bytes to other PEs; `arrived(pe)` is called when the last byte is there.

        With multicast one packet goes along all routes; without, each destination gets its own.
        Returns how many packets there are.
        """
        targets = sorted(destinations)
        if not targets:
            return 0
        together = self.interconnect.is_multicast
        groups = [targets] if together else [[target] for target in targets]
        for group in groups:
            hops = tree(self.interconnect, source, group)
            self.traffic.injected[carried] += size
            self.traffic.byte_hops += size * sum(hop.links for hop in hops)
            _Packet(self, size, (*rank, group[0]), arrived).ask_for(hops, 0)
        return len(groups)

    def link(self, number: int) -> Resource:
        """A link by its number."""
        return self.links.setdefault(number, Resource(self.clock, ResourceKind.LINK))

    def group(self, link: int) -> LinkGroup:
        """The group of a link."""
        return self.groups[bisect_right(self.first_links, link) - 1]


@dataclass
class _Packet:
    """A packet on its way."""

    packets: Packets
    size: int
    rank: Rank
    arrived: Callable[[int], None]

    def ask_for(self, hops: list[Hop], before: int) -> None:
        """The head is where some links begin, and asks for them.

        The bytes follow each other in so many cycles on the links before: no faster than these let
        them they go on.
        """
        for hop in hops:
            group = self.packets.group(hop.link)
            following = max(before, -(-self.size // group.bytes_per_cycle))
            held = group.setup_cycles + following
            crossed = partial(self.cross, hop, following)
            self.packets.link(hop.link).request(self.rank, held, crossed, size=self.size)

    def cross(self, hop: Hop, cycles: int) -> None:
        """The head got a link: it goes on after `head_cycles`, the last byte follows."""
        clock = self.packets.clock
        head = clock.now + self.packets.interconnect.head_cycles
        clock.at(head, partial(self.ask_for, hop.following, cycles))
        for pe in hop.targets:
            clock.at(head + cycles - 1, partial(self.arrived, pe))
