"""Which rules execute which kind of component: a line for each kind that needs code of its own.

Kinds that differ in what they say of themselves (:mod:`spatem_ir.hardware.components`) need none.
"""

from __future__ import annotations

from spatem_ir.hardware.accumulation.accumulation import Accumulation
from spatem_ir.hardware.compute_unit.compute_unit import ComputeUnits
from spatem_ir.runtime.machine.reference.crossbars import Crossbars
from spatem_ir.runtime.machine.reference.merging import PartialSums

CROSSBARS: dict[type[ComputeUnits], type[Crossbars]] = {}
"""R1 to R4: crossbars and their operands, where not every crossbar just runs its stream."""

PARTIAL_SUMS: dict[type[Accumulation], type[PartialSums]] = {}
"""R5: contributions on their way to a complete sum, where they do not just meet at places."""


def crossbars_of(kind: type[ComputeUnits]) -> type[Crossbars]:
    """The rules R1 to R4 of a kind of compute units."""
    return CROSSBARS.get(kind, Crossbars)


def partial_sums_of(kind: type[Accumulation]) -> type[PartialSums]:
    """The rule R5 of a kind of accumulation."""
    return PARTIAL_SUMS.get(kind, PartialSums)
