"""When data will be ready: an ideal schedule of the network without contention.

The input arrives in raster order; a window can start when its last activation is there; each copy
of a layer works through its windows one after the other.  The estimate orders visits (pass
`order`); it is not the machine model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.network.position_reads import PositionReads
from spatem_ir.geometry.shapes.deals import collected, dealt
from spatem_ir.geometry.shapes.grid import Deal, Grid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

Times = NDArray[np.int64]


def ready_times(
    dataflow: Dataflow,
    accelerator: Accelerator,
    *,
    in_rounds: bool = False,
    not_before: Mapping[int, Times] | None = None,
) -> dict[str, Times]:
    """The cycle in which the operand of each window of each layer is ready.

    `in_rounds` makes the copies of a layer keep step: a round, one window per copy, starts when
    the last of its operands is there.  All copies then have the same ready times.  `not_before`
    says, for some nodes by number, when each position may begin; these times never decrease.

    Returns, by layer name, an array of shape [matrices, windows].
    """
    ready: dict[str, Times] = {}
    finished: dict[int, Times] = {}
    for node in dataflow.nodes:
        begin = np.zeros(node.positions, np.int64)
        if not_before is not None:
            begin = not_before.get(node.number, begin)
        match node.kind:
            case NodeKind.INPUT:
                finished[node.number] = _input_times(node, begin, accelerator)
            case NodeKind.LAYER:
                ready[node.name], finished[node.number] = _layer_times(
                    dataflow, node, finished, begin, accelerator, in_rounds
                )
            case _:
                finished[node.number] = _operator_times(dataflow, node, finished, begin)
    return ready


def _input_times(node: Node, begin: Times, accelerator: Accelerator) -> Times:
    """When each position of an input has entered, none of which may begin earlier: [positions]."""
    byte = (np.arange(node.positions) + 1) * node.shape[0] * node.bits // 8
    times = accelerator.components.port.cycles(byte)
    before = np.append(0, byte[:-1]) // accelerator.components.port.bytes_per_cycle
    return times + np.maximum.accumulate((begin - before).clip(min=0))


def _operator_times(
    dataflow: Dataflow, node: Node, finished: dict[int, Times], begin: Times
) -> Times:
    """The time of the latest element that each position of a digital operator reads: [positions].

    Padding is there at time 0; no position begins before `begin`.
    """
    latest = begin
    for operand, reach in zip(node.operands, node.reaches, strict=True):
        times = dataflow.over_channels(operand, finished, np.maximum)
        reads = PositionReads.along(reach.rows, reach.columns)
        latest = np.maximum(latest, reads.latest(times))
    return latest


def _layer_times(
    dataflow: Dataflow,
    node: Node,
    finished: dict[int, Times],
    begin: Times,
    accelerator: Accelerator,
    in_rounds: bool,
) -> tuple[Times, Times]:
    """Ready times [matrices, windows] of a layer and finish times [positions] of its output."""
    layer, grid = node.partitioned
    times = dataflow.over_channels(node.operands[0], finished, np.maximum)
    reads = PositionReads.along(*layer.window.axes(*layer.input_shape[1:]))
    by_position = np.maximum(reads.latest(times), begin)
    of_windows = grid.positions_by_matrix(layer)
    ready = by_position[of_windows]
    if in_rounds:
        ready = _by_round(ready, grid)
    units = accelerator.components.compute_unit
    operations = grid.visit_operations(layer, grid.coordinates(0), accelerator)
    done = _in_sequence(ready, units.visit_cycles(operations), layer, grid)
    output = np.zeros(node.positions, np.int64)
    np.maximum.at(output, of_windows, done + units.pipeline_cycles)
    return ready, output


def _by_round(ready: Times, grid: Grid) -> Times:
    """Ready times of which the windows of a round, one per copy, all have the latest."""
    windows = np.arange(ready.shape[1])
    if grid.deal is Deal.CYCLIC:
        rounds = windows // grid.iw
    else:
        rounds = windows % -(-len(windows) // grid.iw)
    latest = np.zeros(rounds.max() + 1, np.int64)
    np.maximum.at(latest, rounds, ready.max(axis=0))
    return np.broadcast_to(latest[rounds], ready.shape)


def _in_sequence(ready: Times, visit: int, layer: Layer, grid: Grid) -> Times:
    """Finish times of windows that each copy visits in ascending order, `visit` cycles each.

    A window starts when it is ready and its copy has finished the window before:
    finish(j) = max over m ≤ j of (ready(m) − m · visit) + (j + 1) · visit.
    """
    shares = dealt(ready, layer, grid)
    turn = np.arange(shares.shape[1])
    done = np.maximum.accumulate(shares - turn * visit, axis=1) + (turn + 1) * visit
    return collected(done, layer, grid)
