"""The `verify-deployment` pass: what the verifiers of single ops cannot see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.mvm import layer_ops, network_of
from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.dialects.places import stage_of
from spatem_ir.dialects.pxb import HOMELESS, PxbStageOp
from spatem_ir.dialects.vxb import VxbStageOp
from spatem_ir.passes.stagewise import StagewisePass
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.geometry.safety.deadlock import WaitingVisit
    from spatem_ir.hardware.accelerator import Accelerator

MOST_WAITING = 3
"""Crossbars of a deadlock that its message names."""


@dataclass(frozen=True)
class VerifyDeploymentPass(StagewisePass):
    """Rejects deployments that cannot be executed; changes nothing.

    The verifiers of `vxb.stage`, `pxb.stage` and `ou.stage` have checked every stage for itself:
    tiles, crossbars, visits and merges.  This pass checks the whole, as far as the level of
    the module decides it:

    - tables of blocks of weights are those of the stage's blocks (from `pxb`);
    - every result has a reader (from `vxb`);
    - the adders are as wide as the layers' sums (from `vxb`);
    - what a PE must hold at once fits into its buffer (from `vxb`);
    - no visit waits for ever (level `ou`);
    - buffers suffice whatever the timing, thanks to what waits for what (level `ou`, unless the
      program says that it is unbounded or timed): the upper bound of :mod:`geometry.occupancy`,
      for one image in flight, is at most the size of the buffer.

    Raises:
        VerifyException: naming the op, the layer and the numbers of what is wrong.
        SpatemError: sums of a layer can wrap.
    """

    name = "verify-deployment"

    def apply_to_stage(self, ctx: Context, op: ModuleOp) -> None:
        from spatem_ir.weights.block_tables import moved_blocks
        from spatem_ir.weights.store import current_store

        level = level_of(op)
        if level not in (Level.VXB, Level.PXB, Level.OU):
            raise SpatemError(f"verify-deployment: the module is at level {level}; run pack first")
        dataflow, accelerator = dataflow_of(op), accelerator_of(op)
        _verify_readers(op, dataflow)
        _verify_sums(op, accelerator)
        if level is Level.VXB:
            stage = stage_of(op, VxbStageOp, self.name, "pack")
            _verify_buffers(stage, dataflow, accelerator)
            return
        stage = stage_of(op, PxbStageOp, self.name, "assign")
        moved_blocks(stage, current_store())
        program = next((program for program in op.ops if isinstance(program, OuStageOp)), None)
        _verify_buffers(stage, dataflow, accelerator, program)
        if program is None:
            return
        _verify_progress(program, dataflow, accelerator)
        if program.unbounded is None and program.timed is None:
            _verify_occupancy(stage, program, dataflow, accelerator)


def _verify_readers(module: ModuleOp, dataflow: Dataflow) -> None:
    """Check that every result of a layer or digital operator is read, or leaves the chip."""
    network = network_of(module)
    assert network is not None
    for node in dataflow.nodes:
        if node.kind in HOMELESS or dataflow.readers(node):
            continue
        for op in network.body.block.ops:
            if op.properties.get("sym_name") == StringAttr(node.name):
                fail(op, "nobody reads its results; run remove-identities before partition")


def _verify_sums(module: ModuleOp, accelerator: Accelerator) -> None:
    """Check that no sum of a layer can wrap in the accelerator's adders."""
    from spatem_ir.weights.store import current_store
    from spatem_ir.weights.sums import check_sum_bits

    for layer in layer_ops(module):
        check_sum_bits(layer, accelerator, current_store())


def _verify_buffers(
    stage: VxbStageOp | PxbStageOp,
    dataflow: Dataflow,
    accelerator: Accelerator,
    program: OuStageOp | None = None,
) -> None:
    """Check that what a PE must hold at once fits into its buffer."""
    from spatem_ir.geometry.safety.buffer_needs import needs

    placements = homes = None
    if isinstance(stage, PxbStageOp):
        placements, homes = stage.placements(), stage.homes(dataflow)
    memory = accelerator.components.memory
    size = memory.buffer_bytes
    merges = None if program is None else program.merges
    for need in needs(dataflow, accelerator, size, placements, homes, merges):
        pe = "a PE" if need.pe is None else f"PE {need.pe}"
        fail(
            stage,
            f"the buffer of {pe} overflows: {need.what} takes {need.bytes} bytes at once; "
            f"{memory.buffer_key} is {size}",
        )


def _verify_occupancy(
    stage: PxbStageOp, program: OuStageOp, dataflow: Dataflow, accelerator: Accelerator
) -> None:
    """Check that what a PE can hold at once fits into its buffer."""
    from spatem_ir.geometry.safety.occupancy import Occupancy
    from spatem_ir.geometry.safety.residents import Deployed

    deployed = Deployed(
        dataflow, accelerator, stage.placements(), stage.homes(dataflow), program.merges
    )
    occupancy = Occupancy(deployed, [op.wait(dataflow) for op in program.waits])
    memory = accelerator.components.memory
    pe, size = int(occupancy.bytes.argmax()), memory.buffer_bytes
    if occupancy.bytes[pe] <= size:
        return
    share = occupancy.shares(pe)[0]
    fail(
        program,
        f"the buffer of PE {pe} can overflow: {occupancy.bytes[pe]} bytes can be in it at once, "
        f"{share.bytes} of them {share.what} of @{share.node.name}; {memory.buffer_key} is {size}; "
        "let producers wait (ou.wait), or mark the stage unbounded",
    )


def _verify_progress(program: OuStageOp, dataflow: Dataflow, accelerator: Accelerator) -> None:
    """Check that no visit waits for ever."""
    from spatem_ir.dialects.ou.programs import programs_of
    from spatem_ir.geometry.safety.deadlock import deadlock

    waits = [(op, op.wait(dataflow)) for op in program.waits]
    in_step = accelerator.components.compute_unit.crossbars_in_step
    found = deadlock(
        dataflow,
        programs_of(program, dataflow),
        [wait for _, wait in waits],
        in_step,
        program.placed().turns(dataflow),
    )
    if found is None:
        return
    if found.waits:
        op = next(op for op, wait in waits if wait is found.waits[0])
        crossbars = ""
        if found.visits:
            first = found.visits[0]
            crossbars = (
                f"; crossbar {first.crossbar} waits before window {first.window} of tile "
                f"{first.tile} of @{first.node.name}"
            )
        other = op.other.string_value()
        fail(op, f"the program deadlocks: @{other} cannot come so far{crossbars}")
    fail(program, deadlock_text(found.visits))


def deadlock_text(waiting: Sequence[WaitingVisit]) -> str:
    """Who waits for whom, in one line."""
    first, *others = waiting
    text = (
        f"the program deadlocks: crossbar {first.crossbar} waits before window {first.window} of "
        f"tile {first.tile} of @{first.node.name}"
    )
    for visit in others[: MOST_WAITING - 1]:
        text += (
            f", which needs crossbar {visit.crossbar} to get past window {visit.window} of tile "
            f"{visit.tile} of @{visit.node.name}"
        )
    more = len(waiting) - MOST_WAITING
    text += f", which needs {more} more crossbars" if more > 0 else ", which needs"
    return f"{text}{' and' if more > 0 else ''} crossbar {first.crossbar} to go on"
