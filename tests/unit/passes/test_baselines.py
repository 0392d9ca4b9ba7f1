"""The baselines ISAAC and HitM: copies by hand, against bisection and against exhaustive search."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.deployed import parsed

from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.packings import ExclusivePacking
from spatem_ir.passes.partition.strategies.hitm import (
    fastest_pipeline,
    partition_hitm,
    throughput_copies,
)
from spatem_ir.passes.partition.strategies.isaac import partition_isaac, proportional_copies
from spatem_ir.passes.partition.strategies.isaac_stride import stride_demands
from spatem_ir.passes.partition.whole_crossbars import WholeCrossbars, whole_crossbars
from spatem_ir.support.errors import SpatemError

TINY = load_accelerator("tiny")


def with_crossbars(crossbars: int) -> Accelerator:
    """The tiny accelerator with so many crossbars."""
    chip = replace(TINY.chip, pe_rows=1, pe_columns=crossbars)
    return replace(
        TINY,
        chip=chip,
        pe=replace(TINY.pe, compute_units=1),
        cu=replace(
            TINY.cu, crossbars=1, input_register_bytes=TINY.components.compute_unit.operand_bytes
        ),
    )


def conv(name: str, rows: int, columns: int, windows: int, matrices: int = 1) -> Layer:
    """A 1 x 1 convolution of weights of one cell."""
    shape = (matrices * rows, 1, windows)
    return Layer(name, shape, matrices * columns, Window((1, 1)), matrices, weight_bits=2)


@st.composite
def networks(draw: st.DrawFn) -> list[Layer]:
    return [
        conv(
            f"layer{n}",
            draw(st.integers(1, 40)),
            draw(st.integers(1, 20)),
            draw(st.integers(1, 12)),
            draw(st.integers(1, 3)),
        )
        for n in range(draw(st.integers(1, 3)))
    ]


def copies_of(layers: list[Layer], accelerator: Accelerator) -> dict[str, list[int]]:
    """Copies of each layer, by strategy."""
    return {
        name: [grid.iw for grid in partition(layers, accelerator, Deal.CYCLIC)[0].grids]
        for name, partition in (("isaac", partition_isaac), ("hitm", partition_hitm))
    }


def periods(mapped: list[WholeCrossbars], choices: tuple[int, ...] | list[int]) -> list[int]:
    return [int(layer.periods[choice]) for layer, choice in zip(mapped, choices, strict=True)]


def crossbars(mapped: list[WholeCrossbars], choices: tuple[int, ...] | list[int]) -> int:
    return sum(
        layer.crossbars * int(layer.copies[choice])
        for layer, choice in zip(mapped, choices, strict=True)
    )


def test_copies_in_proportion_to_work() -> None:
    """Windows 12 and 6 of equal tiles: two copies of the first for each of the second."""
    layers = [conv("a", 16, 16, 12), conv("b", 16, 16, 6)]
    assert copies_of(layers, with_crossbars(9))["isaac"] == [6, 3]
    # a fourth window a turn needs 12 / 3 = 4 and 6 / 4 → 2 turns: 4 + 2 crossbars
    assert copies_of(layers, with_crossbars(8))["isaac"] == [4, 2]
    assert copies_of(layers, with_crossbars(100)) == {"isaac": [12, 6], "hitm": [12, 6]}
    assert copies_of(layers, with_crossbars(2)) == {"isaac": [1, 1], "hitm": [1, 1]}


def test_crossbars_left_over_shorten_the_slowest_layer_they_can() -> None:
    """The first layer (one window) limits the pipeline: the second need not be faster, but may."""
    layers = [conv("a", 16, 64, 1), conv("b", 16, 16, 4)]
    mapped = whole_crossbars(layers, with_crossbars(6))
    assert [layer.crossbars for layer in mapped] == [4, 1]
    assert periods(mapped, [0, 0]) == [128, 512]
    assert copies_of(layers, with_crossbars(6))["hitm"] == [1, 2]
    assert copies_of(layers, with_crossbars(8))["hitm"] == [1, 4]
    narrow = whole_crossbars([conv("a", 16, 16, 1), conv("b", 4, 4, 4)], with_crossbars(5))
    assert periods(narrow, [0, 0]) == [128, 32]
    assert fastest_pipeline(narrow, 5) == [0, 0]
    assert periods(narrow, throughput_copies(narrow, 5)) == [128, 8]


def test_matrices_share_the_crossbars_of_a_copy() -> None:
    """Eight matrices of 16 x 4 cells: four to a crossbar, so two crossbars take four turns."""
    (layer,) = whole_crossbars([conv("groups", 16, 4, 3, matrices=8)], TINY)
    one = whole_crossbars([conv("one", 16, 4, 3)], TINY)[0]
    assert (layer.crossbars, layer.operations) == (2, 4 * one.operations)


@examples(60)
@given(networks(), st.integers(1, 30))
def test_throughput_is_that_of_the_bisection_on_the_bottleneck(
    layers: list[Layer], number: int
) -> None:
    """R_l = ⌈W_l / ⌊τ / t_l⌋⌉ copies keep a bottleneck time τ; the least τ that fits is optimal."""
    try:
        mapped = whole_crossbars(layers, with_crossbars(number))
    except SpatemError:
        return
    low, high = 0, max(layer.operations for layer in mapped)
    while high - low > 1:
        tau = (low + high) // 2
        needed = 0
        for layer, mapping in zip(layers, mapped, strict=True):
            turns = tau // (mapping.operations // layer.windows)
            needed += mapping.crossbars * -(-layer.windows // turns) if turns else number + 1
        low, high = (low, tau) if needed <= number else (tau, high)
    assert max(periods(mapped, fastest_pipeline(mapped, number))) == high
    assert max(periods(mapped, throughput_copies(mapped, number))) == high


@examples(60)
@given(networks(), st.integers(1, 30))
def test_no_larger_factor_fits(layers: list[Layer], number: int) -> None:
    """Raising the factor until one more layer gets more copies would need too many crossbars."""
    try:
        mapped = whole_crossbars(layers, with_crossbars(number))
    except SpatemError:
        return
    shares = [layer.operations for layer in mapped]
    choices = proportional_copies(mapped, shares, number)
    assert crossbars(mapped, choices) <= number
    factors = [
        layer.copies[choice + 1] / share
        for layer, choice, share in zip(mapped, choices, shares, strict=True)
        if choice + 1 < len(layer.copies)
    ]
    if not factors:
        return
    larger = min(factors) * (1 + 1e-12)
    more = [
        max(n for n, copies in enumerate(layer.copies) if n == 0 or copies <= larger * share)
        for layer, share in zip(mapped, shares, strict=True)
    ]
    assert crossbars(mapped, more) > number


@examples(40)
@given(networks(), st.integers(1, 30))
def test_baselines_fit_in_crossbars_of_their_own(layers: list[Layer], number: int) -> None:
    accelerator = with_crossbars(number)
    for partition in (partition_isaac, partition_hitm):
        try:
            strategies = partition(layers, accelerator, Deal.CYCLIC)
        except SpatemError as error:
            assert "one copy of each layer in crossbars of its own needs" in str(error)
            continue
        grids = list(strategies[0].grids)
        assert ExclusivePacking(accelerator).placements(layers, grids) is not None
        tiles = [strategy.tiles(layers) for strategy in strategies]
        assert tiles == sorted(set(tiles), reverse=True)
        assert all(count > number for count in tiles[:-1])


@examples(30)
@given(networks(), st.integers(1, 12))
def test_throughput_is_that_of_exhaustive_search(layers: list[Layer], number: int) -> None:
    try:
        mapped = whole_crossbars(layers, with_crossbars(number))
    except SpatemError:
        return
    best = min(
        max(periods(mapped, choices))
        for choices in product(*(range(len(layer.copies)) for layer in mapped))
        if crossbars(mapped, choices) <= number
    )
    assert max(periods(mapped, fastest_pipeline(mapped, number))) == best


STRIDES = """
cnn.network @net(%x: tensor<1x17x17xui8>) {
  %a = cnn.conv @a %x <1x1> weights #cnn.seeded<0, tensor<2x1x1x1xsi2>> scale 0.5
      : tensor<1x17x17xui8> -> tensor<2x17x17xui8>
  %p = cnn.max_pool @p %a <3x3, strides 2x2> : tensor<2x17x17xui8> -> tensor<2x8x8xui8>
  %b = cnn.conv @b %p <2x2, strides 2x2> weights #cnn.seeded<1, tensor<2x2x2x2xsi2>> scale 0.5
      : tensor<2x8x8xui8> -> tensor<2x4x4xui8>
  %c = cnn.conv @c %p <2x2, strides 2x2> weights #cnn.seeded<2, tensor<2x2x2x2xsi2>> scale 0.5
      : tensor<2x8x8xui8> -> tensor<2x4x4xui8>
  %d = cnn.conv @d %c <2x2, strides 2x1> weights #cnn.seeded<3, tensor<2x2x2x2xsi2>> scale 0.5
      : tensor<2x4x4xui8> -> tensor<2x2x3xui8>
  cnn.output %b, %d : tensor<2x4x4xui8>, tensor<2x2x3xui8>
}
"""


@pytest.mark.parametrize(("pooling", "expected"), [(True, [32, 1, 2, 1]), (False, [8, 1, 2, 1])])
def test_demands_follow_the_strides_from_back_to_front(pooling: bool, expected: list[int]) -> None:
    """@d demands 2 · 1 of @c, @c 2 · 2 · 2 of @a, which the pooling makes four times as many."""
    module = parsed(STRIDES)
    ops = [op for op in module.walk() if isinstance(op, WeightLayerOp)]
    assert stride_demands(ops, pooling_strides=pooling) == expected
