"""The bus: one channel, or a few, that all PEs share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from spatem_ir.hardware.component import Actions, Changes, Part
from spatem_ir.hardware.interconnect.interconnect import (
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
    Floats = NDArray[np.float64]

TRANSFERS = Part("transfers", "network", "buses")
BUSES = Part("buses", "network", "buses")


@dataclass(frozen=True)
class BusParameters(KindParameters):
    """The table `[noc]` of a bus."""

    bytes_per_cycle: int = parameter("bytes per cycle of a bus")
    request_cycles: int = parameter(
        "cycles from when a transfer gets the bus until its first byte follows, in which others "
        "can get it",
        minimum=0,
        maximum=MOST_CYCLES,
    )
    buses: int = parameter("buses; a PE sends over the one of its number modulo these", default=1)
    multicast: bool = parameter("one transfer to all readers (true) or one for each", default=True)
    bus_mm2: float = parameter("area of a bus, square millimetres", minimum=0, default=0.0)


class Bus(Interconnect):
    """Every PE sends over one bus, which serves one transfer at a time, first come first served.

    A transfer of b bytes holds it for ⌈b / bytes per cycle⌉ cycles; its last byte is there
    `request_cycles` later.  A byte takes `energy.link_byte_pj`.
    """

    Parameters = BusParameters
    energies = (TRANSFERS,)
    areas = (BUSES,)

    def __init__(self, description: Description):
        super().__init__(description)
        assert isinstance(description.noc, BusParameters)
        self.parameters = description.noc

    @property
    def pes(self) -> int:
        """The parameters `chip.pe_rows` and `chip.pe_columns`: all of them are equally near."""
        return self.description.chip.pe_rows * self.description.chip.pe_columns

    @property
    def groups(self) -> tuple[LinkGroup, ...]:
        """The buses, all alike."""
        return (LinkGroup("buses", self.parameters.buses, self.parameters.bytes_per_cycle),)

    @property
    def head_cycles(self) -> int:
        """R8: the parameter `noc.request_cycles`, and the cycle of the first byte."""
        return self.parameters.request_cycles + 1

    @property
    def is_multicast(self) -> bool:
        """R7: the parameter `noc.multicast`."""
        return self.parameters.multicast

    def route(self, source: int, destination: int) -> list[int]:
        """The bus over which the source sends."""
        return [source % self.parameters.buses]

    def link_to_memory(self, pe: int) -> int:
        """R13: the bus over which the PE sends, also if it is the one at the port."""
        return pe % self.parameters.buses

    def link_name(self, link: int) -> str:
        """A bus by its number."""
        return f"bus {link}"

    def routes(self, sources: Ints, destinations: Ints) -> Routes:
        """The same for all pairs at once."""
        import numpy as np

        moves = sources != destinations
        first = np.append(0, np.cumsum(moves))
        return Routes(first, sources[moves] % self.parameters.buses)

    def distances(self, sources: Ints, destinations: Ints) -> Ints:
        """One between any two PEs."""
        import numpy as np

        return np.not_equal(sources, destinations).astype(np.int64)

    @cached_property
    def mean_hops(self) -> float:
        """A transfer takes one bus."""
        return float(self.pes > 1)

    def tree_load(self, readers: Floats) -> Floats:
        """One transfer reaches all readers, or one each."""
        import numpy as np

        return self.busiest_share * (np.ones_like(readers) if self.is_multicast else readers)

    @cached_property
    def busiest_share(self) -> float:
        """The share of the PEs that send over the first bus, which are most."""
        return -(-self.pes // self.parameters.buses) / self.pes if self.pes > 1 else 0.0

    @property
    def cuts(self) -> tuple[PortCut, ...]:
        """What leaves the PE at the port takes one bus, always the same."""
        return (PortCut(1, 1, self.groups[0]),) if self.pes > 1 else ()

    def most_packets(self, packets: Ints, pes: Ints) -> Ints:
        """All packets, dealt to the buses."""
        return -(-packets * pes // self.parameters.buses)

    def widths(self) -> Mapping[str, Changes]:
        """Buses of half the width to four times the width."""
        width = self.parameters.bytes_per_cycle
        values = sorted({max(width // 2, 1), width, 2 * width, 4 * width})
        return {f"{value} B": {("noc", "bytes_per_cycle"): value} for value in values}

    def sizes(self) -> Mapping[str, Changes]:
        """Half as many to four times as many PEs on the buses."""
        rows = self.description.chip.pe_rows
        sizes = sorted({max(rows // 2, 1), rows, 2 * rows, 4 * rows})
        columns = self.description.chip.pe_columns
        return {f"{r * columns} PEs": {("chip", "pe_rows"): r} for r in sizes}

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        """The energy of all bytes, picojoule."""
        return {TRANSFERS: actions.link_bytes * self.description.energy.link_byte_pj}

    def area_mm2(self) -> dict[Part, float]:
        """The area of all buses, square millimetres."""
        return {BUSES: self.parameters.buses * self.parameters.bus_mm2}
