"""The `expand-ou` pass: spells out every operation-unit activation of a small program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product, repeat
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou import ActivateOp, MvmOp, OuStageOp, StreamOp
from spatem_ir.geometry.shapes.grid import ou_operations
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.geometry.network.dataflow import Node
    from spatem_ir.hardware.accelerator import Accelerator


@dataclass(frozen=True)
class ExpandOuPass(ModulePass):
    """Unrolls streams to one crossbar, bursts to one visit, and visits to one op per OU operation.

    For reading and for tests; the program stays the same and executes to the same values and
    cycles.

    Options:
        limit: the most OU operations that are spelled out; a larger program is an error.
    """

    name = "expand-ou"

    limit: int = 100_000

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        stages = [stage for stage in op.ops if isinstance(stage, OuStageOp)]
        if not stages:
            raise SpatemError("expand-ou: the module holds no ou.stage; run order first")
        accelerator = accelerator_of(op)
        nodes = dataflow_of(op).by_name
        total = sum(operations(nodes[layer], tile, accelerator) for layer, tile in visits(stages))
        if total > self.limit:
            raise SpatemError(
                f"expand-ou: the program has {total} OU operations, more than limit={self.limit}"
            )
        for stage in stages:
            for stream in stage.streams:
                expanded = [
                    self.expanded_stream(
                        stream, number, crossbar, stage.loops.data, nodes, accelerator
                    )
                    for number, crossbar in enumerate(stream.crossbars.data)
                ]
                Rewriter.replace_op(stream, expanded, [])

    def expanded_stream(
        self,
        stream: StreamOp,
        number: int,
        crossbar: int,
        loops: tuple[str, ...],
        nodes: dict[str, Node],
        accelerator: Accelerator,
    ) -> StreamOp:
        """The program of the stream's crossbar with the given number, visit by visit."""
        expanded = []
        for burst, window in ((b, w) for b, windows in stream.runs() for w in windows):
            layer = burst.layer.string_value()
            tile = list(burst.tiles.data)[number]
            body = burst.operations
            activations = (
                list(activate_ops(nodes[layer], tile, loops, accelerator))
                if body is None
                else [operation.clone() for operation in body]
            )
            expanded.append(
                MvmOp(layer, IndexSequence.of([tile]), IndexSequence.of([window]), activations)
            )
        return StreamOp(IndexSequence.of([crossbar]), expanded)


def visits(stages: list[OuStageOp]) -> Iterator[tuple[str, int]]:
    """The layer and tile of every visit of every crossbar."""
    for stage in stages:
        for stream in stage.streams:
            for burst in stream.bursts:
                for tile in burst.tiles.data:
                    yield from repeat((burst.layer.string_value(), tile), len(burst.windows.data))


def extents(node: Node, tile: int, accelerator: Accelerator) -> tuple[range, int, int]:
    """The input bits, rows and cells per row of a tile."""
    layer, grid = node.layer, node.grid
    assert layer is not None and grid is not None
    at = grid.coordinates(tile)
    first_row, last_row = grid.row_range(layer, at.row)
    first, last = grid.column_range(layer, at.column)
    cells = (last - first) * accelerator.cells_per_weight(layer.weight_bits)
    return range(*grid.bit_range(layer, at.bit)), last_row - first_row, cells


def operations(node: Node, tile: int, accelerator: Accelerator) -> int:
    """The OU operations of one visit to a tile."""
    assert node.layer is not None
    bits, rows, cells = extents(node, tile, accelerator)
    weight_bits = node.layer.weight_bits
    columns = cells // accelerator.cells_per_weight(weight_bits)
    return ou_operations(accelerator, rows, columns, weight_bits, len(bits))


def activate_ops(
    node: Node, tile: int, loops: tuple[str, ...], accelerator: Accelerator
) -> Iterator[ActivateOp]:
    """The OU operations of a visit in the order of the loop nest, outermost loop first."""
    bits, rows, cells = extents(node, tile, accelerator)
    ou = accelerator.ou
    parts = {
        "bit": [bits[n : n + ou.dac_bits] for n in range(0, len(bits), ou.dac_bits)],
        "row": [range(n, min(n + ou.wordlines, rows)) for n in range(0, rows, ou.wordlines)],
        "column": [range(n, min(n + ou.bitlines, cells)) for n in range(0, cells, ou.bitlines)],
    }
    for chosen in product(*(parts[loop] for loop in loops)):
        part = dict(zip(loops, chosen, strict=True))
        yield ActivateOp(part["bit"], part["row"], part["column"])
