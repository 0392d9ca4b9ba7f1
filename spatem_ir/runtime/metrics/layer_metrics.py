"""What is measured of one weight layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.runtime.analog.arithmetic import OuArithmetic

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.geometry.network.dataflow import Node
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.runtime.machine.execution import Execution

    Ints = NDArray[np.int64]


class LayerColumn(NamedTuple):
    """A column of the report's table of layers: its header, and the text of a value."""

    header: str
    text: Callable[[Any], str] = "{:,}".format


def measured(definition: str, unit: str = "", column: LayerColumn | None = None) -> Any:
    """Declare a value that is measured of a layer: its definition, unit and column, if any."""
    return field(metadata={"definition": definition, "unit": unit, "column": column})


@dataclass(frozen=True)
class LayerMetrics:
    """One weight layer; operations, conversions and reads are of one image.

    `busy_share` is None without cycles.
    """

    name: str = measured("the layer", column=LayerColumn("layer", str))
    matrix: str = measured(
        "rows x columns of its matrix, or of each of its matrices",
        "weights",
        LayerColumn("matrix", str),
    )
    grid: str = measured(
        "the degrees in which it is cut, and how many of its matrices are joined, if any",
        column=LayerColumn("hwm x wwm x iw x ib", str),
    )
    tiles: int = measured("MVM tiles of all copies", "tiles", LayerColumn("tiles"))
    crossbars: int = measured(
        "crossbars that hold any of its tiles", "crossbars", LayerColumn("crossbars")
    )
    cells: int = measured("cells that are programmed with its weights", "cells")
    ou_operations: int = measured("OU operations", "operations", LayerColumn("OU operations"))
    dac_conversions: int = measured("wordlines driven, over all operations", "conversions")
    adc_conversions: int = measured("bitlines converted, over all operations", "conversions")
    cell_reads: int = measured("cells read, over all operations", "reads")
    lossless: bool = measured(
        "whether the ADCs resolve every possible sum of its operations, of ideal cells",
        column=LayerColumn("lossless", lambda value: "yes" if value else "no"),
    )
    busy_share: float | None = measured(
        "share of the latency in which its crossbars work for it, on average",
        column=LayerColumn("busy", lambda value: "" if value is None else f"{value:.1%}"),
    )


def shown_columns() -> dict[str, LayerColumn]:
    """The columns of the report's table of layers, by the fields that they show."""
    columns = {each.name: each.metadata["column"] for each in fields(LayerMetrics)}
    return {name: column for name, column in columns.items() if column is not None}


def layer_metrics(
    node: Node, placed: Placement, accelerator: Accelerator, execution: Execution | None
) -> LayerMetrics:
    """What is measured of one layer; busy shares need an execution."""
    layer, grid = node.partitioned
    work = work_of_tiles(node, placed, accelerator)
    operations = int(work.operations.sum())
    crossbars = len(np.unique(placed.crossbars))
    busy = None
    if execution is not None:
        operations = execution.operations[node.name]
        cycles = operations * accelerator.components.compute_unit.operation_cycles
        busy = round(cycles / (crossbars * execution.ended), 6)
    several = f"{layer.matrices} of " if layer.matrices > 1 else ""
    joined = f", {grid.joined} joined" if grid.joined > 1 else ""
    return LayerMetrics(
        name=node.name,
        matrix=f"{several}{layer.rows}x{layer.columns}",
        grid=f"{grid.hwm}x{grid.wwm}x{grid.iw}x{grid.ib}{joined}",
        tiles=len(placed.tiles),
        crossbars=crossbars,
        cells=int(work.cells.sum()),
        ou_operations=operations,
        dac_conversions=int(work.dac_conversions.sum()),
        adc_conversions=int(work.adc_conversions.sum()),
        cell_reads=int(work.cell_reads.sum()),
        lossless=OuArithmetic.of(accelerator).lossless(tallest_tile(node)),
        busy_share=busy,
    )


class TileWork(NamedTuple):
    """What tiles of a layer hold and do for one image; arrays of one length."""

    cells: Ints
    operations: Ints
    dac_conversions: Ints
    adc_conversions: Ints
    cell_reads: Ints


def work_of_tiles(node: Node, placed: Placement, accelerator: Accelerator) -> TileWork:
    """What each tile of a layer holds, and does unless the IR spells out operations."""
    layer, grid = node.partitioned
    ou = accelerator.ou
    rows, cells = placed.extents(layer, grid, accelerator)
    at = grid.coordinates(placed.tiles)
    bits = np.array([np.diff(grid.bit_range(layer, bit)).item() for bit in range(grid.ib)])
    slices = (-(-bits // ou.dac_bits))[at.bit]
    windows = np.array([len(grid.copy_windows(layer, copy)) for copy in range(grid.iw)])
    passes = slices * windows[at.copy]
    blocks = grid.blocks(layer, at.matrix)
    row_parts, column_parts = blocks * -(-rows // blocks // ou.wordlines), -(-cells // ou.bitlines)
    return TileWork(
        cells=rows * cells,
        operations=passes * row_parts * column_parts,
        dac_conversions=passes * rows * column_parts,
        adc_conversions=passes * cells * row_parts,
        cell_reads=passes * rows * cells,
    )


def tallest_tile(node: Node) -> int:
    """The most rows of a tile of a layer, or of each of the matrices that are joined in one."""
    layer, grid = node.partitioned
    ranges = (grid.row_range(layer, row) for row in range(grid.hwm))
    return max(stop - start for start, stop in ranges)


def lossless_layers(module: ModuleOp) -> dict[str, bool]:
    """Whether ADCs resolve every possible sum of ideal cells, for each partitioned layer."""
    arithmetic = OuArithmetic.of(accelerator_of(module))
    layers = dataflow_of(module).layers
    return {node.name: arithmetic.lossless(tallest_tile(node)) for node in layers}


def inexact_layers(module: ModuleOp) -> list[str]:
    """The partitioned layers whose values are not always those of exact integer arithmetic."""
    arithmetic = OuArithmetic.of(accelerator_of(module))
    layers = dataflow_of(module).layers
    return [node.name for node in layers if not arithmetic.exact(tallest_tile(node))]
