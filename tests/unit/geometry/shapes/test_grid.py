"""Grids: tile numbers, exact cover of rows, columns, windows and bits, and limits of a machine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.geometry.strategies import partitions

from spatem_ir.geometry.shapes.grid import Deal, Grid, TileCoordinates, operand_bytes, ou_operations
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator

CASES = partitions()
ROW_OF_PIXELS = Layer("conv", (1, 1, 4), 2, Window((1, 1)))
"""One matrix of 1 x 2 with 4 windows and 8 input bits."""


@pytest.fixture
def tiny() -> Accelerator:
    return load_accelerator("tiny")


@given(CASES)
def test_coordinates_and_number_are_inverse(case: tuple[Layer, Grid]) -> None:
    layer, grid = case
    numbers = range(grid.tiles(layer))
    assert [grid.number(grid.coordinates(tile)) for tile in numbers] == list(numbers)
    at = grid.coordinates(np.array(numbers))
    assert grid.number(at).tolist() == list(numbers)
    assert np.array(at).T.tolist() == [list(grid.coordinates(tile)) for tile in numbers]


@given(CASES)
def test_tiles_are_numbered_copy_major(case: tuple[Layer, Grid]) -> None:
    layer, grid = case
    assert [grid.coordinates(tile) for tile in range(grid.tiles(layer))] == [
        TileCoordinates(matrix, copy, column, row, bit)
        for matrix in range(grid.matrices(layer))
        for copy in range(grid.iw)
        for column in range(grid.wwm)
        for row in range(grid.hwm)
        for bit in range(grid.ib)
    ]


@given(CASES)
def test_parts_cover_every_axis_once(case: tuple[Layer, Grid]) -> None:
    layer, grid = case
    for part_of, parts, extent in (
        (grid.row_range, grid.hwm, layer.rows),
        (grid.column_range, grid.wwm, layer.columns),
        (grid.bit_range, grid.ib, layer.input_bits),
    ):
        ranges = [range(*part_of(layer, part)) for part in range(parts)]
        assert all(ranges)
        assert [index for part in ranges for index in part] == list(range(extent))


@given(CASES)
def test_matrices_and_their_operands_and_results_are_joined_in_sequence(
    case: tuple[Layer, Grid],
) -> None:
    layer, grid = case
    matrices = range(grid.matrices(layer))
    blocks = [grid.blocks(layer, matrix) for matrix in matrices]
    assert sum(blocks) == layer.matrices
    assert max(blocks) == grid.joined
    elements = [grid.operand_elements(layer, matrix) for matrix in matrices]
    single = [layer.operand_elements(matrix) for matrix in range(layer.matrices)]
    if layer.region is None:
        joined = np.concatenate(elements, axis=1)
        assert joined.tolist() == np.concatenate(single, axis=1).tolist()
    for tile in range(grid.tiles(layer)):
        at = grid.coordinates(tile)
        height, width = grid.extents(layer, at)
        assert elements[at.matrix][:, grid.operand_part(at.row)].shape[1] == height
        first, last = grid.bit_range(layer, at.bit)
        assert grid.operand_bytes(layer, at) == operand_bytes(height, last - first)
        sizes = np.diff([*grid.slices(layer), layer.out_channels])
        values = sizes[grid.slice_of(layer, at.matrix, at.column)]
        assert values == grid.blocks(layer, at.matrix) * width


@given(CASES)
def test_windows_are_dealt_to_copies_once(case: tuple[Layer, Grid]) -> None:
    layer, grid = case
    dealt = [grid.copy_windows(layer, copy) for copy in range(grid.iw)]
    assert all(dealt)
    assert sorted(w for share in dealt for w in share) == list(range(layer.windows))
    assert grid.window_counts(layer).tolist() == [len(share) for share in dealt]
    assert max(map(len, dealt)) == grid.windows_per_copy(layer)
    copies = grid.copy_of_window(layer, np.arange(layer.windows)).tolist()
    assert all(copies[window] == copy for copy, share in enumerate(dealt) for window in share)
    for copy, share in enumerate(dealt):
        turns = np.arange(len(share))
        assert grid.dealt_window(layer, np.full_like(turns, copy), turns).tolist() == list(share)


def test_both_deals() -> None:
    layer = replace(ROW_OF_PIXELS, input_shape=(1, 1, 5))
    cyclic = Grid(1, 1, 2, 1, 1, 2)
    blocks = replace(cyclic, deal=Deal.BLOCKS)
    assert [list(cyclic.copy_windows(layer, copy)) for copy in (0, 1)] == [[0, 2, 4], [1, 3]]
    assert [list(blocks.copy_windows(layer, copy)) for copy in (0, 1)] == [[0, 1, 2], [3, 4]]


@given(CASES)
def test_a_partition_has_no_problem(case: tuple[Layer, Grid]) -> None:
    layer, grid = case
    assert grid.problem(layer, None) is None


@given(
    CASES,
    st.sampled_from(["hwm", "wwm", "iw", "ib", "tile_rows", "tile_columns"]),
    st.integers(1, 20),
)
def test_problem_finds_what_is_no_partition(
    case: tuple[Layer, Grid], field: str, value: int
) -> None:
    layer, grid = case
    grid = replace(grid, **{field: value})
    axes = [
        ([range(*grid.row_range(layer, r)) for r in range(grid.hwm)], layer.rows),
        ([range(*grid.column_range(layer, c)) for c in range(grid.wwm)], layer.columns),
        ([grid.copy_windows(layer, c) for c in range(grid.iw)], layer.windows),
        ([range(*grid.bit_range(layer, b)) for b in range(grid.ib)], layer.input_bits),
    ]
    is_partition = all(all(parts) and sum(map(len, parts)) == n for parts, n in axes)
    if grid.joined > 1:
        is_partition &= (grid.tile_rows, grid.tile_columns) == (layer.rows, layer.columns)
    assert (grid.problem(layer, None) is None) == is_partition


@pytest.mark.parametrize(
    ("grid", "problem"),
    [
        (Grid(2, 1, 1, 1, 1, 2), "hwm = 2 parts of 1 do not cut 1 without empty parts"),
        (Grid(1, 2, 1, 1, 1, 2), "wwm = 2 parts of 2 do not cut 2 without empty parts"),
        (Grid(1, 1, 5, 1, 1, 2), "iw = 5 parts of 1 do not cut 4 without empty parts"),
        (Grid(1, 1, 3, 1, 1, 2, Deal.BLOCKS), "iw = 3 parts of 2 do not cut 4 without empty parts"),
        (Grid(1, 1, 1, 5, 1, 2), "ib = 5 parts of 2 do not cut 8 without empty parts"),
        (Grid(1, 1, 3, 4, 1, 2), None),
    ],
)
def test_text_of_a_problem(grid: Grid, problem: str | None) -> None:
    assert grid.problem(ROW_OF_PIXELS, None) == problem


def test_tile_larger_than_a_crossbar(tiny: Accelerator) -> None:
    tall = Layer("fc", (17, 1, 1), 1, Window((1, 1)), weight_bits=2)
    wide = Layer("fc", (1, 1, 1), 5, Window((1, 1)), weight_bits=8)
    assert Grid(1, 1, 1, 1, 17, 1).problem(tall, tiny) == (
        "a tile of 17 x 1 cells exceeds a crossbar of 16 x 16"
    )
    assert Grid(1, 1, 1, 1, 1, 5).problem(wide, tiny) == (
        "a tile of 1 x 20 cells exceeds a crossbar of 16 x 16"
    )
    assert Grid(2, 1, 1, 1, 16, 1).problem(tall, tiny) is None
    assert Grid(1, 2, 1, 1, 1, 4).problem(wide, tiny) is None


def test_operand_larger_than_the_register_share(tiny: Accelerator) -> None:
    narrow = replace(tiny, cu=replace(tiny.cu, input_register_bytes=30))
    layer = Layer("fc", (16, 1, 1), 1, Window((1, 1)), weight_bits=2)
    assert Grid(1, 1, 1, 1, 16, 1).problem(layer, narrow) == (
        "a tile's operand of 16 bytes exceeds a crossbar's input register share of 15 bytes"
    )
    assert Grid(2, 1, 1, 1, 15, 1).problem(layer, narrow) is None
    assert Grid(1, 1, 1, 2, 16, 1).problem(layer, narrow) is None


@pytest.mark.parametrize(
    ("rows", "bits", "size"), [(1, 1, 1), (8, 1, 1), (9, 1, 2), (9, 8, 9), (3, 3, 2)]
)
def test_operands_are_packed(rows: int, bits: int, size: int) -> None:
    assert operand_bytes(rows, bits) == size


@given(*[st.integers(1, 40)] * 2, *[st.integers(1, 16)] * 2, *[st.integers(1, 5)] * 3)
def test_ou_operations_against_loops(
    rows: int, columns: int, weight_bits: int, bits: int, wordlines: int, bitlines: int, dac: int
) -> None:
    tiny = load_accelerator("tiny")
    machine = replace(
        tiny, ou=replace(tiny.ou, wordlines=wordlines, bitlines=bitlines, dac_bits=dac)
    )
    cells = columns * len(range(0, weight_bits, machine.crossbar.bits_per_cell))
    operations = [
        (row, column, bit)
        for row in range(0, rows, wordlines)
        for column in range(0, cells, bitlines)
        for bit in range(0, bits, dac)
    ]
    assert ou_operations(machine, rows, columns, weight_bits, bits) == len(operations)


def test_operation_units_start_at_each_matrix(tiny: Accelerator) -> None:
    layer = Layer("conv", (5, 3, 3), 5, Window((3, 3)), groups=5, weight_bits=8)
    grid = Grid(1, 1, 1, 2, 9, 1, joined=2)
    operations = [
        grid.visit_operations(layer, grid.coordinates(tile), tiny)
        for tile in range(grid.tiles(layer))
    ]
    # 9 rows x 4 cells in operation units of 4 x 4, 4 bits each: two matrices, two, and one
    assert operations == [24, 24, 24, 24, 12, 12]
    together = grid.visit_operations(layer, grid.coordinates(np.arange(6)), tiny)
    assert together.tolist() == operations


def test_ou_operations_of_a_full_isaac_crossbar() -> None:
    isaac = load_accelerator("isaac-ou")
    assert ou_operations(isaac, 128, 128, weight_bits=2, bits=8) == 15 * 16 * 8
