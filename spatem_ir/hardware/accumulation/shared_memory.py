"""Accumulation in a shared memory: cores add to the partial sums there, in turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.hardware.accumulation.accumulation import Accumulation, Adders
from spatem_ir.hardware.component import Actions, Changes, Count, Part
from spatem_ir.hardware.parameters import Description, KindParameters, parameter

if TYPE_CHECKING:
    from spatem_ir.hardware.compute_unit.compute_unit import ComputeUnits
    from spatem_ir.hardware.interconnect.interconnect import Interconnect
    from spatem_ir.hardware.memory.memory import Memory

CORE_ADDERS = Part("core_adders", "merging", "adders of cores")


@dataclass(frozen=True)
class SharedSumsParameters(KindParameters):
    """The table `[accumulation]` of accumulation in a shared memory."""

    sum_bits: int = parameter(
        "width of partial sums and of the adders that add them, bits", maximum=64, default=32
    )
    call_bytes: int = parameter("bytes of a CALL, and of a sequence register", default=4)
    sequence_registers: int = parameter(
        "sequence registers of a crossbar: how many of its tiles can wait for others", default=1
    )


class SharedMemoryAccumulation(Accumulation):
    """The crossbars that add to a result take turns: each loads, adds and stores (rule R13).

    A crossbar is a core, which does one thing after the other, with a share of the PE's adders and
    activation units.
    """

    Parameters = SharedSumsParameters
    energies = (CORE_ADDERS,)
    rules = "spatem_ir.runtime.machine.shared_memory"

    def __init__(self, description: Description):
        super().__init__(description)
        assert isinstance(description.accumulation, SharedSumsParameters)
        self.parameters = description.accumulation

    def problem(
        self, units: ComputeUnits, interconnect: Interconnect, memory: Memory
    ) -> str | None:
        """Turns need a memory that all crossbars reach over one link, each at its own pace."""
        if interconnect.link_to_memory(0) is None:
            return "accumulation.kind = shared-memory needs noc.kind = bus"
        if not memory.is_shared:
            return "accumulation.kind = shared-memory needs memory.kind = shared"
        if units.rules is not None:
            return "accumulation.kind = shared-memory needs cu.kind = free"
        return None

    @property
    def sum_bits(self) -> int:
        """R5: the parameter `accumulation.sum_bits`."""
        return self.parameters.sum_bits

    @property
    def places(self) -> tuple[str, ...]:
        """Contributions meet in the shared memory, which is everybody's home."""
        return ("home",)

    def adders(self, place: str) -> Adders:
        """Those of the PE whose crossbar has its turn."""
        return Adders(self.description.pe.adders_per_cycle)

    def held(self, contributions: Count) -> Count:
        """R13: the sum of those that were added is there."""
        return contributions * 0 + 1

    @property
    def call_bytes(self) -> int:
        """R13: the parameter `accumulation.call_bytes`."""
        return self.parameters.call_bytes

    @property
    def sequence_registers(self) -> int:
        """R13: the parameter `accumulation.sequence_registers`."""
        return self.parameters.sequence_registers

    @property
    def values_per_cycle(self) -> int:
        """The partial sums that the adders of all PEs add in a cycle."""
        return self.description.pe.adders_per_cycle * self.description.pes

    def most_merged(
        self, contributions: int, transit: int, spacing: int, together: int
    ) -> list[int]:
        """The most contributions of one value that merge in 0, 1, 2 … cycles.

        Proof (R13).  Between one contribution and the next come a STORE, a CALL of a cycle at
        least, a LOAD and an ADD of a cycle at least, whoever has the turn.
        """
        turn = 2 * transit + 2
        return [1 + time // turn for time in range((contributions - 1) * turn + 1)]

    def speeds(self) -> Mapping[str, Changes]:
        """Up to eight times as many adders in PEs."""
        adders = self.description.pe.adders_per_cycle
        return {
            f"{adders * factor}": {("pe", "adders_per_cycle"): adders * factor}
            for factor in (1, 2, 4, 8)
        }

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        """The energy of the additions of partial sums, picojoule."""
        return {CORE_ADDERS: actions.additions * self.description.energy.shift_add_pj}
