"""The mapping of the simulator that the SPATEM group published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.geometry.estimate.latency import grid_latency
from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.passes.partition.partitions import Partition
from spatem_ir.passes.partition.strategy import Problem, Strategy
from spatem_ir.support.errors import DoesNotFitError, SpatemError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator


@dataclass(frozen=True)
class Ntu(Strategy):
    """The published simulator's mapping: whole crossbars, layers in PEs of their own, no copies.

    [P] A matrix is cut into tiles of as many rows and columns as a crossbar has, and the rest; the
    row parts of a column part are next to each other.  Tiles take the crossbars of a PE one after
    the other, then those of the next PE, and each layer begins with a PE.  The windows of a layer
    are visited column by column.  [R] The PEs follow each other as the interconnect has them in
    line; tiles have fewer rows where the operands of a crossbar's would not fit its register.
    """

    name = "ntu"

    def partitions(self, problem: Problem) -> list[Partition]:
        from spatem_ir.dialects.ou import ScheduleOp
        from spatem_ir.dialects.ou.streams import MvmOp, StreamOp
        from spatem_ir.dialects.spreads import SpreadOp

        accelerator, layers = problem.accelerator, problem.layers
        grids = [whole_crossbars(layer, accelerator) for layer in layers]
        tiles = [grid.tiles(layer) for layer, grid in zip(layers, grids, strict=True)]
        crossbars = in_pes_of_their_own(tiles, accelerator)
        spreads, streams = [], []
        for layer, own in zip(layers, crossbars, strict=True):
            pes = IndexSequence.of(own // accelerator.crossbars_per_pe)
            spreads.append(SpreadOp(layer.name, pes))
            windows = IndexSequence.of(column_by_column(layer))
            streams.append(StreamOp(IndexSequence.of(own), [MvmOp(layer.name, windows)]))
        cycles = sum(grid_latency(*cut, accelerator) for cut in zip(layers, grids, strict=True))
        schedule = ScheduleOp(streams, timed=True)
        return [Partition(cycles, tuple(grids), schedule=schedule, spreads=tuple(spreads))]


def whole_crossbars(layer: Layer, accelerator: Accelerator) -> Grid:
    """Tiles of as many wordlines and bitlines as a crossbar has, and the rest; one copy."""
    share = 8 * accelerator.components.compute_unit.operand_bytes
    rows = min(accelerator.crossbar.wordlines, share // layer.input_bits, layer.rows)
    cells = accelerator.cells_per_weight(layer.weight_bits)
    columns = min(accelerator.crossbar.bitlines // cells, layer.columns)
    if rows == 0 or columns == 0:
        raise SpatemError(
            f"ntu: a weight of @{layer.name}, or its input, does not fit a crossbar of "
            f"'{accelerator.name}'; use fewer bits"
        )
    return Grid(-(-layer.rows // rows), -(-layer.columns // columns), 1, 1, rows, columns)


def in_pes_of_their_own(tiles: list[int], accelerator: Accelerator) -> list[NDArray[np.int64]]:
    """The crossbar of each tile of each layer, in PEs that hold nothing of other layers."""
    import numpy as np

    per_pe = accelerator.crossbars_per_pe
    needed = [-(-count // per_pe) for count in tiles]
    if sum(needed) > accelerator.pes:
        raise DoesNotFitError(
            f"ntu: layers in PEs of their own need {sum(needed)} PEs, '{accelerator.name}' has "
            f"{accelerator.pes}; use a larger chip or another strategy"
        )
    in_line = accelerator.components.interconnect.pes_in_line
    found, first = [], 0
    for count, pes in zip(tiles, needed, strict=True):
        pe, crossbar = np.divmod(np.arange(count), per_pe)
        found.append(in_line[first + pe] * per_pe + crossbar)
        first += pes
    return found


def column_by_column(layer: Layer) -> NDArray[np.int64]:
    """The windows of a layer: the first of each row, then the second ones, and so on."""
    import numpy as np

    rows, columns = layer.region or layer.output_size
    return np.arange(rows * columns).reshape(rows, columns).T.reshape(-1)
