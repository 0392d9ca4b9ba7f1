"""What every way of accumulating partial sums says of itself (rule R5 of docs/machine.md)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.hardware.component import Changes, Component, Count

if TYPE_CHECKING:
    from spatem_ir.hardware.compute_unit.compute_unit import ComputeUnits
    from spatem_ir.hardware.interconnect.interconnect import Interconnect
    from spatem_ir.hardware.memory.memory import Memory

PLACES = ("cu", "pe", "home")
"""Where contributions can meet, from the crossbar outwards: in a CU, in a PE, at the home PE."""


class Adders(NamedTuple):
    """What adds contributions at a place: n values take setup + ⌈n / values per cycle⌉ cycles.

    `in_buffer` says whether contributions that meet take room in the buffer of the PE until their
    sum is complete.
    """

    values_per_cycle: int
    setup_cycles: int = 0
    in_buffer: bool = True

    def cycles(self, values: Count) -> Count:
        """The cycles for which a contribution of so many values occupies the adders."""
        return self.setup_cycles - (-values // self.values_per_cycle)


class Accumulation(Component):
    """Places at which contributions to a piece meet, from the crossbar outwards.

    Crossbars are numbered over the chip; times are in digital cycles.  The adders of a PE and those
    for which it is the home are the same resource.
    """

    # Rules of the machine

    @property
    @abstractmethod
    def sum_bits(self) -> int:
        """R5: the width of partial sums, and of the adders that add them, bits."""

    @property
    def sum_bytes(self) -> int:
        """R5, R10: the whole bytes that a partial sum takes in packets and buffers."""
        return -(-self.sum_bits // 8)

    @property
    @abstractmethod
    def places(self) -> tuple[str, ...]:
        """R5: those of :data:`PLACES` that there are, in their order; the last one is `home`."""

    @abstractmethod
    def adders(self, place: str) -> Adders:
        """R5: what adds contributions at one of the places."""

    def cycles(self, place: str, values: Count) -> Count:
        """R5: the cycles in which a contribution of so many values is added; none elsewhere."""
        return self.adders(place).cycles(values) if place in self.places else values * 0

    def crossbars_at(self, place: str) -> int:
        """R5: how many crossbars with neighbouring numbers share a place."""
        description = self.description
        return {
            "cu": description.crossbars_per_cu,
            "pe": description.crossbars_per_pe,
            "home": description.crossbars,
        }[place]

    def held(self, contributions: Count) -> Count:
        """R10: of so many contributions that meet, how many are in the buffer at once, at most."""
        return contributions

    @property
    def call_bytes(self) -> int:
        """R13: what it takes to tell a crossbar that it has its turn, bytes."""
        return 0

    @property
    def sequence_registers(self) -> int:
        """R13: how many of its tiles a crossbar can let wait for their turns."""
        return 0

    @property
    def takes_turns(self) -> bool:
        """R13: whether those that add to a result do so in turns, which the IR says."""
        return self.rules is not None

    def problem(
        self, units: ComputeUnits, interconnect: Interconnect, memory: Memory
    ) -> str | None:
        """Why it does not work with the other components of an accelerator; None if it does."""
        if memory.is_shared:
            return "memory.kind = shared needs accumulation.kind = shared-memory"
        return None

    @property
    def crossbars_sending(self) -> int:
        """R5: how many crossbars with neighbouring numbers send one packet of sums together."""
        return max([1, *(self.crossbars_at(place) for place in self.places[:-1])])

    # Bounds

    @property
    @abstractmethod
    def values_per_cycle(self) -> int:
        """The values that all adders of the chip add in a cycle, at most."""

    @abstractmethod
    def most_merged(
        self, contributions: int, transit: int, spacing: int, together: int
    ) -> list[int]:
        """The most contributions of one value that merge in 0, 1, 2 … cycles.

        Counted from when the first are valid, up to a time that suffices for `contributions`.  A
        partial sum takes `transit` cycles at least from one PE to another; contributions of one PE
        become valid `together` at a time, and then none for `spacing` cycles, at best.
        """

    # Studies

    @abstractmethod
    def speeds(self) -> Mapping[str, Changes]:
        """Slower and faster adders that a sensitivity study tries, by label, ascending."""
