"""The accelerator: chip, processing elements, compute units, crossbars and operation units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from spatem_ir.hardware.components import GROUPS, Components, components_of, kind_of
from spatem_ir.hardware.parameters import AdcMode, Description, Value, stated_parameters

MOST_PES, MOST_CROSSBARS = 1 << 14, 1 << 20
"""Parts of the largest chip: a compiler keeps numbers for each of them in memory."""


class CrossbarAddress(NamedTuple):
    """Where a physical crossbar is: PE, CU within the PE, crossbar within the CU."""

    pe: int
    cu: int
    crossbar: int


@dataclass(frozen=True)
class Accelerator(Description):
    """A whole accelerator: its description and what follows from it."""

    @cached_property
    def components(self) -> Components:
        """The components of which it is built, of the kinds that the description says."""
        return components_of(self)

    @property
    def pes(self) -> int:
        """PEs on the chip: all that the interconnect connects."""
        return self.components.interconnect.pes

    @property
    def cus_per_pe(self) -> int:
        """Compute units in one PE."""
        return self.components.compute_unit.cus_per_pe

    @property
    def crossbars_per_cu(self) -> int:
        """Crossbars in one compute unit."""
        return self.components.compute_unit.crossbars_per_cu

    @property
    def lossless_adc_bits(self) -> int:
        """ADC bits that represent every possible bitline sum of one operation."""
        levels = (2**self.crossbar.bits_per_cell - 1) * (2**self.ou.dac_bits - 1)
        return (self.ou.wordlines * levels).bit_length()

    def cells_per_weight(self, weight_bits: int) -> int:
        """Cells that hold one weight of ``weight_bits`` bits, side by side on one wordline."""
        return -(-weight_bits // self.crossbar.bits_per_cell)

    def address(self, crossbar: int) -> CrossbarAddress:
        """The PE, CU and position of a physical crossbar, from its linear number."""
        pe, within = divmod(crossbar, self.crossbars_per_pe)
        return CrossbarAddress(pe, *divmod(within, self.crossbars_per_cu))

    @property
    def area_parts_mm2(self) -> dict[str, float]:
        """Area of the chip by component, mm²: CUs and PEs without what is in them."""
        return {part.key: area for part, area in self.components.area_mm2().items()}

    @property
    def area_mm2(self) -> float:
        """Area of the chip: the sum over its components, mm²."""
        return sum(self.area_parts_mm2.values())

    @property
    def tables(self) -> dict[str, dict[str, Value]]:
        """The description as TOML tables: the parameters of all groups, in declaration order.

        The kind of a component is given unless it is the first of its kinds, a parameter with a
        default unless it has that value; empty tables are left out.
        """
        tables: dict[str, dict[str, Value]] = {}
        for group, first in GROUPS.items():
            parameters = getattr(self, group)
            if type(parameters) is not first:
                tables[group] = {"kind": kind_of(group, parameters)}
            tables.setdefault(group, {}).update(stated_parameters(parameters))
        return {group: table for group, table in tables.items() if table}


def contradictions(accelerator: Accelerator) -> list[str]:
    """What is contradictory or too large in an accelerator, each a sentence with the keys."""
    a = accelerator
    found = []
    if a.pes > MOST_PES:
        found.append(f"[chip] is of {a.pes:,} PEs; a chip has at most {MOST_PES:,}")
    elif a.crossbars > MOST_CROSSBARS:
        found.append(
            f"pe.compute_units = {a.cus_per_pe} and cu.crossbars = {a.crossbars_per_cu} in "
            f"{a.pes:,} PEs are {a.crossbars:,} crossbars; a chip has at most {MOST_CROSSBARS:,}"
        )
    if a.ou.wordlines > a.crossbar.wordlines:
        found.append(
            f"ou.wordlines = {a.ou.wordlines} exceeds crossbar.wordlines = {a.crossbar.wordlines}"
        )
    if a.ou.bitlines > a.crossbar.bitlines:
        found.append(
            f"ou.bitlines = {a.ou.bitlines} exceeds crossbar.bitlines = {a.crossbar.bitlines}"
        )
    parts = a.components
    problem = parts.accumulation.problem(parts.compute_unit, parts.interconnect, parts.memory)
    if problem is not None:
        found.append(problem)
    if a.components.compute_unit.operand_bytes == 0:
        found.append(
            f"{a.components.compute_unit.operand_key} leaves no byte for each of the "
            f"{a.crossbars_per_cu} crossbars of a CU"
        )
    faults = a.analog.stuck_at_zero + a.analog.stuck_at_one
    if faults > 1:
        found.append(
            f"analog.stuck_at_zero and analog.stuck_at_one add up to {faults}, more than 1"
        )
    return found


def doubts(accelerator: Accelerator) -> list[str]:
    """What is possible but probably not meant, each a sentence that names the keys."""
    bits, needed = accelerator.ou.adc_bits, accelerator.lossless_adc_bits
    if bits >= needed:
        return []
    consequences = {
        AdcMode.LOSSLESS: "analog.adc_mode is lossless, so values are computed as if it could",
        AdcMode.CLIP: f"sums above {2**bits - 1} are clipped",
        AdcMode.ROUND: f"sums are rounded to {2**bits} levels",
    }
    return [
        f"'{accelerator.name}': ou.adc_bits = {bits} cannot tell all sums of an operation unit "
        f"apart, {needed} bits can; {consequences[accelerator.analog.adc_mode]}"
    ]
