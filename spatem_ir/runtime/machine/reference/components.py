"""Which rules execute which kind of component: a line for each kind that needs code of its own.

Kinds that differ in what they say of themselves (:mod:`spatem_ir.hardware.components`) need none.
"""

from __future__ import annotations

from spatem_ir.hardware.accumulation.accumulation import Accumulation
from spatem_ir.hardware.compute_unit.compute_unit import ComputeUnits
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.reference.crossbars import Crossbars
from spatem_ir.runtime.machine.reference.free_crossbars import FreeCrossbars
from spatem_ir.runtime.machine.reference.merging import PartialSums

CROSSBARS: dict[tuple[type[ComputeUnits], Dispatch], type[Crossbars]] = {}
"""R1 to R4 and R11: crossbars and their operands, where not every crossbar is on its own."""

PARTIAL_SUMS: dict[type[Accumulation], type[PartialSums]] = {}
"""R5: contributions on their way to a complete sum, where they do not just meet at places."""


def crossbars_of(kind: type[ComputeUnits], dispatch: Dispatch) -> type[Crossbars]:
    """The rules R1 to R4, or R11, of a kind of compute units."""
    usual = FreeCrossbars if dispatch is Dispatch.FREE else Crossbars
    return CROSSBARS.get((kind, dispatch), usual)


def partial_sums_of(kind: type[Accumulation]) -> type[PartialSums]:
    """The rule R5 of a kind of accumulation."""
    return PARTIAL_SUMS.get(kind, PartialSums)
