"""Assignment: every virtual crossbar on a physical one of its own, near PEs first."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from differential.machines import machines
from differential.networks import Network, networks
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from unit.passes.deployed import applied, network_on

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.vxb import VxbStageOp
from spatem_ir.geometry.placing.clustering import cluster, cluster_neighbours, crossbar_incidence
from spatem_ir.geometry.shapes.ranks import rank_within
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.assign import (
    METHODS,
    NEVER,
    AssignPass,
    clusters,
    home_sequence,
    shortest_period,
)
from spatem_ir.passes.pack import PackPass
from spatem_ir.passes.partition.partition import PartitionPass

TINY = load_accelerator("tiny")


def test_pes_in_ascending_distance_from_the_port() -> None:
    wide = replace(TINY, chip=replace(TINY.chip, pe_rows=3, pe_columns=4))
    # rows of four PEs; distances 0, 1, 2, 3 / 1, 2, 3, 4 / 2, 3, 4, 5
    near = wide.components.interconnect.pes_by_distance
    assert near.tolist() == [0, 1, 4, 2, 5, 8, 3, 6, 9, 7, 10, 11]


@given(st.lists(st.integers(0, 2), min_size=1, max_size=9), st.integers(1, 3))
def test_shortest_period(items: list[int], repeats: int) -> None:
    several = items * repeats + items[:1]
    periods = [p for p in range(1, len(several) + 1) if several[p:] == several[: len(several) - p]]
    assert shortest_period(several) == periods[0]


def test_ranks_within_clusters() -> None:
    assert rank_within(np.array([1, 0, 1, 1, 0, 2])).tolist() == [0, 0, 1, 2, 1, 0]


@pytest.mark.parametrize(
    ("table", "pattern"),
    [
        ([[4, 4, 4]], [4]),
        ([[0, 1, 0, 1, 0]], [0, 1]),
        ([[0, 1, 1, 0]], [0, 1, 1]),
        ([[5, 5, 5], [7, 7, 7]], [5, 7]),
        ([[5, 5, 5], [7, 7, 8]], [5, 5, 5, 7, 7, 8]),
    ],
)
def test_homes_are_written_as_the_shortest_pattern(
    table: list[list[int]], pattern: list[int]
) -> None:
    assert list(home_sequence(np.array(table))) == pattern


@st.composite
def home_tables(draw: st.DrawFn) -> np.ndarray:
    slices, positions = draw(st.integers(1, 3)), draw(st.integers(1, 8))
    pes = st.lists(st.integers(0, 1), min_size=positions, max_size=positions)
    return np.array(draw(st.lists(pes, min_size=slices, max_size=slices)))


@examples(80)
@given(home_tables())
def test_a_pattern_of_homes_gives_the_table_again(table: np.ndarray) -> None:
    slices, positions = table.shape
    pattern = np.array(list(home_sequence(table))).reshape(slices, -1)
    np.testing.assert_array_equal(pattern[:, np.arange(positions) % pattern.shape[1]], table)


def unused(accelerator: Accelerator) -> NDArray[np.int64]:
    """Of each crossbar, the last stage that has used it: none has."""
    return np.full(accelerator.crossbars, NEVER)


@examples(15)
@given(networks(), machines(), st.sampled_from(METHODS))
def test_physical_crossbars_exist_and_are_used_once(
    network: Network, machine: Accelerator, method: str
) -> None:
    module = network_on(network, machine, slack=2)
    applied(module, [PartitionPass(), PackPass()])
    stage = next(op for op in module.ops if isinstance(op, VxbStageOp))
    accelerator = accelerator_of(module)
    physical = AssignPass(method=method).physical_crossbars(
        dataflow_of(module), stage.placements(), accelerator, unused(accelerator)
    )
    assert len(set(physical.tolist())) == len(physical)
    assert physical.min() >= 0
    assert physical.max() < accelerator.crossbars


@examples(15)
@given(networks(), machines(), st.booleans())
def test_clusters_of_crossbars_come_into_one_cu_and_clusters_of_cus_into_one_pe(
    network: Network, machine: Accelerator, gather: bool
) -> None:
    module = network_on(network, machine, slack=2)
    applied(module, [PartitionPass(), PackPass(gather=gather)])
    stage = next(op for op in module.ops if isinstance(op, VxbStageOp))
    accelerator, dataflow = accelerator_of(module), dataflow_of(module)
    virtual = stage.placements()
    physical = AssignPass().physical_crossbars(dataflow, virtual, accelerator, unused(accelerator))
    unit_of, pe_of = clusters(dataflow, virtual, len(physical), accelerator)
    pes = physical // accelerator.crossbars_per_pe
    near = accelerator.components.interconnect.pes_by_distance
    cus = physical // accelerator.cu.crossbars
    for crossbar in range(len(physical)):
        same_unit = unit_of == unit_of[crossbar]
        assert (same_unit == (cus == cus[crossbar])).all()
        assert pes[crossbar] == near[pe_of[unit_of[crossbar]]]


@examples(25)
@given(networks(), machines(), st.booleans())
def test_no_other_way_of_merging_lets_fewer_partial_sums_leave_a_pe(
    network: Network, machine: Accelerator, gather: bool
) -> None:
    module = network_on(network, machine, slack=2)
    applied(module, [PartitionPass(), PackPass(gather=gather)])
    stage = next(op for op in module.ops if isinstance(op, VxbStageOp))
    accelerator, dataflow = accelerator_of(module), dataflow_of(module)
    virtual = stage.placements()
    count = 1 + max(int(placed.crossbars.max()) for placed in virtual.values())
    sum_bytes = accelerator.components.accumulation.sum_bytes
    crossbars = crossbar_incidence(dataflow, virtual, count, sum_bytes)

    def bytes_sent(unit_of: np.ndarray, pe_of: np.ndarray) -> int:
        pes = pe_of[unit_of]
        return crossbars.merged(pes, int(pes.max()) + 1).sum_bytes_held

    chosen = bytes_sent(*clusters(dataflow, virtual, count, accelerator))
    assert chosen >= crossbars.least_sum_bytes(accelerator.crossbars_per_pe)
    for merge_units, merge_pes in product((cluster, cluster_neighbours), repeat=2):
        unit_of = merge_units(crossbars, accelerator.cu.crossbars)
        units = crossbars.merged(unit_of, int(unit_of.max()) + 1)
        assert chosen <= bytes_sent(unit_of, merge_pes(units, accelerator.pe.compute_units))
