"""Lower bounds: by hand, and never above what the machine takes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from differential.dealt import ANYWHERE, dealt
from differential.machines import machines
from differential.networks import Network, networks
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.geometry.strategies import partitions
from unit.passes.deployed import applied, network_on, parsed, randomly_placed
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.geometry.bounds.bounds import LowerBounds, lower_bounds
from spatem_ir.geometry.bounds.loads import row_operations, window_operations
from spatem_ir.geometry.shapes.grid import Deal, Grid, ou_operations
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.assign import AssignPass
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.pack import PackPass
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of

TINY = load_accelerator("tiny")

DENSE = """
cnn.network @net(%x: tensor<8xui8>) {
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<12x8xsi2>> scale 0.5 : tensor<8xui8> -> tensor<12xui8>
  cnn.output %y : tensor<12xui8>
}
"""  # noqa: E501

CHAIN = """
cnn.network @net(%x: tensor<4x1x6xui8>) {
  %a = cnn.conv @a %x <1x2> weights #cnn.seeded<0, tensor<4x4x1x2xsi2>> scale 0.5 : tensor<4x1x6xui8> -> tensor<4x1x5xui8>
  %relu = cnn.relu @relu %a : tensor<4x1x5xui8> -> tensor<4x1x5xui8>
  %pool = cnn.max_pool @pool %relu <1x3, strides 1x2> : tensor<4x1x5xui8> -> tensor<4x1x2xui8>
  cnn.output %pool : tensor<4x1x2xui8>
}
"""  # noqa: E501


def step(contributions_cycles: int, operations: int = 1) -> int:
    """A fetch of a cycle, operations, the pipeline, merging and an activation on `tiny`."""
    return 1 + operations * TINY.ou.cycles + TINY.ou.pipeline_cycles + contributions_cycles + 1


def bounds_of(text: str, accelerator: Accelerator) -> LowerBounds:
    module = applied(parsed(text, accelerator), [PartitionPass(strategy="minimum")])
    return lower_bounds(dataflow_of(module), accelerator)


def test_a_dense_layer() -> None:
    """2 x 3 OUs for 8 bits; 8 bytes in, one layer, 12 bytes out, 4 bytes a cycle.

    The results of 2 row parts of a bit each, 16 in all, merge in 7 cycles.
    """
    bounds = bounds_of(DENSE, TINY)
    assert bounds.by_name["work"] == 2 * 3 * 8 * TINY.ou.cycles // TINY.crossbars
    assert bounds.by_name["path"] == 2 + step(7) + 3
    assert bounds.largest == max(bounds.by_name.values()) >= bounds.by_name["path"]


def test_work_is_rounded_up() -> None:
    one_pe = replace(TINY, chip=replace(TINY.chip, pe_rows=1, pe_columns=1))
    three = replace(
        one_pe, cu=replace(one_pe.cu, crossbars=3), pe=replace(one_pe.pe, compute_units=1)
    )
    assert bounds_of(DENSE, three).by_name["work"] == 64
    five = replace(three, cu=replace(three.cu, crossbars=5))
    assert bounds_of(DENSE, five).by_name["work"] == 4 * 10


def test_a_chain_waits_for_the_last_activation_of_a_window() -> None:
    """Position p is there in cycle p + 1; windows of two, then of three positions.

    From a window's last position 8 results may be left to merge, from its first one 16 are.
    """
    pool = 3
    last = max(6 + step(5), 5 + step(7)) + 1 + pool
    # the last window needs position 5; its output of 4 bytes takes one cycle
    assert bounds_of(CHAIN, TINY).by_name["path"] == last + 1
    slow = replace(TINY, io=replace(TINY.io, bytes_per_cycle=1))
    # the first pooled value needs positions 0 to 3, all 8 output bytes follow; the last needs
    # all 24 input bytes
    first, last = 16 + step(5) + 1 + pool, 24 + step(5) + 1 + pool
    assert bounds_of(CHAIN, slow).by_name["path"] == max(first + 8, last + 1)


RESIDUAL = """
cnn.network @net(%x: tensor<4x1x6xui8>) {
  %a = cnn.conv @a %x <1x1> weights #cnn.seeded<0, tensor<4x4x1x1xsi2>> scale 0.5 : tensor<4x1x6xui8> -> tensor<4x1x6xui8>
  %b = cnn.conv @b %a <1x1> weights #cnn.seeded<0, tensor<4x4x1x1xsi2>> scale 0.5 : tensor<4x1x6xui8> -> tensor<4x1x6xui8>
  OPERATOR
  cnn.output %s : tensor<4x1x6xui8>
}
"""  # noqa: E501


@pytest.mark.parametrize(
    ("operator", "values"),
    [
        ("cnn.add @s %b, %a, %x : TYPE, TYPE, TYPE", 3),
        ("cnn.lrn @s %b size 3 alpha 1.0 beta 1.0 bias 1.0 : TYPE", 2),
        ("cnn.softmax @s %b axis 0 : TYPE", 4),
        ("cnn.softmax @s %b axis 2 : TYPE", 6),
    ],
)
def test_an_operator_waits_for_its_latest_operand_and_reads_all(operator: str, values: int) -> None:
    """The last position, there in cycle 6, passes two layers and then the operator's values.

    The fewest channels that a local response normalisation reads are the two at the edge.
    """
    operator = f"%s = {operator} -> TYPE".replace("TYPE", "tensor<4x1x6xui8>")
    layers = 2 * step(5)
    bounds = bounds_of(RESIDUAL.replace("OPERATOR", operator), TINY)
    first = 6 if "axis 2" in operator else 1
    assert bounds.by_name["path"] == max(6 + layers + values + 1, first + layers + values + 6)
    fast = replace(TINY, pe=replace(TINY.pe, activations_per_cycle=8))
    bounds = bounds_of(RESIDUAL.replace("OPERATOR", operator), fast)
    assert bounds.by_name["path"] == max(6 + layers + 1 + 1, first + layers + 1 + 6)


def test_padding_is_there_from_the_start() -> None:
    """All 24 bytes of output leave once the input has entered in a cycle."""
    padded = """
    cnn.network @net(%x: tensor<4x1x1xui8>) {
      %s = cnn.pad @s %x before [0, 0, 3] after [0, 0, 2] value 0.0 : tensor<4x1x1xui8> -> tensor<4x1x6xui8>
      cnn.output %s : tensor<4x1x6xui8>
    }
    """  # noqa: E501
    assert lower_bounds(dataflow_of(parsed(padded)), TINY).by_name["path"] == 1 + 6


@examples(80)
@given(partitions())
def test_no_grid_needs_fewer_operations(case: tuple[Layer, Grid]) -> None:
    layer, grid = case
    operations = 0
    for tile in range(grid.tiles(layer)):
        at = grid.coordinates(tile)
        rows, columns, bits = (
            last - first
            for first, last in (
                grid.row_range(layer, at.row),
                grid.column_range(layer, at.column),
                grid.bit_range(layer, at.bit),
            )
        )
        visit = ou_operations(TINY, rows, columns, layer.weight_bits, bits)
        operations += grid.blocks(layer, at.matrix) * visit * len(grid.copy_windows(layer, at.copy))
    assert layer.positions * window_operations(layer, TINY) <= operations


def test_least_operations_of_several_matrices() -> None:
    layer = Layer("conv", (8, 3, 3), 6, Window((2, 2)), groups=2, input_bits=3, weight_bits=4)
    # 2 matrices of 16 x 3 weights of 2 cells, 3 bits
    assert window_operations(layer, TINY) == 2 * (4 * 2 * 3)
    assert row_operations(layer, TINY, 6) == 2 * (2 * 3)
    assert row_operations(layer, TINY, 1) == 1 * 3


@examples(25)
@given(
    networks(),
    machines(),
    st.sampled_from(ANYWHERE),
    st.sampled_from(Deal),
    st.integers(1, 3),
    st.sampled_from(Dispatch),
)
def test_bounds_are_below_the_simulated_latency(
    network: Network,
    machine: Accelerator,
    strategy: str,
    deal: Deal,
    slack: int,
    dispatch: Dispatch,
) -> None:
    module = network_on(network, machine, slack)
    passes = [PartitionPass(dealt(strategy, deal)), PackPass(), AssignPass(), OrderPass()]
    applied(module, passes)
    expect_bounded(module, dispatch)


@examples(25)
@given(networks(), machines(), st.integers(0, 2**32 - 1), st.sampled_from(Dispatch))
def test_bounds_hold_for_any_deployment(
    network: Network, machine: Accelerator, seed: int, dispatch: Dispatch
) -> None:
    module = applied(randomly_placed(network, machine, seed), [OrderPass()])
    expect_bounded(module, dispatch)


def expect_bounded(module: ModuleOp, dispatch: Dispatch) -> None:
    """No bound of the network is above the latency of a program."""
    bounds = lower_bounds(dataflow_of(module, alone=True), accelerator_of(module))
    latency = ReferenceEngine(program_of(module), dispatch=dispatch).run().finished[0]
    assert 0 < bounds.largest <= latency


@pytest.mark.parametrize(("work", "path"), [(5, 7), (7, 5)])
def test_the_largest_bound_counts(work: int, path: int) -> None:
    bounds = LowerBounds({"work": work, "path": path})
    assert (bounds.largest, bounds.name) == (7, "path" if path == 7 else "work")


SPLIT = """
cnn.network @net(%x: tensor<4x1x6xui8>) {
  %a = cnn.conv @a %x <1x1> weights #cnn.seeded<0, tensor<4x4x1x1xsi2>> scale 0.5 : tensor<4x1x6xui8> -> tensor<4x1x6xui8>
  %g = cnn.gather %a dimension 0 indices FIRST : tensor<4x1x6xui8> -> tensor<2x1x6xui8>
  %h = cnn.gather %a dimension 0 indices 2 to 4 : tensor<4x1x6xui8> -> tensor<2x1x6xui8>
  %b = cnn.conv @b %g <1x1> weights #cnn.seeded<0, tensor<2x2x1x1xsi2>> scale 0.5 : tensor<2x1x6xui8> -> tensor<2x1x6xui8>
  %c = cnn.concat %b, %h : tensor<2x1x6xui8>, tensor<2x1x6xui8> -> tensor<4x1x6xui8>
  cnn.output %c : tensor<4x1x6xui8>
}
"""  # noqa: E501
"""Two channels of a layer go through another one, two around it."""


@pytest.mark.parametrize(("first", "windows"), [("0 to 2", 12), ("2 to 4", 6)])
def test_readers_of_some_channels_each(first: str, windows: int) -> None:
    """A window of 8 bits counts if all of its channels are read, by whomever, and not otherwise."""
    one = replace(
        TINY,
        chip=replace(TINY.chip, pe_rows=1, pe_columns=1),
        pe=replace(TINY.pe, compute_units=1),
        cu=replace(TINY.cu, crossbars=1),
    )
    bounds = bounds_of(SPLIT.replace("FIRST", first), one)
    assert bounds.by_name["work"] == windows * 8 * TINY.ou.cycles
