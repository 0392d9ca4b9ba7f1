"""The `expand-ou` pass: spells out every operation-unit activation of a small program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import Rewriter

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mvm import layer_ops
from spatem_ir.dialects.ou import ActivateOp, DueOp, MvmOp, OrderOp, OuStageOp, StreamOp
from spatem_ir.dialects.ou.cores import CoreOp
from spatem_ir.geometry.network.core_program import CoreStep, core_instructions
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.passes.stagewise import StagewisePass
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.geometry.network.crossbar_program import Activation, CrossbarProgram
    from spatem_ir.geometry.network.dataflow import Dataflow, Node
    from spatem_ir.geometry.network.turns import Turns
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator


UNTIL = ("streams", "operations")


LIMIT = 100_000
"""The most OU operations that are spelled out unless an option says otherwise."""


@dataclass(frozen=True)
class ExpandOuPass(StagewisePass):
    """Spells out programs: what follows from due times, and every operation of a small program.

    For reading and for tests; the program stays the same and executes to the same values and
    cycles.  Where partial sums are in a shared memory (R13), a visit is spelled out with all that
    its core does: loads, the MVM, wait, load, add, store, call.

    Options:
        until: `streams` (a stream for all crossbars that run the same program, no other order) or
            `operations` (a stream for each crossbar, one op for every visit and OU operation).
        limit: the most OU operations that are spelled out; a larger program is an error.
    """

    name = "expand-ou"

    until: str = "operations"
    limit: int = LIMIT

    def __post_init__(self) -> None:
        if self.until not in UNTIL:
            raise SpatemError(f"expand-ou: unknown until '{self.until}'; one of {', '.join(UNTIL)}")
        if self.limit < 1:
            raise SpatemError(f"expand-ou: limit is {self.limit}; it must be at least 1")
        if self.until == "streams" and self.limit != LIMIT:
            raise SpatemError("expand-ou: limit has no effect with until=streams; leave it out")

    def apply_to_stage(self, ctx: Context, op: ModuleOp) -> None:
        stage = next((stage for stage in op.ops if isinstance(stage, OuStageOp)), None)
        if stage is None:
            raise SpatemError("expand-ou: the module holds no ou.stage; run order first")
        dataflow, accelerator = dataflow_of(op), accelerator_of(op)
        if self.until == "operations":
            total = program_size(op, accelerator)
            if total > self.limit:
                raise SpatemError(
                    f"expand-ou: the program has {total} OU operations, more than "
                    f"limit={self.limit}"
                )
        self.expand(stage, dataflow, accelerator)

    def expand(self, stage: OuStageOp, dataflow: Dataflow, accelerator: Accelerator) -> None:
        """Write the programs of a stage out."""
        from spatem_ir.dialects.ou.programs import programs_of, stream_of

        streams, cores = [], CoreBodies(stage.placed().turns(dataflow), stage.placed().placements())
        for program in programs_of(stage, dataflow):
            spelled_out = any(part is not None for part in program.activations)
            if self.until == "operations":
                streams += expanded_streams(program, accelerator, cores)
            elif not spelled_out:
                streams.append(stream_of(program))
            else:
                streams += expanded_streams(program, accelerator, cores)
        kept = [op for op in stage.body.block.ops if not isinstance(op, StreamOp | OrderOp | DueOp)]
        for op in kept:
            op.detach()
        expanded = OuStageOp(
            stage.number.value.data,
            [*streams, *kept],
            unbounded=stage.unbounded is not None,
            timed=stage.timed is not None,
        )
        Rewriter.replace_op(stage, expanded, [])


class CoreBodies(NamedTuple):
    """The turns of layers, by name, if their tiles take turns (R13), and the places of tiles."""

    turns: dict[str, Turns]
    places: dict[str, Placement]

    def body(
        self,
        node: Node,
        tile: int,
        window: int,
        operations: list[ActivateOp],
        accelerator: Accelerator,
    ) -> list[ActivateOp | CoreOp]:
        """What a core does for a visit, the operations of its MVM among it."""
        if node.name not in self.turns:
            return [*operations]
        crossbars = self.places[node.name].crossbars
        steps = core_instructions(node, tile, window, self.turns[node.name], crossbars, accelerator)
        body: list[ActivateOp | CoreOp] = []
        for step in steps:
            body += operations if step.step is CoreStep.MVM else [CoreOp(step)]
        return body


def expanded_streams(
    program: CrossbarProgram, accelerator: Accelerator, cores: CoreBodies
) -> Iterator[StreamOp]:
    """The program of each of a program's crossbars, visit by visit."""
    visits = list(zip(program.bursts.tolist(), program.windows.tolist(), strict=True))
    for number, crossbar in enumerate(program.crossbars.tolist()):
        expanded = []
        for burst, window in visits:
            node, tile = program.nodes[burst], int(program.tiles[burst, number])
            spelled_out = program.activations[burst]
            operations = (
                list(activate_ops(node, tile, accelerator))
                if spelled_out is None
                else [activate_op(activation) for activation in spelled_out]
            )
            windows = IndexSequence.of([window])
            body = cores.body(node, tile, window, operations, accelerator)
            expanded.append(MvmOp(node.name, windows, body, tile=program.ordinals[burst]))
        yield StreamOp(IndexSequence.of([crossbar]), expanded)


def program_size(module: ModuleOp, accelerator: Accelerator) -> int:
    """The OU operations of a deployed network: every tile visits all windows of its copy."""
    return sum(
        len(op.grid.data.copy_windows(op.layer, op.grid.data.coordinates(tile).copy))
        * op.grid.data.visit_operations(op.layer, op.grid.data.coordinates(tile), accelerator)
        for op in layer_ops(module)
        for tile in range(op.grid.data.tiles(op.layer))
    )


def extents(
    layer: Layer, grid: Grid, tile: int, accelerator: Accelerator
) -> tuple[range, int, int]:
    """The input bits, rows and cells per row of a tile."""
    at = grid.coordinates(tile)
    rows, columns = grid.extents(layer, at)
    cells = columns * accelerator.cells_per_weight(layer.weight_bits)
    return range(*grid.bit_range(layer, at.bit)), rows, cells


def activate_ops(node: Node, tile: int, accelerator: Accelerator) -> Iterator[ActivateOp]:
    """The OU operations of a visit: for each of the input bits, column by column, row by row."""
    assert node.layer is not None and node.grid is not None
    bits, rows, cells = extents(node.layer, node.grid, tile, accelerator)
    ou, of_block = accelerator.ou, min(rows, node.layer.rows)
    wordlines = [
        (row, min(row + ou.wordlines, block + of_block))
        for block in range(0, rows, of_block)
        for row in range(block, block + of_block, ou.wordlines)
    ]
    for bit in range(0, len(bits), ou.dac_bits):
        for column in range(0, cells, ou.bitlines):
            for first, last in wordlines:
                yield ActivateOp(
                    bits[bit : bit + ou.dac_bits],
                    range(first, last),
                    range(column, min(column + ou.bitlines, cells)),
                )


def activate_op(activation: Activation) -> ActivateOp:
    """The op that spells an operation out."""
    rows, columns, bits = (part.tolist() for part in activation)
    return ActivateOp(bits, rows, columns)
