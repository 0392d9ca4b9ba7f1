"""Random machines whose crossbars work in lockstep."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.compute_unit.lockstep import LockstepParameters


def in_lockstep(
    machine: Accelerator, *, fetch_cycles: int = 1, double_buffered: bool = False
) -> Accelerator:
    """A machine with the same compute units, in lockstep."""
    cu = machine.cu
    sizes = cu.crossbars, cu.input_register_bytes, cu.adders_per_cycle
    return replace(machine, cu=LockstepParameters(*sizes, fetch_cycles, double_buffered))


def random_lockstep(random: Random, machine: Accelerator) -> Accelerator:
    """A machine in lockstep whose fetches are short or long, with and without double buffers."""
    return in_lockstep(
        machine,
        fetch_cycles=random.choice([1, 1, 2, 7, 30]),
        double_buffered=random.choice([False, True]),
    )
