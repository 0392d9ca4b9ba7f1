"""The metrics of an execution: one definition for every strategy."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.geometry.bounds.bounds import lower_bounds
from spatem_ir.geometry.shapes.placement import Placement
from spatem_ir.runtime.analog.arithmetic import OuArithmetic
from spatem_ir.runtime.energy import energy_parts_nj

if TYPE_CHECKING:
    from spatem_ir.geometry.network.dataflow import Node
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.runtime.machine.execution import Execution


@dataclass(frozen=True)
class LayerMetrics:
    """One weight layer.

    `ou_operations`, conversions and cell reads are of one image; `lossless` says whether the ADCs
    resolve every possible sum of the layer's operations (of ideal cells); `busy_share` is the share
    of the latency in which the layer's crossbars work for it, on average (None without cycles).
    """

    name: str
    matrix: str
    grid: str
    tiles: int
    crossbars: int
    cells: int
    ou_operations: int
    dac_conversions: int
    adc_conversions: int
    cell_reads: int
    lossless: bool
    busy_share: float | None


@dataclass(frozen=True)
class Metrics:
    """A network on an accelerator; cycles, bytes and energy are of one image.

    Fields that need cycles are None if no engine ran.  Communication is bytes injected into the
    network-on-chip plus bytes through the chip's port.  `computation_parallelism` is the mean
    number of busy crossbars.  `interval_cycles` is the steady-state interval per image, the latency
    if one image is in flight.  Energy and area are given as sums and by component.  Peaks
    are the most bytes in the buffer of a PE: of the fullest, and of all by number that held any.
    """

    latency_cycles: int | None
    latency_ou_cycles: float | None
    latency_ns: float | None
    interval_cycles: float | None
    images_per_second: float | None
    computation_parallelism: float | None
    communication_bytes: int | None
    input_bytes: int | None
    activation_bytes: int | None
    partial_sum_bytes: int | None
    io_bytes: int | None
    byte_hops: int | None
    cells_used: int
    cells_total: int
    crossbars_used: int
    crossbars_total: int
    lower_bound_cycles: int
    work_bound_cycles: int
    path_bound_cycles: int
    lower_bound_name: str
    lower_bounds_cycles: dict[str, int]
    optimality_gap: float | None
    peak_buffer_bytes: int | None
    peak_buffer_pe: int | None
    peak_buffer_by_pe: dict[int, int] | None
    buffer_bytes: int
    energy_nj: float | None
    energy_parts_nj: dict[str, float] | None
    area_mm2: float
    area_parts_mm2: dict[str, float]
    layers: tuple[LayerMetrics, ...]

    def to_dict(self) -> dict[str, Any]:
        """The metrics as a dictionary for JSON."""
        return asdict(self)


def metrics_of(
    module: ModuleOp, execution: Execution | None, pipelined: Execution | None = None
) -> Metrics:
    """The metrics of a module at level `ou` (or `pxb`, without cycles).

    `execution` is of a single image; `pipelined`, of several images in flight, gives the interval.
    """
    accelerator, dataflow = accelerator_of(module), dataflow_of(module)
    bounds = lower_bounds(dataflow, accelerator)
    places = _placements(module)
    latency = None if execution is None else execution.finished[0]
    layers = tuple(
        layer_metrics(node, places[node.name], accelerator, execution) for node in dataflow.layers
    )
    used = np.unique(np.concatenate([placed.crossbars for placed in places.values()]))
    static = {
        "cells_used": sum(layer.cells for layer in layers),
        "cells_total": accelerator.crossbars * accelerator.cells_per_crossbar,
        "crossbars_used": len(used),
        "crossbars_total": accelerator.crossbars,
        "lower_bound_cycles": bounds.largest,
        "work_bound_cycles": bounds.work,
        "path_bound_cycles": bounds.path,
        "lower_bound_name": bounds.name,
        "lower_bounds_cycles": bounds.by_name,
        "buffer_bytes": accelerator.pe.buffer_bytes,
        "area_mm2": round(accelerator.area_mm2, 6),
        "area_parts_mm2": {
            component: round(area, 6) for component, area in accelerator.area_parts_mm2.items()
        },
        "layers": layers,
    }
    if execution is None or latency is None:
        fields = Metrics.__dataclass_fields__
        return Metrics(**{**dict.fromkeys(fields), **static})
    interval: float = latency
    if pipelined is not None:
        first, *_, last = pipelined.finished
        interval = (last - first) / (len(pipelined.finished) - 1)
    operations = sum(layer.ou_operations for layer in layers)
    peaks = execution.buffers.peaks()
    peak_pe = max(peaks, key=lambda pe: (peaks[pe], -pe))
    injected = execution.injected_bytes
    energy = energy_parts_nj(accelerator, layers, execution)
    return Metrics(
        latency_cycles=latency,
        latency_ou_cycles=round(latency / accelerator.ou.cycles, 3),
        latency_ns=round(latency * accelerator.cycle_ns, 3),
        interval_cycles=interval,
        images_per_second=round(1e9 / (interval * accelerator.cycle_ns), 3),
        computation_parallelism=round(operations * accelerator.ou.cycles / latency, 3),
        communication_bytes=sum(injected.values()) + execution.io_bytes,
        input_bytes=injected["inputs"],
        activation_bytes=injected["activations"],
        partial_sum_bytes=injected["partial_sums"],
        io_bytes=execution.io_bytes,
        byte_hops=execution.byte_hops,
        optimality_gap=round(latency / bounds.largest, 4),
        peak_buffer_bytes=peaks[peak_pe],
        peak_buffer_pe=peak_pe,
        peak_buffer_by_pe=peaks,
        energy_nj=round(sum(energy.values()), 3),
        energy_parts_nj={component: round(part, 6) for component, part in energy.items()},
        **static,
    )


def _placements(module: ModuleOp) -> dict[str, Placement]:
    """The places of every layer's tiles over all stages."""
    parts: dict[str, list[Placement]] = {}
    for stage in module.ops:
        if isinstance(stage, PxbStageOp):
            for name, placed in stage.placements().items():
                parts.setdefault(name, []).append(placed)
    return {name: Placement.joined(several).by_tile() for name, several in parts.items()}


def layer_metrics(
    node: Node, placed: Placement, accelerator: Accelerator, execution: Execution | None
) -> LayerMetrics:
    """Work and places of one layer."""
    layer, grid = node.layer, node.grid
    assert layer is not None and grid is not None
    ou = accelerator.ou
    rows, cells = placed.extents(layer, grid, accelerator)
    at = grid.coordinates(placed.tiles)
    bits = np.array([np.diff(grid.bit_range(layer, bit)).item() for bit in range(grid.ib)])
    slices = (-(-bits // ou.dac_bits))[at.bit]
    windows = np.array([len(grid.copy_windows(layer, copy)) for copy in range(grid.iw)])
    passes = slices * windows[at.copy]
    row_parts, column_parts = -(-rows // ou.wordlines), -(-cells // ou.bitlines)
    operations = int((passes * row_parts * column_parts).sum())
    crossbars = len(np.unique(placed.crossbars))
    busy = None
    if execution is not None:
        operations = execution.operations[node.name]
        busy = round(operations * ou.cycles / (crossbars * execution.finished[0]), 6)
    several = f"{layer.matrices} of " if layer.matrices > 1 else ""
    return LayerMetrics(
        name=node.name,
        matrix=f"{several}{layer.rows}x{layer.columns}",
        grid=f"{grid.hwm}x{grid.wwm}x{grid.iw}x{grid.ib}",
        tiles=len(placed.tiles),
        crossbars=crossbars,
        cells=int((rows * cells).sum()),
        ou_operations=operations,
        dac_conversions=int((passes * rows * column_parts).sum()),
        adc_conversions=int((passes * cells * row_parts).sum()),
        cell_reads=int((passes * rows * cells).sum()),
        lossless=OuArithmetic.of(accelerator).lossless(tallest_tile(node)),
        busy_share=busy,
    )


def tallest_tile(node: Node) -> int:
    """The most rows of a tile of a layer."""
    layer, grid = node.layer, node.grid
    assert layer is not None and grid is not None
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
