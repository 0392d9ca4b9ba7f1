"""Accumulation at home: partial sums meet in the CU, in the PE, and at the piece's home PE."""

from __future__ import annotations

from dataclasses import dataclass

from spatem_ir.hardware.accumulation.accumulation import Accumulation
from spatem_ir.hardware.component import Actions, Count, Part
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
        return ("cu", "pe", "home")

    def crossbars_at(self, place: str) -> int:
        """Those of a CU, those of a PE, or all: there is one home."""
        description = self.description
        return {
            "cu": description.cu.crossbars,
            "pe": description.crossbars_per_pe,
            "home": description.crossbars,
        }[place]

    def cycles(self, place: str, values: Count) -> Count:
        """As many values per cycle as the adders of the CU or PE add."""
        group = self.description.cu if place == "cu" else self.description.pe
        return -(-values // group.adders_per_cycle)

    @property
    def values_per_cycle(self) -> int:
        """The partial sums that the adders of all CUs and PEs add in a cycle."""
        pe, cu = self.description.pe, self.description.cu
        per_pe = pe.compute_units * cu.adders_per_cycle + pe.adders_per_cycle
        return per_pe * self.description.pes

    def most_merged(self, contributions: int, transit: int) -> list[int]:
        """The most contributions of one value that merge in 0, 1, 2 … cycles.

        Proof (R5).  A place adds one contribution of at least one value per cycle, the last one in
        the cycle before its sum is complete, and a lone contribution passes free.  In T cycles
        a CU adds at most T (or passes 1); a PE adds what CUs completed in T − 1, T − 2, … cycles;
        the home adds what CUs of its PE completed by then or what other PEs completed and sent, a
        packet's `transit` earlier (R8), or once the sum of its own PE.
        """
        in_cu, in_pe, at_home = [1], [1], [1]
        while at_home[-1] < contributions:
            time = len(at_home)
            in_cu.append(time)
            in_pe.append(max(time, sum(in_cu[:time])))
            sent = [0] * transit + in_pe
            others = [max(cu, pe) for cu, pe in zip(in_cu[:time], sent, strict=False)]
            own = max(pe - other for pe, other in zip(in_pe, others, strict=False))
            at_home.append(max(in_pe[time], sum(others) + own))
        return at_home

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        """The energy of the additions of partial sums, picojoule."""
        return {ADDERS: actions.additions * self.description.energy.shift_add_pj}
