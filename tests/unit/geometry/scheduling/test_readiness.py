"""Ready times against a direct simulation of the ideal schedule, window by window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from differential.machines import machines, with_crossbars
from differential.networks import Network, build, networks
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from xdsl.context import Context

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind, Operand
from spatem_ir.geometry.scheduling.readiness import ready_times
from spatem_ir.geometry.shapes.grid import Deal, Grid, ou_operations
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.partition.partition import PartitionPass

TINY = load_accelerator("tiny")


def simulated(dataflow: Dataflow, accelerator: Accelerator) -> dict[str, list[list[int]]]:
    """Ready times [matrices][windows] of each layer, in direct loops over positions and windows."""
    ready: dict[str, list[list[int]]] = {}
    finished: list[list[int]] = []
    for node in dataflow.nodes:
        if node.kind is NodeKind.INPUT:
            bits = node.shape[0] * node.bits
            times = [
                -(-((position + 1) * bits // 8) // accelerator.io.bytes_per_cycle)
                for position in range(node.positions)
            ]
            finished.append(times)
        elif node.kind is NodeKind.LAYER:
            ready[node.name] = layer_ready(node, operand(dataflow, node, finished))
            finished.append(layer_finished(node, ready[node.name], accelerator))
        else:
            finished.append(operator_finished(node, elements_finished(dataflow, node, finished)))
    return ready


def elements_finished(dataflow: Dataflow, node: Node, finished: list[list[int]]) -> list[int]:
    """When each element of a node's operands is there, one operand after the other."""
    times = []
    for operand in node.operands:
        elements = [
            time
            for source in operand.sources
            for _ in range(dataflow.nodes[source].shape[0])
            for time in finished[source]
        ]
        order = range(len(elements)) if operand.order is None else operand.order
        times += [elements[number] for number in order]
    return times


def operand(dataflow: Dataflow, node: Node, finished: list[list[int]]) -> list[int]:
    """When all channels of each position of a layer's operand are there."""
    elements = elements_finished(dataflow, node, finished)
    positions = node.operands[0].positions
    return [max(elements[position::positions]) for position in range(positions)]


def layer_ready(node: Node, times: list[int]) -> list[list[int]]:
    """When the last activation of each window of each matrix is there."""
    layer, grid = node.partitioned
    positions = layer.window.positions(*layer.input_shape[1:])
    return [
        [
            max([times[element] for element in positions[position] if element >= 0], default=0)
            for position in layer.window_positions(matrix)
        ]
        for matrix in range(grid.matrices(layer))
    ]


def layer_finished(node: Node, ready: list[list[int]], accelerator: Accelerator) -> list[int]:
    """Each copy visits its windows in order, each as soon as it is ready and the last has ended."""
    layer, grid = node.partitioned
    operations = ou_operations(
        accelerator, grid.tile_rows, grid.tile_columns, layer.weight_bits, grid.tile_bits(layer)
    )
    operations *= grid.joined
    times = [0] * node.positions
    for matrix in range(grid.matrices(layer)):
        positions = layer.window_positions(matrix)
        for copy in range(grid.iw):
            free = 0
            for window in grid.copy_windows(layer, copy):
                free = max(free, ready[matrix][window]) + operations * accelerator.ou.cycles
                position = int(positions[window])
                valid = free + accelerator.ou.pipeline_cycles
                times[position] = max(times[position], valid)
    return times


def operator_finished(node: Node, times: list[int]) -> list[int]:
    """An operator is done when the last element that it reads is there; it takes no time."""
    latest = [0] * node.positions
    for part in range(len(node.slices)):
        for position, elements in enumerate(node.operand_windows(part).tolist()):
            read = [times[element] for element in elements if element >= 0]
            latest[position] = max([latest[position], *read])
    return latest


def partitioned(network: Network, accelerator: Accelerator, *passes: PartitionPass) -> Dataflow:
    module, _ = build(network)
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)
    for step in passes:
        step.apply(Context(), module)
    return dataflow_of(module)


@examples(60)
@given(networks(), machines(), st.sampled_from(["spatem", "minimum"]), st.sampled_from(Deal))
def test_ready_times_are_those_of_a_direct_simulation(
    network: Network, machine: Accelerator, strategy: str, deal: Deal
) -> None:
    machine = with_crossbars(machine, 1024)
    dataflow = partitioned(network, machine, PartitionPass(f"{strategy}{{deal={deal}}}"))
    expected = simulated(dataflow, machine)
    ready = ready_times(dataflow, machine)
    assert {name: times.tolist() for name, times in ready.items()} == expected


@examples(30)
@given(networks(), machines(), st.sampled_from(Deal))
def test_in_rounds_all_copies_are_ready_at_once_and_not_before_they_would_be_alone(
    network: Network, machine: Accelerator, deal: Deal
) -> None:
    machine = with_crossbars(machine, 1024)
    dataflow = partitioned(network, machine, PartitionPass(f"spatem{{deal={deal}}}"))
    alone, rounds = (
        ready_times(dataflow, machine, in_rounds=in_rounds) for in_rounds in (False, True)
    )
    for node in dataflow.layers:
        layer, grid, times = node.layer, node.grid, rounds[node.name]
        assert layer is not None and grid is not None
        assert (times >= alone[node.name]).all()
        shares = [times[:, np.array(grid.copy_windows(layer, c))] for c in range(grid.iw)]
        for share in shares:
            assert (share == shares[0][0, : share.shape[1]]).all()


def test_an_input_arrives_in_raster_order_and_copies_work_side_by_side() -> None:
    """4 bytes a cycle: a position of 8 bytes every second cycle; a visit takes 4 · 8 cycles."""
    layer = Layer("conv", (8, 1, 5), 4, Window((1, 1)), weight_bits=2)
    grid = Grid(hwm=2, wwm=1, iw=2, ib=1, tile_rows=4, tile_columns=4)
    reader = Layer("next", (4, 1, 5), 4, Window((1, 2)), weight_bits=2)
    once = Grid(hwm=4, wwm=1, iw=1, ib=1, tile_rows=2, tile_columns=4)
    image, conv = Operand((0,), (8, 1, 5)), Operand((1,), (4, 1, 5))
    cyclic = Dataflow(
        (
            Node(0, "input", NodeKind.INPUT, (8, 1, 5), 8, (0,)),
            Node(1, "conv", NodeKind.LAYER, (4, 1, 5), 8, (0,), (image,), layer=layer, grid=grid),
            Node(2, "next", NodeKind.LAYER, (4, 1, 4), 8, (0,), (conv,), layer=reader, grid=once),
        )
    )
    ready = ready_times(cyclic, TINY)
    assert ready["conv"].tolist() == [[2, 4, 6, 8, 10]]
    # windows finish at 2 + 32, 4 + 32, 2 + 64, 4 + 64, 2 + 96, valid one cycle later
    assert ready["next"].tolist() == [[37, 67, 69, 99]]
    blocks = replace(cyclic.nodes[1], grid=replace(grid, deal=Deal.BLOCKS))
    ready = ready_times(Dataflow((cyclic.nodes[0], blocks, cyclic.nodes[2])), TINY)
    # the first copy finishes at 34, 66, 98, the second at 8 + 32 and 72
    assert ready["next"].tolist() == [[67, 99, 99, 73]]


def test_a_window_of_padding_only_is_ready_at_once() -> None:
    layer = Layer("conv", (1, 1, 1), 1, Window((1, 1), pads=(0, 2, 0, 0)), weight_bits=2)
    grid = Grid(hwm=1, wwm=1, iw=1, ib=1, tile_rows=1, tile_columns=1)
    pixel = Operand((0,), (1, 1, 1))
    nodes = (
        Node(0, "input", NodeKind.INPUT, (1, 1, 1), 8, (0,)),
        Node(1, "conv", NodeKind.LAYER, (1, 1, 3), 8, (0,), (pixel,), layer=layer, grid=grid),
    )
    times = ready_times(Dataflow(nodes), TINY)["conv"]
    assert times.dtype == np.int64
    assert times.tolist() == [[0, 0, 1]]
