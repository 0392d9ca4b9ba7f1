"""Tables of a program that are made of tables of other deployments are the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from unit.runtime.machine.random_programs import at_random, through_the_passes
from xdsl.dialects.builtin import ModuleOp

import spatem_ir as sp
from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou.programs import programs_of
from spatem_ir.geometry.network.waits import Wait
from spatem_ir.runtime.machine.reference.program import only_stage

pytest.importorskip("numba")

from spatem_ir.runtime.machine.fast.elaborate import rows
from spatem_ir.runtime.machine.fast.elaborate.program import (
    FastProgram,
    elaborated,
    elaborated_module,
    fast_program_of,
    reordered,
)
from spatem_ir.runtime.machine.fast.elaborate.rows import KnownRows


def elaborated_again(module: ModuleOp, known: KnownRows) -> FastProgram:
    """The program of a module, with tables that are known."""
    return elaborated_module(module, known)[1]


def arrays(program: FastProgram) -> Iterator[np.ndarray]:
    """All arrays of a program."""
    own = (program.crossbars, program.order, program.slot_reads, program.instance_reads)
    waiting = (program.watched_positions, program.watched_slices)
    tables = [table for table in program.tables if isinstance(table, np.ndarray)]
    yield from (*tables, *own, *waiting)


def expect_equal(one: FastProgram, other: FastProgram) -> None:
    """Check that two programs are the same."""
    assert one.meetings == other.meetings
    for left, right in zip(arrays(one), arrays(other), strict=True):
        assert left.dtype == right.dtype
        assert left.shape == right.shape
        for name in left.dtype.names or [...]:
            assert np.array_equal(left[name], right[name])


def lenet_deployments() -> list[ModuleOp]:
    """Different deployments of one network: in some of them layers are cut in the same way."""
    strategies = ("isaac", "minimum", "isaac-stride", "isaac")
    return [sp.compile("lenet", strategy=strategy).module for strategy in strategies]


def test_deployments_of_one_network_share_what_they_have_in_common() -> None:
    known = KnownRows()
    for module in lenet_deployments():
        expect_equal(elaborated_again(module, known), fast_program_of(module))


@pytest.mark.parametrize("seed", range(8))
def test_a_program_in_another_order_takes_over_the_rest(seed: int) -> None:
    module = through_the_passes(Random(seed))
    stage, dataflow = only_stage(module), dataflow_of(module)
    backwards = [
        replace(program, bursts=program.bursts[::-1], windows=program.windows[::-1])
        for program in programs_of(stage, dataflow)
    ]
    held = [
        Wait(node.number, layer.number, np.minimum(np.arange(node.positions), layer.positions))
        for node in dataflow.inputs
        for layer in dataflow.layers[:1]
    ]
    anew = elaborated(
        dataflow,
        accelerator_of(module),
        homes=stage.placed().homes(dataflow),
        programs=backwards,
        merges=stage.merges,
        waits=held,
    )
    expect_equal(reordered(fast_program_of(module), backwards, held), anew)


def test_what_is_known_is_not_worked_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    known, module = KnownRows(), lenet_deployments()[0]
    first = elaborated_again(module, known)
    monkeypatch.setattr(rows, "distinct_pieces", None)
    expect_equal(elaborated_again(module, known), first)


@pytest.mark.parametrize("seed", range(12))
def test_deployments_of_several_networks_are_told_apart(seed: int) -> None:
    known = KnownRows()
    for number in range(3):
        module = (through_the_passes, at_random)[seed % 2](Random(100 * seed + number))
        expect_equal(elaborated_again(module, known), fast_program_of(module))


@pytest.mark.parametrize("seed", range(6))
def test_operands_of_many_windows_are_looked_at_in_stretches(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = (through_the_passes, at_random)[seed % 2](Random(seed))
    at_once = fast_program_of(module)
    monkeypatch.setattr(rows, "ELEMENTS_AT_A_TIME", 40)
    expect_equal(fast_program_of(module), at_once)
