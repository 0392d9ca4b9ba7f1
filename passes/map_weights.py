"""The `map-weights` pass: which block of weights is written to which operation unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, i32
from xdsl.passes import ModulePass

from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mapping import MappingOp, stage_blocks
from spatem_ir.dialects.mvm import layer_ops
from spatem_ir.dialects.places import stage_of
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.stages import is_staged, number_of, stages_in_turn
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.writing.placed_blocks import PlacedBlocks
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.numerics.cells import CellArrays

    Ints = NDArray[np.int64]

NAMES = ("sequential", "similarity", "distance", "balance", "gao")


@dataclass(frozen=True)
class MapWeightsPass(ModulePass):
    """Exchanges blocks of weights within their crossbars so that writing them takes less.

    A block is what an operation unit works on.  Blocks of one crossbar and one size change places;
    which is where is a table in the weights file.  What is compared is what the cells hold: nothing
    before the first stage, then what the stages before have written.  Where a block's corner is not
    at the first bitline of a segment, its costs are those of the segments from that one on.

    Options:
        strategy: `sequential` (blocks stay where they are), `similarity` (fewest cells change),
            `distance` (blocks with many RESETs near the drivers), `balance` (drivers of a crossbar
            take equally long), `gao` (all three).
        candidates: blocks that a place chooses from in `gao`, on average.
    """

    name = "map-weights"

    strategy: str = "gao"
    candidates: int = 16384

    def __post_init__(self) -> None:
        if self.strategy not in NAMES:
            raise SpatemError(
                f"map-weights: unknown strategy '{self.strategy}'; one of {', '.join(NAMES)}"
            )
        if self.candidates < 1:
            raise SpatemError(
                f"map-weights: candidates is {self.candidates}; it must be at least 1"
            )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        from spatem_ir.numerics.cells import CellArrays

        accelerator = accelerator_of(op)
        held = CellArrays(accelerator, _sets(accelerator))
        if not is_staged(op):
            self.map_stage(op, held)
            return
        for _, alone in stages_in_turn(op):
            self.map_stage(alone, held)

    def map_stage(self, module: ModuleOp, held: CellArrays) -> None:
        """Give a stage its table; `held` is what the cells hold before, and then after it."""
        import numpy as np

        from spatem_ir.weights.store import current_store

        stage = stage_of(module, PxbStageOp, self.name, "assign")
        blocks, accelerator = stage_blocks(stage), accelerator_of(module)
        new = _programmed(module, stage, accelerator)
        table = np.arange(len(blocks.crossbars))
        for group in blocks.groups():
            table[group] = group[self._places(blocks, group, accelerator, held, new)]
        for old in stage.of_type(MappingOp):
            old.detach()
            old.erase()
        for block, place in enumerate(table.tolist()):
            own = new.read(*_rectangle(blocks, block))
            crossbar, corner, _ = _rectangle(blocks, place)
            held.write(crossbar, corner, own)
        slots = current_store().keep(f"slots.{number_of(stage)}", table.astype(np.int32), i32)
        stage.body.block.add_op(MappingOp(slots))

    def _places(
        self,
        blocks: PlacedBlocks,
        group: Ints,
        accelerator: Accelerator,
        held: CellArrays,
        new: CellArrays,
    ) -> Ints:
        """The place of each block of a group, as a number within the group."""
        import numpy as np

        from spatem_ir.geometry.writing.blocks import BlockShape, slots_at
        from spatem_ir.geometry.writing.mapping import STRATEGIES, Effort, StageProblem

        segment = accelerator.components.cells.segment_cells
        height, width = int(blocks.heights[group[0]]), int(blocks.widths[group[0]])
        if len(group) == 1 or width % segment:
            return np.arange(len(group))
        shape = BlockShape(height, width, segment, accelerator.crossbar.bits_per_cell)
        last = accelerator.components.cells.segments - width // segment
        columns = np.minimum(blocks.columns[group] // segment, last) * segment
        slots = slots_at(accelerator, shape, np.zeros_like(group), blocks.rows[group], columns)
        sets = held.sets
        slots = replace(
            slots,
            shape=replace(shape, rows=sets * height),
            reset_cycles=np.tile(slots.reset_cycles, sets),
        )
        old, own = (
            slots.shape.coded(
                np.stack([cells.read(*_rectangle(blocks, k)) for k in group.tolist()]).reshape(
                    len(group), sets * height, width
                )
            )
            for cells in (held, new)
        )
        problem = StageProblem(slots, old, own, np.zeros_like(group), own[:0])
        return STRATEGIES[self.strategy](problem, Effort(candidates=self.candidates))


def _rectangle(blocks: PlacedBlocks, block: int) -> tuple[int, tuple[int, int], tuple[int, int]]:
    """The crossbar of a block, its corner and its size."""
    crossbar, row, column, height, width = (int(axis[block]) for axis in blocks)
    return crossbar, (row, column), (height, width)


def _sets(accelerator: Accelerator) -> int:
    """Sets of cells: two where positive and negative weights have cells of their own."""
    from spatem_ir.hardware.parameters import Encoding

    return 2 if accelerator.analog.encoding is Encoding.DIFFERENTIAL else 1


def _programmed(module: ModuleOp, stage: PxbStageOp, accelerator: Accelerator) -> CellArrays:
    """The cells of a stage in which every block is in its own place."""
    from spatem_ir.numerics.cells import CellArrays, layer_cells
    from spatem_ir.weights.parameters import weight_matrices
    from spatem_ir.weights.store import current_store

    arrays = CellArrays(accelerator, _sets(accelerator))
    places = stage.placements()
    for op in layer_ops(module):
        placed = places.get(op.sym_name.data)
        if placed is None:
            continue
        columns = (placed.tiles, placed.crossbars, placed.rows, placed.columns)
        corners = {tile: rest for tile, *rest in zip(*(c.tolist() for c in columns), strict=True)}
        weights = weight_matrices(op, current_store())
        for tile, below, own in layer_cells(op, weights, accelerator, is_offset=arrays.sets == 1):
            if tile in corners:
                crossbar, row, column = corners[tile]
                arrays.write(crossbar, (row + below, column), own)
    return arrays
