"""What a core does for a visit where partial sums are in a shared memory (rule R13), in order."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.network.dataflow import Node
    from spatem_ir.geometry.network.turns import Turns
    from spatem_ir.hardware.accelerator import Accelerator


class CoreStep(StrEnum):
    """An instruction of a core, and what its number says."""

    LOAD_OPERAND = "load_operand"
    """Bytes from the shared memory."""
    MVM = "mvm"
    """The operations of the crossbar, which are spelled out on their own."""
    WAIT = "wait"
    """CALLs that must have come, in this image."""
    LOAD_SUMS = "load_sums"
    """Bytes from the shared memory."""
    ADD = "add"
    """Values."""
    STORE_SUMS = "store_sums"
    """Bytes to the shared memory."""
    CALL = "call"
    """The crossbar that owns the vector next."""
    ACTIVATE = "activate"
    """Values."""
    STORE_RESULTS = "store_results"
    """Bytes to the shared memory."""


class CoreInstruction(NamedTuple):
    """A step and its number; 0 for the MVM."""

    step: CoreStep
    number: int = 0


def core_instructions(
    node: Node,
    tile: int,
    ordinal: int,
    turns: Turns,
    crossbars: NDArray[np.int64],
    accelerator: Accelerator,
) -> list[CoreInstruction]:
    """What a core does for the visit of a tile to a window, counted within its copy.

    `crossbars` are those of all tiles of the layer.
    """
    layer, grid = node.partitioned
    accumulation = accelerator.components.accumulation
    at = grid.coordinates(tile)
    part, windows = tile % turns.parts, len(grid.copy_windows(layer, at.copy))
    slice_ = int(grid.slice_of(layer, at.matrix, at.column))
    values = node.slice_channels(slice_)
    sums, last = values * accumulation.sum_bytes, turns.parts - 1
    turn = int(turns.turns(windows)[ordinal, part])
    wait = CoreInstruction(CoreStep.WAIT, int(turns.calls(windows)[ordinal, part]))

    def call(next_part: int) -> CoreInstruction:
        return CoreInstruction(CoreStep.CALL, int(crossbars[tile - part + next_part]))

    found = [
        CoreInstruction(CoreStep.LOAD_OPERAND, int(grid.operand_bytes(layer, at))),
        CoreInstruction(CoreStep.MVM),
    ]
    if wait.number > 0:
        found.insert(0 if turns.in_sequence else len(found), wait)
    if turn > 0:
        found.append(CoreInstruction(CoreStep.LOAD_SUMS, sums))
    if turns.parts > 1:
        found.append(CoreInstruction(CoreStep.ADD, values))
    if turn < last:
        found.append(CoreInstruction(CoreStep.STORE_SUMS, sums))
        found.append(call(int(turns.in_turn(windows)[ordinal, turn + 1])))
        return found
    found.append(CoreInstruction(CoreStep.ACTIVATE, values))
    found.append(CoreInstruction(CoreStep.STORE_RESULTS, node.piece_bytes(slice_)))
    if turns.in_sequence and turns.parts > 1 and ordinal < windows - 1:
        found.append(call(0))
    return found
