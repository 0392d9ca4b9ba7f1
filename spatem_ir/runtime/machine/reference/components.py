"""Which rules execute which kind of component.

Kinds that differ in what they say of themselves (:mod:`spatem_ir.hardware.components`) need none of
their own.  Others name the package that holds them (:attr:`Component.rules`).
"""

from __future__ import annotations

from importlib import import_module

from spatem_ir.hardware.accumulation.accumulation import Accumulation
from spatem_ir.hardware.components import Components
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.reference.crossbars import Crossbars
from spatem_ir.runtime.machine.reference.free_crossbars import FreeCrossbars
from spatem_ir.runtime.machine.reference.merging import PartialSums


def crossbars_of(components: Components, dispatch: Dispatch) -> type[Crossbars]:
    """The rules R1 to R4, or R11, of some components: `crossbars_of` of a kind's own ones.

    That kind is one of compute units or of accumulation, never both.
    """
    rules = components.compute_unit.rules or components.accumulation.rules
    if rules is not None:
        return import_module(f"{rules}.reference").crossbars_of(dispatch)
    return FreeCrossbars if dispatch is Dispatch.FREE else Crossbars


def partial_sums_of(kind: type[Accumulation]) -> type[PartialSums]:
    """The rule R5 of a kind of accumulation: `PARTIAL_SUMS` of its own ones."""
    if kind.rules is not None:
        return import_module(f"{kind.rules}.reference").PARTIAL_SUMS
    return PartialSums
