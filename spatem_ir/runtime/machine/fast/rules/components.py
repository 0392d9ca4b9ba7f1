"""Which rules execute which kinds of components: a line for each that needs code of its own.

Kinds that differ in what they say of themselves (:mod:`spatem_ir.hardware.components`) need none.
"""

from __future__ import annotations

from collections.abc import Callable

from spatem_ir.hardware.accumulation.accumulation import Accumulation
from spatem_ir.hardware.compute_unit.compute_unit import ComputeUnits
from spatem_ir.runtime.machine.fast.rules.loop import compiled_loop

Loop = Callable[..., bool]
"""What executes until nothing is left to happen (True) or a pool has to grow (False)."""

LOOPS: dict[tuple[type[ComputeUnits], type[Accumulation]], Callable[[str], Loop]] = {}
"""By the kinds of compute units and accumulation: what compiles their event loop (with numba).

It takes a digest of the engine's source files, of which each has a loop of its own.
"""


def loop_of(units: type[ComputeUnits], accumulation: type[Accumulation], digest: str) -> Loop:
    """The event loop for these kinds of components."""
    return LOOPS.get((units, accumulation), compiled_loop)(digest)
