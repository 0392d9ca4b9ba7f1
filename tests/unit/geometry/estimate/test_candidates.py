"""Candidate cuts: exactly the degrees that shorten the largest part, within what fits."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from differential.machines import machines
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.geometry.strategies import layers

from spatem_ir.geometry.estimate.candidates import (
    Cut,
    joined_candidates,
    layer_candidates,
    part_cuts,
)
from spatem_ir.geometry.shapes.grid import Deal, Grid, ou_operations
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.support.errors import SpatemError


def units_of(extent: int, unit: int, scale: int) -> int:
    """Units that a part of `extent` elements takes."""
    return -(-extent * scale // unit)


@st.composite
def axes(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """The extent of an axis, the cells of a unit and of an element, and a limit."""
    extent, scale = draw(st.integers(1, 60)), draw(st.integers(1, 8))
    return extent, draw(st.integers(1, 16)), scale, draw(st.integers(1, 70))


@examples(60)
@given(axes())
def test_cuts_are_the_useful_degrees(axis: tuple[int, int, int, int]) -> None:
    """A degree is useful if no smaller one has a largest part of as few units."""
    extent, unit, scale, limit = axis
    fewest = -(-extent // min(extent, limit))
    largest = [units_of(-(-extent // degree), unit, scale) for degree in range(1, extent + 1)]
    useful = [
        degree
        for degree in range(fewest, extent + 1)
        if degree == fewest or largest[degree - 1] < largest[degree - 2]
    ]
    cuts = part_cuts(extent, unit=unit, scale=scale, limit=limit)
    assert [cut.degree for cut in cuts] == useful
    for degree, size in cuts:
        assert size <= limit
        assert -(-extent // size) == degree
        assert units_of(size, unit, scale) == largest[degree - 1]


@examples(60)
@given(axes())
def test_each_cut_has_fewer_units_per_part_than_the_one_before(
    axis: tuple[int, int, int, int],
) -> None:
    extent, unit, scale, limit = axis
    cuts = part_cuts(extent, unit=unit, scale=scale, limit=limit)
    for before, after in pairwise(cuts):
        assert after.degree > before.degree
        assert units_of(after.extent, unit, scale) < units_of(before.extent, unit, scale)


def test_parts_are_equally_large() -> None:
    """18 rows in two parts of 12 and 6 would take as many units at most as 9 and 9."""
    assert part_cuts(18, unit=4, limit=16) == (Cut(2, 9), Cut(3, 6), Cut(5, 4))


def test_elements_of_several_cells_do_not_straddle_parts() -> None:
    assert part_cuts(5, unit=4, scale=3, limit=5) == (Cut(1, 5), Cut(2, 3), Cut(3, 2), Cut(5, 1))


def reduced(layer: Layer) -> Layer:
    """The layer with no more bits than the random machines can hold."""
    return replace(
        layer, input_bits=min(layer.input_bits, 8), weight_bits=min(layer.weight_bits, 4)
    )


def largest_tile_operations(layer: Layer, grid: Grid, accelerator: Accelerator) -> int:
    """T of Algorithm 1: OU operations of the tile that has most of them."""
    visit = ou_operations(
        accelerator, grid.tile_rows, grid.tile_columns, layer.weight_bits, grid.tile_bits(layer)
    )
    return visit * grid.windows_per_copy(layer)


@examples(60)
@given(layers(), machines())
def test_raising_a_degree_always_shortens_the_largest_tile(
    layer: Layer, accelerator: Accelerator
) -> None:
    layer = reduced(layer)
    candidates = layer_candidates(layer, accelerator)
    for axis, cuts in enumerate(candidates.axes):
        operations = []
        for number in range(len(cuts)):
            choice = [0, 0, 0, 0]
            choice[axis] = number
            grid = candidates.grid(tuple(choice))
            operations.append(largest_tile_operations(layer, grid, accelerator))
        assert all(after < before for before, after in pairwise(operations))


@examples(60)
@given(layers(), machines(), st.sampled_from(Deal))
def test_every_combination_is_a_legal_grid(
    layer: Layer, accelerator: Accelerator, deal: Deal
) -> None:
    layer = reduced(layer)
    candidates = layer_candidates(layer, accelerator)
    ends = [sorted({0, len(cuts) // 2, len(cuts) - 1}) for cuts in candidates.axes]
    for choice in product(*ends):
        grid = candidates.grid(choice, deal)
        assert grid.problem(layer, accelerator) is None
        assert grid.deal is deal
        assert candidates.parts[choice] == grid.tiles(layer)


def test_minimum_mapping_is_the_first_combination() -> None:
    tiny = load_accelerator("tiny")
    layer = Layer("fc", (20, 1, 1), 18, Window((1, 1)), weight_bits=4)
    grid = layer_candidates(layer, tiny).grid((0, 0, 0, 0))
    assert grid == Grid(hwm=2, wwm=3, iw=1, ib=1, tile_rows=10, tile_columns=6)


def test_parts_of_all_combinations() -> None:
    tiny = load_accelerator("tiny")
    layer = Layer("conv", (2, 4, 4), 6, Window((2, 2)), groups=2, input_bits=2, weight_bits=2)
    candidates = layer_candidates(layer, tiny)
    assert [[cut.degree for cut in axis] for axis in candidates.axes] == [
        [1],
        [1],
        [1, 2, 3, 5, 9],
        [1, 2],
    ]
    assert candidates.parts.shape == (1, 1, 5, 2)
    np.testing.assert_array_equal(
        candidates.parts[0, 0], [[2, 4], [4, 8], [6, 12], [10, 20], [18, 36]]
    )


@examples(60)
@given(layers(), machines(), st.sampled_from(Deal))
def test_joined_candidates_are_legal_grids_of_fewer_and_fewer_matrices(
    layer: Layer, accelerator: Accelerator, deal: Deal
) -> None:
    layer = reduced(layer)
    joined = joined_candidates(layer, accelerator)
    numbers = [candidates.joined for candidates in joined]
    assert numbers == sorted(set(numbers), reverse=True)
    for candidates in joined:
        for choice in np.ndindex(candidates.parts.shape):
            grid = candidates.grid(choice, deal)
            assert grid.joined == candidates.joined > 1
            assert grid.problem(layer, accelerator) is None
            assert candidates.parts[choice] == grid.tiles(layer)


def test_joined_candidates_of_a_depthwise_layer() -> None:
    machine = load_accelerator("isaac-ou")
    layer = Layer("conv", (71, 9, 9), 71, Window((3, 3)), groups=71)
    # 14 matrices of 9 rows fit into 128 wordlines: 6 tiles, of 12 matrices at most
    assert [each.joined for each in joined_candidates(layer, machine)] == [
        *(12, 11, 9, 8, 7, 6, 5, 4, 3, 2),
    ]
    narrow = replace(machine, cu=replace(machine.cu, input_register_bytes=8 * 30))
    assert [each.joined for each in joined_candidates(layer, narrow)] == [3, 2]
    assert joined_candidates(replace(layer, groups=1), machine) == ()
    assert joined_candidates(replace(layer, out_channels=71 * 33), machine) == ()


def test_operands_fit_into_the_input_register() -> None:
    tiny = load_accelerator("tiny")
    narrow = replace(tiny, cu=replace(tiny.cu, input_register_bytes=10))
    layer = Layer("fc", (16, 1, 1), 4, Window((1, 1)))
    assert layer_candidates(layer, tiny).rows[0] == Cut(1, 16)
    assert layer_candidates(layer, narrow).rows[0] == Cut(4, 4)


@pytest.mark.parametrize(
    ("input_bits", "weight_bits"), [(8, 16), (16, 2)], ids=["weight", "activation"]
)
def test_what_no_crossbar_can_hold(input_bits: int, weight_bits: int) -> None:
    tiny = load_accelerator("tiny")
    small = replace(
        tiny,
        name="small",
        crossbar=replace(tiny.crossbar, bitlines=7),
        cu=replace(tiny.cu, input_register_bytes=2),
    )
    layer = Layer(
        "fc", (4, 1, 1), 4, Window((1, 1)), input_bits=input_bits, weight_bits=weight_bits
    )
    with pytest.raises(
        SpatemError, match=r"layer @fc: one weight of .* exceeds a crossbar of 'small'"
    ):
        layer_candidates(layer, small)
