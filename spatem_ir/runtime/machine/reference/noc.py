"""The network-on-chip (rule R8): a mesh with XY routing, virtual cut-through and multicast."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.runtime.machine.reference.clock import Clock, Rank, Resource
from spatem_ir.runtime.machine.steps import ResourceKind

Tree = dict[int, list[int]]
"""The next PEs on the way, by PE."""


def xy_route(source: int, destination: int, columns: int) -> list[int]:
    """The PEs on the way from source to destination: along the row first, then the column."""
    row, column = divmod(source, columns)
    last_row, last_column = divmod(destination, columns)
    route = [source]
    while column != last_column:
        column += 1 if last_column > column else -1
        route.append(row * columns + column)
    while row != last_row:
        row += 1 if last_row > row else -1
        route.append(row * columns + column)
    return route


def multicast_tree(source: int, destinations: Iterable[int], columns: int) -> Tree:
    """The union of the XY routes from the source to all destinations."""
    tree: Tree = {}
    for destination in destinations:
        route = xy_route(source, destination, columns)
        for here, there in pairwise(route):
            following = tree.setdefault(here, [])
            if there not in following:
                following.append(there)
    return tree


@dataclass
class Traffic:
    """Bytes of packets by what they carry, and bytes times links."""

    injected: dict[str, int] = field(
        default_factory=lambda: {"inputs": 0, "activations": 0, "partial_sums": 0}
    )
    byte_hops: int = 0


class Network:
    """Links between neighbouring PEs, each a first-come-first-served resource."""

    def __init__(self, clock: Clock, accelerator: Accelerator):
        self.clock = clock
        self.columns = accelerator.chip.pe_columns
        self.parameters = accelerator.noc
        self.links: dict[tuple[int, int], Resource] = {}
        self.traffic = Traffic()

    def send(
        self,
        carried: str,
        source: int,
        destinations: Iterable[int],
        size: int,
        rank: Rank,
        arrived: Callable[[int], None],
    ) -> None:
        """Send `size` bytes to other PEs; `arrived(pe)` is called when the last byte is there.

        With multicast one packet follows the XY tree; without, each destination gets its own.
        """
        targets = sorted(destinations)
        groups = [targets] if self.parameters.multicast else [[target] for target in targets]
        for group in groups:
            if not group:
                continue
            tree = multicast_tree(source, group, self.columns)
            self.traffic.injected[carried] += size
            self.traffic.byte_hops += size * sum(map(len, tree.values()))
            packet = _Packet(self, tree, frozenset(group), size, (*rank, group[0]), arrived)
            packet.head_at(source)

    def link(self, here: int, there: int) -> Resource:
        """The directed link between two neighbouring PEs."""
        return self.links.setdefault((here, there), Resource(self.clock, ResourceKind.LINK))


@dataclass
class _Packet:
    """A packet on its way: the head moves on `hop` cycles after it got a link."""

    noc: Network
    tree: Tree
    destinations: frozenset[int]
    size: int
    rank: Rank
    arrived: Callable[[int], None]

    def head_at(self, pe: int) -> None:
        """The head is at a PE's router: ask for all links onwards."""
        cycles = -(-self.size // self.noc.parameters.link_bytes_per_cycle)
        for following in self.tree.get(pe, ()):
            link = self.noc.link(pe, following)
            crossed = partial(self.cross, following, cycles)
            link.request(self.rank, cycles, crossed, size=self.size)

    def cross(self, pe: int, cycles: int) -> None:
        """The head got the link to a PE: it is there after `hop`, the last byte follows."""
        head = self.noc.clock.now + self.noc.parameters.hop_cycles
        self.noc.clock.at(head, lambda: self.head_at(pe))
        if pe in self.destinations:
            self.noc.clock.at(head + cycles - 1, lambda: self.arrived(pe))
