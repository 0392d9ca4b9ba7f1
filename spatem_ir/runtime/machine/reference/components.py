"""Which rules execute which kind of component: a line for each kind that needs code of its own.

Interconnects need none: all of them are links that serve packets in turn
(:mod:`spatem_ir.runtime.machine.reference.packets`).
"""

from __future__ import annotations

from spatem_ir.hardware.accumulation.accumulation import Accumulation
from spatem_ir.hardware.accumulation.home import HomeAccumulation
from spatem_ir.hardware.compute_unit.compute_unit import ComputeUnits
from spatem_ir.hardware.compute_unit.free import FreeComputeUnits
from spatem_ir.runtime.machine.reference.crossbars import Crossbars
from spatem_ir.runtime.machine.reference.merging import PartialSums

CROSSBARS: dict[type[ComputeUnits], type[Crossbars]] = {FreeComputeUnits: Crossbars}
"""R1 to R4: crossbars and their operands."""

PARTIAL_SUMS: dict[type[Accumulation], type[PartialSums]] = {HomeAccumulation: PartialSums}
"""R5: contributions on their way to a complete sum."""
