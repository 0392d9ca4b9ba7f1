"""What every interconnect says of itself (rules R7 and R8 of docs/machine.md).

Packets go from PE to PE over *links*.  A link is a wire that serves one packet at a time, first
come first served: between two neighbours of a mesh, or shared by all PEs of a bus.  Both engines
execute any interconnect by what is said here.
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.hardware.component import Changes, Component, Count
from spatem_ir.hardware.port import PORT_PE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


class LinkGroup(NamedTuple):
    """Links that are alike: a packet of b bytes holds one for setup + ⌈b / bytes per cycle⌉ cycles.

    It holds a link longer that is wider than one before it on its way: bytes come no faster.
    `name` is what reports call them.
    """

    name: str
    links: int
    bytes_per_cycle: int
    setup_cycles: int = 0

    def cycles(self, size: Count) -> Count:
        """The cycles for which a packet of `size` bytes holds a link."""
        return self.setup_cycles - (-size // self.bytes_per_cycle)


class Routes(NamedTuple):
    """The links of several routes one after the other; those of route n from `first[n]` on.

    `first` has an entry more than there are routes.
    """

    first: Ints
    links: Ints


class DrawnLine(NamedTuple):
    """A line in a drawing of the chip: x in columns and y in rows of PEs, from one end to another.

    The PE in column c and row r is the square of side 1 around (c, r).
    """

    x0: float
    y0: float
    x1: float
    y1: float


class PortCut(NamedTuple):
    """All but `pes` PEs, the port's among these, are reached from the port over `links` links only.

    A packet from the port to any other PE crosses one of these links, as fast as those of `group`
    let it at most, and `hops` links at least from there on, that one included.
    """

    pes: int
    links: int
    group: LinkGroup
    hops: int = 1


class Interconnect(Component):
    """Links, the routes over them, and what follows for estimates and bounds.

    PEs are numbered from 0, links group after group (:attr:`groups`).  Sizes are in bytes, times
    in digital cycles.
    """

    # Rules of the machine

    @property
    @abstractmethod
    def pes(self) -> int:
        """How many PEs it connects: all that there are."""

    @property
    @abstractmethod
    def groups(self) -> tuple[LinkGroup, ...]:
        """R8: the links by how fast they are, in the order of their numbers."""

    @property
    @abstractmethod
    def head_cycles(self) -> int:
        """R8: a packet's head asks for the next link so many cycles after it got one (1 or more).

        Its last byte is there ⌈bytes / bytes per cycle⌉ − 1 cycles later, of the narrowest link so
        far.
        """

    @property
    @abstractmethod
    def is_multicast(self) -> bool:
        """R7: whether one packet goes to all readers of a piece, or one to each of them."""

    @abstractmethod
    def route(self, source: int, destination: int) -> list[int]:
        """R8: the links from a PE to another, in order; at least one.

        The routes from a PE form a tree: those with a link in common have all before it in common.
        A packet to several PEs crosses each link of their routes once.
        """

    def routes(self, sources: Ints, destinations: Ints) -> Routes:
        """The routes between many pairs of PEs, arrays of equal length; empty to a PE itself."""
        import numpy as np

        pairs = zip(sources.tolist(), destinations.tolist(), strict=True)
        routes = [self.route(*ends) if ends[0] != ends[1] else [] for ends in pairs]
        first = [0, *accumulate(map(len, routes))]
        return Routes(np.array(first), np.array([link for route in routes for link in route], int))

    def link_to_memory(self, pe: int) -> int | None:
        """R13: the link that leads from a PE to a memory of all PEs; None if there is no one."""
        return None

    @property
    def links(self) -> int:
        """How many links there are."""
        return sum(group.links for group in self.groups)

    @property
    def first_links(self) -> list[int]:
        """The number of the first link of each group, and of all links."""
        return [0, *accumulate(group.links for group in self.groups)]

    # Reports

    def link_name(self, link: int) -> str:
        """What reports call a link."""
        group = bisect_right(self.first_links, link) - 1
        return f"{self.groups[group].name} {link - self.first_links[group]}"

    def place(self, pe: int) -> tuple[int, int]:
        """The column and the row in which reports draw a PE."""
        row, column = divmod(pe, self.description.chip.pe_columns)
        return column, row

    def line(self, link: int) -> DrawnLine | None:
        """Where reports draw a link, in columns and rows; None if nothing can go over it.

        By default a line as wide as the chip, one for each link below the PEs.
        """
        row = self.place(self.pes - 1)[1] + 1 + 0.5 * link
        return DrawnLine(-0.5, row, self.description.chip.pe_columns - 0.5, row)

    # Distances, for passes

    def distances(self, sources: Ints, destinations: Ints) -> Ints:
        """The number of links between pairs of PEs, arrays of one shape or broadcast to it."""
        import numpy as np

        pairs = np.broadcast_arrays(sources, destinations)
        routes = self.routes(*(pes.reshape(-1) for pes in pairs))
        return np.diff(routes.first).reshape(pairs[0].shape)

    @cached_property
    def hops(self) -> Ints:
        """The number of links from PE to PE: shape [PEs, PEs]."""
        import numpy as np

        pes = np.arange(self.pes)
        return self.distances(pes[:, None], pes)

    @property
    def pes_by_distance(self) -> Ints:
        """The PEs in ascending distance, in links, from the one at the chip's port."""
        import numpy as np

        pes = np.arange(self.pes)
        return np.argsort(self.distances(np.array(PORT_PE), pes), kind="stable")

    @property
    def pes_in_line(self) -> Ints:
        """The PEs, the one at the port first, so that few links lead to some that are in turn."""
        return self.pes_by_distance

    # Bounds

    @property
    def fewest_hops(self) -> int:
        """The fewest links from a PE to another."""
        return 1

    @property
    def most_bytes_per_cycle(self) -> int:
        """The most bytes of a packet that come to a PE in a cycle."""
        return max(group.bytes_per_cycle for group in self.groups)

    def least_transit(self, size: int) -> int:
        """The least cycles from when a packet may leave until its last byte is at another PE."""
        following = -(-size // self.most_bytes_per_cycle)
        return self.fewest_hops * self.head_cycles + following - 1

    @cached_property
    def least_returns(self) -> Ints:
        """The least cycles from each PE to the one at the chip's port, for any packet: [PEs]."""
        import numpy as np

        pes = np.arange(self.pes)
        return self.distances(pes, np.array(PORT_PE)) * self.head_cycles

    @property
    @abstractmethod
    def cuts(self) -> tuple[PortCut, ...]:
        """What bounds how fast the input can spread from the chip's port; empty if nothing does."""

    # Estimates

    def packet_cycles(self, size: Count) -> Count:
        """The cycles for which a packet of `size` bytes holds the slowest link on its way."""
        longest, *others = (group.cycles(size) for group in self.groups)
        for cycles in others:
            longest += (cycles - longest) * (cycles > longest)
        return longest

    @cached_property
    def mean_hops(self) -> float:
        """The links from a PE to another one, on average."""
        return float(self.hops.sum()) / max(self.pes * (self.pes - 1), 1)

    @cached_property
    def mean_hops_in_line(self) -> Floats:
        """The links from the first PE in line to another of the first n, on average: [PEs + 1]."""
        import numpy as np

        line = self.pes_in_line
        hops = np.cumsum(self.distances(line[:1], line))
        return np.append(0.0, hops / np.maximum(np.arange(self.pes), 1))

    def tree_load(self, readers: Floats) -> Floats:
        """R7: for how many of a packet's cycles the busiest link is held, about.

        If packets come from all PEs and each goes to so many `readers` in line: over links in the
        middle of the chip, or over the last one to each reader.
        """
        import numpy as np

        links = self.mean_hops + readers - 1 if self.is_multicast else self.mean_hops * readers
        return np.maximum(self.busiest_share * links, readers / self.pes)

    @cached_property
    def busiest_share(self) -> float:
        """The share of all traffic over links that goes over the busiest, from all PEs to all.

        As :meth:`packet_cycles` is the time on the narrowest links, less of it counts on wider
        ones.
        """
        import numpy as np

        pes, groups = np.arange(self.pes), self.groups
        links = self.routes(np.repeat(pes, len(pes)), np.tile(pes, len(pes))).links
        widths = np.repeat([g.bytes_per_cycle for g in groups], [g.links for g in groups])
        busy = np.bincount(links, minlength=self.links) * (widths.min() / widths)
        return float(busy.max()) / max(len(links), 1)

    @abstractmethod
    def most_packets(self, packets: Ints, pes: Ints) -> Ints:
        """The packets on the link with most of them, if each of so many PEs gets some at once.

        All arrays have one shape or can be broadcast to it.
        """

    # Studies

    @abstractmethod
    def widths(self) -> Mapping[str, Changes]:
        """Narrower and wider links that a sensitivity study tries, by label, ascending."""

    @abstractmethod
    def sizes(self) -> Mapping[str, Changes]:
        """Fewer and more PEs that a sensitivity study tries, by label, ascending."""
