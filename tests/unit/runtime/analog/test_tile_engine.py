"""The tile engine: every formulation, compiled or not, gives what the definitions say."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import cast

import numpy as np
import pytest
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from unit.runtime.analog.tiles import (
    ForcedEngine,
    Task,
    integer_sums,
    possible_formulations,
    tasks,
)

from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.hardware.parameters import AdcMode
from spatem_ir.runtime.analog import numba_kernels, numpy_kernels
from spatem_ir.runtime.analog.arithmetic import OuArithmetic
from spatem_ir.runtime.analog.default_kernels import default_kernels
from spatem_ir.runtime.analog.kernels import Kernels, OuShape
from spatem_ir.runtime.analog.tile_engine import Formulation, Operation, TileEngine

KERNELS: list[ModuleType] = [numba_kernels, numpy_kernels]


def in_all_ways(task: Task) -> Iterator[tuple[str, NDArray[np.int32]]]:
    for module in KERNELS:
        for way in possible_formulations(task.arithmetic, len(task.inputs)):
            engine = ForcedEngine(task.arithmetic, way, cast("Kernels", module))
            yield f"{way} {module.__name__}", engine.sums(task.cells, task.sent)


@examples(120)
@given(tasks())
def test_every_formulation_gives_what_the_definitions_say(task: Task) -> None:
    expected = task.expected()
    for way, sums in in_all_ways(task):
        np.testing.assert_array_equal(sums, expected, err_msg=way)


@examples(60)
@given(tasks())
def test_ideal_cells_and_lossless_converters_give_the_integer_product(task: Task) -> None:
    analog = replace(
        task.machine.analog,
        adc_mode=AdcMode.CLIP,
        cell_sigma=0.0,
        stuck_at_zero=0.0,
        stuck_at_one=0.0,
        read_noise=0.0,
    )
    ou = replace(task.machine.ou, adc_bits=task.machine.lossless_adc_bits)
    task = replace(task, machine=replace(task.machine, ou=ou, analog=analog))
    assert task.arithmetic.exact(len(task.inputs))
    expected = integer_sums(task)
    for way, sums in in_all_ways(task):
        np.testing.assert_array_equal(sums, expected, err_msg=way)


def operations_of(task: Task) -> list[Operation]:
    """The operations of a whole visit, for operation units of three bitlines."""
    rows, bitlines = task.cells.levels.shape
    ou = task.machine.ou
    return [
        Operation(
            np.arange(row, min(row + ou.wordlines, rows)),
            np.arange(column, min(column + 3, bitlines)),
            np.array(task.bits[first : first + ou.dac_bits]),
        )
        for first in range(0, len(task.bits), ou.dac_bits)
        for row in range(0, rows, ou.wordlines)
        for column in range(0, bitlines, 3)
    ]


@examples(60)
@given(tasks(), st.randoms(use_true_random=False))
def test_operations_that_are_spelled_out_give_the_sums_of_the_visit(
    task: Task, random: object
) -> None:
    operations = operations_of(task)
    random.shuffle(operations)  # type: ignore[attr-defined]
    engine = TileEngine(task.arithmetic)
    sums = engine.operation_sums(task.cells, task.sent, operations)
    np.testing.assert_array_equal(sums, task.expected())
    np.testing.assert_array_equal(sums, engine.sums(task.cells, task.sent))


@examples(40)
@given(tasks(), st.data())
def test_windows_and_images_can_be_computed_apart(task: Task, data: st.DataObject) -> None:
    """Noise belongs to the window and to the image, however many are computed together."""
    engine = TileEngine(task.arithmetic)
    together = engine.sums(task.cells, task.sent)
    _, windows, images = task.inputs.shape
    chosen = np.array(data.draw(st.lists(st.integers(0, windows - 1), min_size=1)))
    some = engine.sums(task.cells, task.sent.at(chosen))
    np.testing.assert_array_equal(some, together[:, chosen])
    image = data.draw(st.integers(0, images - 1))
    alone = replace(
        task,
        inputs=task.inputs[:, :, image : image + 1],
        first_image=task.first_image + image,
    )
    np.testing.assert_array_equal(
        engine.sums(alone.cells, alone.sent), together[:, :, image : image + 1]
    )


@examples(30)
@given(tasks(), st.integers(0, 20_000))
def test_tables_that_are_kept_and_tables_that_are_made_again_agree(task: Task, budget: int) -> None:
    """Three crossbars in turn, three times."""
    engine = TileEngine(task.arithmetic, prepared_bytes=budget)
    others = [replace(task, cells=task.cells._replace(crossbar=n)) for n in range(3)]
    expected = [other.expected() for other in others]
    for other, sums in [*zip(others, expected, strict=True)] * 3:
        np.testing.assert_array_equal(engine.sums(other.cells, other.sent), sums)
    assert sum(table.nbytes for table in engine.prepared.kept.values()) <= budget


def chosen(operand_slices: int, *, tabulated: bool = False, **analog: object) -> Formulation:
    machine = load_accelerator("isaac-ou")
    arithmetic = OuArithmetic.of(
        replace(machine, analog=replace(machine.analog, **analog))  # type: ignore[arg-type]
    )
    shape = OuShape(wordlines=9, dac_bits=1, cells=4, cell_bits=2, negative_top=False)
    return TileEngine(arithmetic).formulation(shape, operand_slices, tabulated=tabulated)


def test_a_table_is_made_where_enough_operands_use_it() -> None:
    assert chosen(127, cell_sigma=0.1) is Formulation.DIRECT
    assert chosen(127, cell_sigma=0.1, tabulated=True) is Formulation.TABLE
    assert chosen(128, cell_sigma=0.1) is Formulation.TABLE
    assert chosen(127) is Formulation.POPCOUNT
    assert chosen(128) is Formulation.TABLE
    assert chosen(10**6, read_noise=0.1) is Formulation.DIRECT


def test_larger_operation_units_need_no_table() -> None:
    machine = load_accelerator("isaac-ou")
    shape = OuShape(wordlines=11, dac_bits=1, cells=4, cell_bits=2, negative_top=False)
    engine = TileEngine(OuArithmetic.of(machine))
    assert engine.formulation(shape, 10**6, tabulated=False) is Formulation.POPCOUNT
    wide = shape._replace(wordlines=65)
    assert engine.formulation(wide, 10**6, tabulated=False) is Formulation.DIRECT


def test_without_numba_the_plain_kernels_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spatem_ir.runtime.analog.numba_kernels", None)
    assert default_kernels.__wrapped__() is numpy_kernels
    monkeypatch.undo()
    assert default_kernels.__wrapped__() is numba_kernels
