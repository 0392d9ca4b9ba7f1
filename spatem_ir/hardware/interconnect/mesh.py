"""The mesh: PEs in rows and columns, links between neighbours, XY routing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from spatem_ir.hardware.component import Actions, Changes, Part
from spatem_ir.hardware.interconnect.interconnect import (
    DrawnLine,
    Interconnect,
    LinkGroup,
    PortCut,
    Routes,
)
from spatem_ir.hardware.parameters import MOST_CYCLES, Description, KindParameters, parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

EAST, WEST, SOUTH, NORTH = range(4)
"""Directions of links; those of a PE are numbered 4 · PE + direction."""

STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1))
"""Columns and rows from a PE to its neighbour, by direction."""

ASIDE = 0.2
"""How far from the middle of PEs their links are drawn, in columns or rows."""

INTO_ROUTER, INTO_PE = 4, 5
"""Local ports, numbered 4 · PEs + PE and 5 · PEs + PE."""

LINKS = Part("links", "network", "links and routers")


@dataclass(frozen=True)
class MeshParameters(KindParameters):
    """The table `[noc]` of a mesh."""

    link_bytes_per_cycle: int = parameter("bytes per cycle of one directed link")
    hop_cycles: int = parameter("cycles for a packet's head to pass one hop", maximum=MOST_CYCLES)
    multicast: bool = parameter("one packet along the XY tree (true) or a copy per destination")
    local_bytes_per_cycle: int = parameter(
        "bytes per cycle of a PE's port to its router and of that from it; 0: no such ports",
        minimum=0,
        default=0,
    )


class Mesh(Interconnect):
    """A mesh of PEs, numbered row by row, with two directed links between neighbours.

    Packets go along the row first, then along the column (XY routing), by virtual cut-through:
    their heads go on while the rest is still on the link.  Routes from a PE form a tree, because
    there is one to each PE.  If PEs have local ports, a packet first takes that of its source into
    the router there, and last that of its destination out of the router there.  The area of routers
    is in `area.pe_digital_mm2`.
    """

    Parameters = MeshParameters
    energies = (LINKS,)

    def __init__(self, description: Description):
        super().__init__(description)
        assert isinstance(description.noc, MeshParameters)
        self.parameters = description.noc
        self.rows, self.columns = description.chip.pe_rows, description.chip.pe_columns

    @property
    def pes(self) -> int:
        """The parameters `chip.pe_rows` and `chip.pe_columns`."""
        return self.rows * self.columns

    @property
    def local_bytes_per_cycle(self) -> int:
        """R8: the parameter `noc.local_bytes_per_cycle`; 0 if there are no local ports."""
        return self.parameters.local_bytes_per_cycle

    @property
    def groups(self) -> tuple[LinkGroup, ...]:
        """Four links for each PE, of which those over the edge are used by none; local ports."""
        links = LinkGroup("links", 4 * self.pes, self.parameters.link_bytes_per_cycle)
        if not self.local_bytes_per_cycle:
            return (links,)
        return (links, LinkGroup("local ports", 2 * self.pes, self.local_bytes_per_cycle))

    @property
    def head_cycles(self) -> int:
        """R8: the parameter `noc.hop_cycles`."""
        return self.parameters.hop_cycles

    @property
    def is_multicast(self) -> bool:
        """R7: the parameter `noc.multicast`."""
        return self.parameters.multicast

    def route(self, source: int, destination: int) -> list[int]:
        """Along the row first, then along the column; between local ports, if there are any."""
        links = self._route_of_router(source, destination)
        if self.local_bytes_per_cycle:
            entry, end = INTO_ROUTER * self.pes + source, INTO_PE * self.pes + destination
            return [entry, *links, end]
        return links

    def _route_of_router(self, source: int, destination: int) -> list[int]:
        here, links = source, []
        while here % self.columns != destination % self.columns:
            is_east = destination % self.columns > here % self.columns
            links.append(4 * here + (EAST if is_east else WEST))
            here += 1 if is_east else -1
        while here != destination:
            is_south = destination > here
            links.append(4 * here + (SOUTH if is_south else NORTH))
            here += self.columns if is_south else -self.columns
        return links

    def link_name(self, link: int) -> str:
        """From which PE to which, or between a PE and its router."""
        direction, pe = divmod(link, self.pes) if link >= 4 * self.pes else (link % 4, link // 4)
        if link >= 4 * self.pes:
            return f"PE {pe} → router" if direction == INTO_ROUTER else f"router → PE {pe}"
        across, down = STEPS[direction]
        return f"PE {pe} → PE {pe + across + down * self.columns}"

    def line(self, link: int) -> DrawnLine | None:
        """From PE to PE, on the right-hand side of the way; local ports are within their PE."""
        if link >= 4 * self.pes:
            direction, pe = divmod(link, self.pes)
            x, y = self.place(pe)
            side = ASIDE if direction == INTO_ROUTER else -ASIDE
            return DrawnLine(x + side, y - ASIDE, x + side, y + ASIDE)
        pe, direction = divmod(link, 4)
        (x, y), (across, down) = self.place(pe), STEPS[direction]
        if not (0 <= x + across < self.columns and 0 <= y + down < self.rows):
            return None
        side_x, side_y = -ASIDE * down, ASIDE * across
        return DrawnLine(x + side_x, y + side_y, x + across + side_x, y + down + side_y)

    def routes(self, sources: Ints, destinations: Ints) -> Routes:
        """The same for all pairs at once."""
        import numpy as np

        inner = self._routes_of_routers(sources, destinations)
        if not self.local_bytes_per_cycle:
            return inner
        moves = sources != destinations
        first = np.append(0, np.cumsum(np.diff(inner.first) + 2 * moves))
        entries, ends = first[:-1][moves], first[1:][moves] - 1
        links, is_inner = np.empty(first[-1], np.int64), np.ones(first[-1], np.bool_)
        links[entries] = INTO_ROUTER * self.pes + sources[moves]
        links[ends] = INTO_PE * self.pes + destinations[moves]
        is_inner[entries] = is_inner[ends] = False
        links[is_inner] = inner.links
        return Routes(first, links)

    def _routes_of_routers(self, sources: Ints, destinations: Ints) -> Routes:
        import numpy as np

        (row, column), (last_row, last_column) = (
            np.divmod(pes, self.columns) for pes in (sources, destinations)
        )
        across, down = last_column - column, last_row - row
        first = np.append(0, np.cumsum(abs(across) + abs(down)))
        route = np.repeat(np.arange(len(sources)), np.diff(first))
        step = np.arange(first[-1]) - first[route]
        left = step - abs(across)[route]
        here = row[route] * self.columns + np.where(
            left < 0, column[route] + np.sign(across)[route] * step, last_column[route]
        )
        here += np.where(left > 0, np.sign(down)[route] * left, 0) * self.columns
        along_row = np.where(across > 0, EAST, WEST)[route]
        along_column = np.where(down > 0, SOUTH, NORTH)[route]
        return Routes(first, 4 * here + np.where(left < 0, along_row, along_column))

    def distances(self, sources: Ints, destinations: Ints) -> Ints:
        """The rows and columns between PEs, and the local ports."""
        import numpy as np

        (row, column), (last_row, last_column) = (
            np.divmod(pes, self.columns) for pes in (sources, destinations)
        )
        links = abs(last_row - row) + abs(last_column - column)
        return np.where(links > 0, links + self.fewest_hops - 1, 0)

    @cached_property
    def mean_hops(self) -> float:
        """The links from a PE to another one, on average."""
        return self._all_hops / max(self.pes * (self.pes - 1), 1)

    @cached_property
    def busiest_share(self) -> float:
        """The share of the links in the middle of a row or a column, or of a local port.

        Of a line of n PEs, ⌊n / 2⌋ stand before that link and ⌈n / 2⌉ behind it.  A link along a
        row is crossed from PEs before it in its row to all PEs of the columns behind it; one along
        a column from all PEs of the rows before it to those behind it in its column.  A port is
        crossed from its PE to all others.
        """
        across, down = ((n // 2) * (n - n // 2) for n in (self.columns, self.rows))
        crossings = (max(across * self.rows, down * self.columns), self.pes - 1)
        narrowest = self.most_bytes_per_cycle
        busy = [
            crossed * (narrowest / group.bytes_per_cycle)
            for group, crossed in zip(self.groups, crossings, strict=False)
        ]
        return max(busy) / max(self._all_hops, 1)

    @property
    def _all_hops(self) -> int:
        """The links from all PEs to all: two PEs of a line of n have (n³ − n) / 3 between them."""
        across, down = ((n**3 - n) // 3 for n in (self.columns, self.rows))
        ports = (self.fewest_hops - 1) * self.pes * (self.pes - 1)
        return across * self.rows**2 + down * self.columns**2 + ports

    @property
    def pes_in_line(self) -> Ints:
        """Down a column and up the next: a packet goes along its row once for those of a column."""
        import numpy as np

        columns = np.arange(self.pes).reshape(self.rows, self.columns).T.copy()
        columns[1::2] = columns[1::2, ::-1]
        return columns.reshape(-1)

    @property
    def fewest_hops(self) -> int:
        """One link between neighbours, and their local ports."""
        return 3 if self.local_bytes_per_cycle else 1

    @property
    def most_bytes_per_cycle(self) -> int:
        """Those of the narrower of links and local ports: every packet takes both."""
        return min(group.bytes_per_cycle for group in self.groups)

    @property
    def cuts(self) -> tuple[PortCut, ...]:
        """Two links leave the PE at the port, which is in a corner, or one if the mesh is a line.

        As packets go along the row first, what is read outside of as many PEs as a column has
        takes the one link along the row.  Proof: the port's PE and all other PEs of its column are
        reached without that link, and no others are.  Everything that leaves the port's PE takes
        its local port, if there is one; on links it is no faster than it was there.
        """
        if self.pes == 1:
            return ()
        group, *local = self.groups
        links = group._replace(bytes_per_cycle=self.most_bytes_per_cycle)
        hops = 1 + len(local)
        cuts = [PortCut(1, (self.rows > 1) + (self.columns > 1), links, hops)]
        if self.columns > 1:
            cuts.append(PortCut(self.rows, 1, links, hops))
        return (*cuts, *(PortCut(1, 1, port, self.fewest_hops) for port in local))

    def most_packets(self, packets: Ints, pes: Ints) -> Ints:
        """As PEs have links and ports of their own, the packets of one."""
        return packets

    def widths(self) -> Mapping[str, Changes]:
        """Links of half the width to four times the width."""
        width = self.parameters.link_bytes_per_cycle
        values = sorted({max(width // 2, 1), width, 2 * width, 4 * width})
        return {f"{value} B": {("noc", "link_bytes_per_cycle"): value} for value in values}

    def sizes(self) -> Mapping[str, Changes]:
        """Meshes of half the rows and columns, half the rows, and twice the rows."""
        rows, columns = self.rows, self.columns
        half_rows, half_columns = max(rows // 2, 1), max(columns // 2, 1)
        meshes = [
            (half_rows, half_columns),
            (half_rows, columns),
            (rows, columns),
            (2 * rows, columns),
        ]
        return {
            f"{r} × {c}": {("chip", "pe_rows"): r, ("chip", "pe_columns"): c}
            for r, c in sorted(meshes)
        }

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        """The energy of all bytes times the links that they cross, picojoule."""
        return {LINKS: actions.link_bytes * self.description.energy.link_byte_pj}
