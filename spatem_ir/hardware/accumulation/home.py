"""Accumulation at home: partial sums meet in the CU, in the PE, and at the piece's home PE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spatem_ir.hardware.accumulation.accumulation import PLACES, Accumulation, Adders
from spatem_ir.hardware.component import Actions, Changes, Part
from spatem_ir.hardware.parameters import Description, KindParameters, parameter

ADDERS = Part("merging_adders", "merging", "adders of CUs and PEs")


@dataclass(frozen=True)
class HomeParameters(KindParameters):
    """The table `[accumulation]` of accumulation at home."""

    sum_bits: int = parameter(
        "width of partial sums and of the adders that add them, bits", maximum=64, default=32
    )


class HomeAccumulation(Accumulation):
    """Adders in every CU and PE; the home PE adds what comes from other PEs.

    Where k > 1 contributions meet, each occupies the adders; a lone one passes free (R5).  How
    many there are is said in `[cu]` and `[pe]`; their area is in `area.cu_digital_mm2` and
    `area.pe_digital_mm2`.
    """

    Parameters = HomeParameters
    energies = (ADDERS,)

    def __init__(self, description: Description):
        super().__init__(description)
        assert isinstance(description.accumulation, HomeParameters)
        self.parameters = description.accumulation

    @property
    def sum_bits(self) -> int:
        """R5: the parameter `accumulation.sum_bits`."""
        return self.parameters.sum_bits

    @property
    def places(self) -> tuple[str, ...]:
        """Contributions meet in the CU, in the PE, and at the home PE."""
        return PLACES

    def adders(self, place: str) -> Adders:
        """Those of the CU, whose sums are in registers, or those of the PE."""
        if place == "cu":
            return Adders(self.description.cu.adders_per_cycle, in_buffer=False)
        return Adders(self.description.pe.adders_per_cycle)

    @property
    def values_per_cycle(self) -> int:
        """The partial sums that the adders of all CUs and PEs add in a cycle."""
        in_cu, in_pe = (self.adders(place).values_per_cycle for place in ("cu", "pe"))
        return (self.description.cus_per_pe * in_cu + in_pe) * self.description.pes

    def most_merged(
        self, contributions: int, transit: int, spacing: int, together: int
    ) -> list[int]:
        """The most contributions of one value that merge in 0, 1, 2 … cycles.

        Proof (R5).  A place adds one contribution of at least one value per cycle, the last one in
        the cycle before its sum is complete, and a lone contribution passes free.  The n-th ones of
        a PE are valid after (n − 1) · `spacing` cycles, so ⌈T / `spacing`⌉ · `together` of them are
        in a sum that is complete after T > 0 cycles, wherever they are added.  Besides those of its
        own PE the home adds one sum per cycle that another PE completed and sent, a packet's
        `transit` earlier (R8).
        """
        at_home = [1]
        while at_home[-1] < contributions:
            time = len(at_home)
            in_pe = [max(1, -(-earlier // spacing) * together) for earlier in range(time - transit)]
            at_home.append(-(-time // spacing) * together + sum(in_pe))
        return at_home

    def speeds(self) -> Mapping[str, Changes]:
        """Up to eight times as many adders in CUs and PEs."""
        in_cu, in_pe = self.description.cu.adders_per_cycle, self.description.pe.adders_per_cycle
        return {
            f"{in_cu * factor}, {in_pe * factor}": {
                ("cu", "adders_per_cycle"): in_cu * factor,
                ("pe", "adders_per_cycle"): in_pe * factor,
            }
            for factor in (1, 2, 4, 8)
        }

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        """The energy of the additions of partial sums, picojoule."""
        return {ADDERS: actions.additions * self.description.energy.shift_add_pj}
