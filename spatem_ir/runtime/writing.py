"""What it takes to rewrite crossbars between stages: from the cells that they hold (rule R14)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mvm import layer_ops
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.stages import stage_modules
from spatem_ir.dialects.writes import written_crossbars
from spatem_ir.hardware.cells.cells import Written
from spatem_ir.numerics.cells import Cells
from spatem_ir.runtime.machine.stages import Rewriting
from spatem_ir.runtime.values.deployed import CellAccumulator
from spatem_ir.weights.parameters import weight_matrices

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.weights.store import ParameterStore

AT_ONCE = 256
"""Crossbars whose cells are compared at once."""


class Contents(NamedTuple):
    """What the rewritten crossbars of a stage hold.

    Attributes:
        crossbars: their numbers, ascending: shape [crossbars].
        levels: of their cells, and a level that there is not, `kept`, of those that belong to no
            tile and keep what they have: shape [crossbars, wordlines, bitlines].
        kept: that level.
    """

    crossbars: NDArray[np.int64]
    levels: Cells
    kept: int


def stage_writing(module: ModuleOp, store: ParameterStore) -> list[Rewriting]:
    """What is rewritten before each stage of a module at level `pxb` or below.

    Before the first batch every cell has the level that the first stage needs that covers it.

    Raises:
        SpatemError: parameters of a layer cannot be found.
    """
    accelerator = accelerator_of(module)
    written = written_crossbars(module)
    stages = [
        contents(alone, written[number], store)
        for number, alone in enumerate(stage_modules(module))
    ]
    state = _before(stages, accelerator)
    first = [_written(own, state, accelerator) for own in stages]
    steady = [_written(own, state, accelerator) for own in stages]
    return [
        Rewriting(
            crossbars=own.crossbars,
            first=once.cycles,
            steady=again.cycles,
            set_pulses=int(again.set_pulses.sum()),
            reset_pulses=int(again.reset_pulses.sum()),
            cells=int(again.cells.sum()),
        )
        for own, once, again in zip(stages, first, steady, strict=True)
    ]


def contents(alone: ModuleOp, crossbars: NDArray[np.int64], store: ParameterStore) -> Contents:
    """What some crossbars hold during the stage of a module with one."""
    (stage,) = (op for op in alone.ops if isinstance(op, PxbStageOp))
    accelerator, programmed = accelerator_of(alone), CellAccumulator([stage], store)
    for layer in layer_ops(alone):
        programmed.load(layer, weight_matrices(layer, store))
    (arrays,) = programmed.crossbars.values()
    kept, crossbars = 1 << accelerator.crossbar.bits_per_cell, np.sort(crossbars)
    sides = accelerator.crossbar.wordlines, accelerator.crossbar.bitlines
    levels = np.full((len(crossbars), *sides), kept, np.min_scalar_type(kept))
    layers = {op.sym_name.data: op for op in layer_ops(alone)}
    for name, placed in stage.placements().items():
        heights, widths = placed.extents(layers[name].layer, layers[name].grid.data, accelerator)
        columns = (placed.crossbars, placed.rows, placed.columns, heights, widths)
        for crossbar, row, column, height, width in zip(
            *(c.tolist() for c in columns), strict=True
        ):
            index = int(np.searchsorted(crossbars, crossbar))
            if index < len(crossbars) and crossbars[index] == crossbar:
                cells = arrays.read(crossbar, (row, column), (height, width))[0]
                levels[index, row : row + height, column : column + width] = cells
    return Contents(crossbars, levels, kept)


def _before(stages: Sequence[Contents], accelerator: Accelerator) -> dict[int, Cells]:
    """What crossbars hold before the first batch, by number."""
    sides = accelerator.crossbar.wordlines, accelerator.crossbar.bitlines
    state: dict[int, Cells] = {}
    for own in reversed(stages):
        for index, crossbar in enumerate(own.crossbars.tolist()):
            held = state.setdefault(crossbar, np.zeros(sides, own.levels.dtype))
            np.copyto(held, own.levels[index], where=own.levels[index] != own.kept)
    return state


def _written(own: Contents, state: dict[int, Cells], accelerator: Accelerator) -> Written:
    """What it takes to write the crossbars of a stage, which hold its cells afterwards."""
    none = Written(*(np.empty(0, np.int64) for _ in Written._fields))
    parts = [none, *_written_parts(own, state, accelerator)]
    return Written(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _written_parts(
    own: Contents, state: dict[int, Cells], accelerator: Accelerator
) -> Iterator[Written]:
    """The same, some crossbars at a time."""
    for start in range(0, len(own.crossbars), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        held = [state[crossbar] for crossbar in own.crossbars[part].tolist()]
        old = np.stack(held)
        new = np.where(own.levels[part] == own.kept, old, own.levels[part])
        yield accelerator.components.cells.written(old, new)
        for cells, after in zip(held, new, strict=True):
            cells[:] = after
