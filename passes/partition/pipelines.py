"""The network as a pipeline of layers, as the model of Li, Han and Chen sees it.

[R] What the paper has for chains of convolutions and poolings, for any network: a layer reads
others through digital operators, whose windows are followed, and through views.  A view that moves
elements to other positions, and a locally connected layer, need all of what they read.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np
from xdsl.ir import Operation

from spatem_ir.dialects.checks import feature_map
from spatem_ir.dialects.cnn import DigitalOp, ViewOp
from spatem_ir.geometry.allocation.bandwidth import Buses
from spatem_ir.geometry.allocation.pipeline import LayerPipeline, MapRead, PipelineLayer
from spatem_ir.geometry.shapes.grid import ou_operations
from spatem_ir.geometry.shapes.window import Axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xdsl.ir import SSAValue

    from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
    from spatem_ir.geometry.allocation.pipeline import Plane
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.passes.partition.strategy import Problem
    from spatem_ir.passes.partition.whole_crossbars import WholeCrossbars

    Path = tuple[int, tuple[Plane, ...]]

MOST_COLUMNS = 1 << 16
"""Columns of all layers' tables together; of more crossbars, several are counted as one."""

LONG_TRANSFER = 1 << 12
"""Bytes of a transfer by which a bus is measured, so that what it takes to begin hardly counts."""


def layer_pipeline(problem: Problem, mapped: Sequence[WholeCrossbars]) -> LayerPipeline:
    """The layers of a problem, with the crossbars that a copy of each needs."""
    walk = _WayBack(problem.ops)
    layers = []
    for op, whole in zip(problem.ops, mapped, strict=True):
        layer, candidates = op.layer, whole.candidates
        blocks = candidates.columns[0].degree
        layers.append(
            PipelineLayer(
                name=layer.name,
                results=layer.windows,
                crossbars=whole.crossbars,
                reads=walk.reads(op),
                trailing=trailing_results(op),
                channels=layer.out_channels,
                fetched=layer.matrices * layer.rows * blocks,
            )
        )
    return LayerPipeline(tuple(layers))


def crossbars_of_a_unit(layers: int, crossbars: int) -> int:
    """In how large units crossbars are counted, so that tables do not grow with both [R]."""
    return -(-layers * crossbars // MOST_COLUMNS)


def machine_buses(problem: Problem) -> Buses:
    """An accelerator as tiles and buses, times in digital cycles.

    T_C is the visit of a whole crossbar, BW_intra the port of a PE, BW_inter a link.
    """
    accelerator, layers = problem.accelerator, problem.layers
    components = accelerator.components
    port = components.compute_unit.fetch_cycles(LONG_TRANSFER, components.memory)
    link = components.interconnect.packet_cycles(LONG_TRANSFER)
    return Buses(
        tile_crossbars=accelerator.crossbars_per_pe,
        value_bytes=max(layer.input_bits for layer in layers) / 8,
        inside=LONG_TRANSFER / int(port),
        between=LONG_TRANSFER / int(link),
        compute=float(max(visit_cycles(accelerator, *_bits(problem)))),
    )


def _bits(problem: Problem) -> tuple[set[int], set[int]]:
    layers = problem.layers
    return {layer.weight_bits for layer in layers}, {layer.input_bits for layer in layers}


def visit_cycles(accelerator: Accelerator, weight_bits: set[int], bits: set[int]) -> list[int]:
    """The cycles of a visit of a whole crossbar, for weights and inputs of so many bits."""
    crossbar, units = accelerator.crossbar, accelerator.components.compute_unit
    return [
        int(
            units.visit_cycles(
                ou_operations(
                    accelerator,
                    crossbar.wordlines,
                    max(crossbar.bitlines // accelerator.cells_per_weight(each), 1),
                    each,
                    width,
                )
            )
        )
        for each in weight_bits
        for width in bits
    ]


def trailing_results(op: WeightLayerOp) -> int:
    """Results of the last rows, which read nothing that those before them do not: Wo · ⌊P / S⌋."""
    layer = op.layer
    if layer.region is not None:
        return 0
    rows, columns = layer.output_size
    bottom, stride = layer.window.pads[2], layer.window.strides[0]
    return min(bottom // stride, rows) * columns


class _WayBack:
    """From layers back to those that they read."""

    def __init__(self, ops: Sequence[WeightLayerOp]):
        self.numbers: dict[Operation, int] = {op: number for number, op in enumerate(ops)}
        self.known: dict[SSAValue, tuple[Path, ...]] = {}
        self.behind: dict[int, set[int]] = {}

    def reads(self, op: WeightLayerOp) -> tuple[MapRead, ...]:
        """What a layer reads of the layers before it.

        Not of those that another of the layers it reads depends on, in the same way and of the same
        size, as in a residual network: that one needs no less of them.
        """
        layer = op.layer
        own = layer.window.axes(*layer.input_shape[1:])
        if layer.region is not None:
            own = whole_map(layer.input_shape, layer.output_size)
        paths = self.paths(op.input)
        producers = {number for number, _ in paths}
        self.behind[self.numbers[op]] = producers.union(*map(self.behind.__getitem__, producers))
        return tuple(
            MapRead(number, (own, *planes))
            for number, planes in paths
            if not any(number in self.behind[other] and planes == way for other, way in paths)
        )

    def paths(self, value: SSAValue) -> tuple[Path, ...]:
        """The layers that a value is computed from, with the windows on the way to each."""
        if value not in self.known:
            self.known[value] = self.found(value)
        return self.known[value]

    def found(self, value: SSAValue) -> tuple[Path, ...]:
        op = value.owner
        if not isinstance(op, Operation):
            return ()
        if op in self.numbers:
            return ((self.numbers[op], ()),)
        paths: dict[Path, None] = {}
        for operand, plane in zip(op.operands, _planes(op), strict=True):
            is_identity = plane[0].is_identity and plane[1].is_identity
            before = () if is_identity else (plane,)
            for number, planes in self.paths(operand):
                paths[number, (*before, *planes)] = None
        return tuple(paths)


def _planes(op: Operation) -> list[Plane]:
    """What the positions of a result read of each operand."""
    if isinstance(op, DigitalOp) and len(feature_map(op.output)) == 3:
        return [(reach.rows, reach.columns) for reach in op.reaches()]
    result = feature_map(op.results[0])
    shapes = [feature_map(operand) for operand in op.operands]
    if all(shape[1:] == result[1:] for shape in shapes) and _keeps_positions(op, result):
        return [(Axis(shape[1], shape[1]), Axis(shape[2], shape[2])) for shape in shapes]
    return [whole_map(shape, result[1:]) for shape in shapes]


def _keeps_positions(op: Operation, result: tuple[int, int, int]) -> bool:
    """Whether elements stay at their positions, all operands having maps of the result's size."""
    order = op.element_order() if isinstance(op, ViewOp) else None
    if order is None:
        return True
    positions = result[1] * result[2]
    own = np.arange(prod(result)) % positions
    return bool((order.reshape(-1) % positions == own).all())


def whole_map(operand: tuple[int, int, int], result: tuple[int, int]) -> Plane:
    """All positions of an operand, for every position of the result."""
    _, height, width = operand
    return (
        Axis(height, result[0], kernel=height, stride=0),
        Axis(width, result[1], kernel=width, stride=0),
    )
