"""Random machines whose crossbars add to partial sums in a shared memory, in turns."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from unit.runtime.machine.bus_machines import random_bus
from unit.runtime.machine.random_programs import through_the_passes
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.turns import TurnsOp
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.accumulation.shared_memory import SharedSumsParameters
from spatem_ir.hardware.memory.shared import SharedMemoryParameters
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.synchronize import SCHEMES, SynchronizePass


def with_shared_memory(machine: Accelerator, sum_bits: int = 32) -> Accelerator:
    """A machine on a bus whose PEs share a memory."""
    return replace(
        machine,
        accumulation=SharedSumsParameters(sum_bits, sequence_registers=1000),
        memory=SharedMemoryParameters(shared_bytes=1 << 20),
    )


def random_shared(random: Random, machine: Accelerator) -> Accelerator:
    """A machine with a shared memory on random buses."""
    return with_shared_memory(random_bus(random, machine), random.choice([20, 32, 40]))


def synchronized(random: Random) -> ModuleOp:
    """A random network, deployed by the passes, whose tiles take turns by a random scheme."""
    module = through_the_passes(random)
    for stage in [op for op in module.ops if isinstance(op, OuStageOp)]:
        stage.detach()
        stage.erase()
    without_turns(module)
    SynchronizePass(scheme=random.choice(SCHEMES)).apply(Context(), module)
    OrderPass(method=random.choice(["asap", "layer"])).apply(Context(), module)
    module.verify()
    return module


def without_turns(module: ModuleOp) -> None:
    """Take out what a module says of turns."""
    for stage in [op for op in module.ops if isinstance(op, PxbStageOp)]:
        for op in stage.of_type(TurnsOp):
            op.detach()
            op.erase()
