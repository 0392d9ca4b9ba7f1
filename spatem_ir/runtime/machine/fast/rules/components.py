"""Which rules execute which kinds of components: a line for each combination that there is.

Interconnects need none: all of them are links that serve packets in turn
(:mod:`spatem_ir.runtime.machine.fast.rules.traffic`).
"""

from __future__ import annotations

from collections.abc import Callable

from spatem_ir.hardware.accumulation.accumulation import Accumulation
from spatem_ir.hardware.accumulation.home import HomeAccumulation
from spatem_ir.hardware.compute_unit.compute_unit import ComputeUnits
from spatem_ir.hardware.compute_unit.free import FreeComputeUnits
from spatem_ir.runtime.machine.fast.rules.loop import compiled_loop

Loop = Callable[..., bool]
"""What executes until nothing is left to happen (True) or a pool has to grow (False)."""

LOOPS: dict[tuple[type[ComputeUnits], type[Accumulation]], Callable[[str], Loop]] = {
    (FreeComputeUnits, HomeAccumulation): compiled_loop,
}
"""By the kinds of compute units and accumulation: what compiles the event loop (with numba).

It takes a digest of the engine's source files, of which each has a loop of its own.
"""
