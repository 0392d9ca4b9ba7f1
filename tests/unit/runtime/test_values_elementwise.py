"""Element-wise operators on reals and on codes of several widths, against numpy."""

from __future__ import annotations

from collections.abc import Callable
from math import exp

import numpy as np
import pytest
from differential.text import parsed
from numpy.typing import NDArray
from unit.runtime.evaluation import (
    EVERY_CODE,
    SI4,
    SI8,
    SI16,
    UI4,
    UI8,
    UI16,
    Array,
    coded,
    codes,
    constant,
    real,
    reals,
    result_of,
)

from spatem_ir.dialects.cnn.attributes import Quantization
from spatem_ir.numerics.codes import storage_dtype
from spatem_ir.runtime.interpreter import execute
from spatem_ir.support.errors import SpatemError

f32 = np.float32
Function = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def sigmoid(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.array([1 / (1 + exp(-value)) for value in values.ravel().tolist()], f32).reshape(
        values.shape
    )


SAME_CODE: dict[str, Function] = {
    "cnn.relu @f %a": lambda x: np.maximum(x, f32(0)),
    "cnn.clip @f %a from -1.23 to 0.77": lambda x: np.clip(x, f32(-1.23), f32(0.77)),
    "cnn.clip @f %a from 0.1": lambda x: np.maximum(x, f32(0.1)),
    "cnn.clip @f %a to 0.1": lambda x: np.minimum(x, f32(0.1)),
    "cnn.clip @f %a from -1000.0 to 1000.0": lambda x: x,
    "cnn.clip @f %a": lambda x: x,
    "cnn.identity @f %a": lambda x: x,
}
OTHER_CODE: dict[str, Function] = {
    "cnn.leaky_relu @f %a slope 0.1": lambda x: np.where(x < 0, f32(0.1) * x, x),
    "cnn.leaky_relu @f %a slope -0.5": lambda x: np.where(x < 0, f32(-0.5) * x, x),
    "cnn.sigmoid @f %a": sigmoid,
}
TARGETS = (UI8, SI4, SI16)


def all_codes(code: Quantization) -> Array:
    """All codes of a width, in an odd order, as one image of 2 channels."""
    numbers = np.arange(code.minimum, code.maximum + 1)
    return np.roll(numbers, 5).reshape(1, 2, -1)


@pytest.mark.parametrize("text", [*SAME_CODE, *OTHER_CODE])
def test_functions_of_reals(text: str) -> None:
    values = reals(0, 3, 5, 4)
    result = result_of(text, (values, None), target=None)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, {**SAME_CODE, **OTHER_CODE}[text](values))


@pytest.mark.parametrize("code", EVERY_CODE)
@pytest.mark.parametrize("text", SAME_CODE)
def test_functions_that_keep_the_code_are_exact_on_codes(text: str, code: Quantization) -> None:
    """Bounds are quantised once; that is the same as to bound the reals."""
    values = all_codes(code)
    result = result_of(text, (values, code), target=code)
    assert result.dtype == storage_dtype(code)
    np.testing.assert_array_equal(result, coded(SAME_CODE[text](real(values, code)), code))


@pytest.mark.parametrize("source", EVERY_CODE)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("text", [*OTHER_CODE, "cnn.requantize @f %a"])
def test_functions_of_codes(text: str, source: Quantization, target: Quantization) -> None:
    values = all_codes(source)
    function = OTHER_CODE.get(text, lambda x: x)
    result = result_of(text, (values, source), target=target)
    assert result.dtype == storage_dtype(target)
    np.testing.assert_array_equal(result, coded(function(real(values, source)), target))


def test_sigmoid_of_large_values_does_not_overflow() -> None:
    values = np.array([[-1e30, -200, 0, 200, 1e30]], f32)
    assert result_of("cnn.sigmoid @f %a", (values, None), target=None).tolist() == [
        [0, 0, 0.5, 1, 1]
    ]


SCALE, SHIFT = np.array([2, -0.3, 0.7], f32), np.array([0.1, 3, -4], f32)
AFFINE = f"cnn.affine @f %a scale {constant(SCALE)} shift {constant(SHIFT)}"


@pytest.mark.parametrize("rest", [(), (4,), (4, 5)])
def test_affine_has_a_scale_and_a_shift_for_each_channel(rest: tuple[int, ...]) -> None:
    scale, shift = (array.reshape(3, *[1] * len(rest)) for array in (SCALE, SHIFT))
    values = reals(1, 2, 3, *rest)
    result = result_of(AFFINE, (values, None), target=None)
    np.testing.assert_array_equal(result, values * scale + shift)
    for source, target in ((UI8, SI8), (SI4, UI4), (UI16, UI8), (SI8, SI16)):
        values = codes(2, source, 2, 3, *rest)
        result = result_of(AFFINE, (values, source), target=target)
        expected = coded(real(values, source) * scale + shift, target)
        np.testing.assert_array_equal(result, expected)


def test_parameters_that_are_missing_are_named() -> None:
    lost = '#cnn.file<"lost.npz", "scale", "0123456789abcdef", tensor<3xf32>>'
    with pytest.raises(SpatemError, match=r"lost\.npz: weights file not found"):
        result_of(
            f"cnn.affine @f %a scale {lost} shift {lost}", (reals(1, 2, 3), None), target=None
        )


SHAPES = [
    [(3, 4, 5), (3, 4, 5)],
    [(3, 4, 5), (3, 1, 1)],
    [(1, 4, 1), (3, 1, 5)],
    [(7,), (1,)],
]


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize(("left", "right"), [(UI8, SI8), (SI4, UI16), (UI8, UI8)])
@pytest.mark.parametrize("target", TARGETS)
def test_sums_and_products_repeat_extents_of_one(
    shapes: list[tuple[int, ...]], left: Quantization, right: Quantization, target: Quantization
) -> None:
    a, b = reals(3, 2, *shapes[0]), reals(4, 2, *shapes[1])
    sums = result_of("cnn.add @f %a, %b", (a, None), (b, None), target=None)
    np.testing.assert_array_equal(sums, a + b)
    products = result_of("cnn.mul @f %a, %b", (a, None), (b, None), target=None)
    np.testing.assert_array_equal(products, a * b)

    a, b = codes(3, left, 2, *shapes[0]), codes(4, right, 2, *shapes[1])
    sums = result_of("cnn.add @f %a, %b", (a, left), (b, right), target=target)
    np.testing.assert_array_equal(sums, coded(real(a, left) + real(b, right), target))
    products = result_of("cnn.mul @f %a, %b", (a, left), (b, right), target=target)
    exact = ((a - left.zero_point) * (b - right.zero_point)).astype(f32)
    steps = exact * (f32(left.scale) * f32(right.scale) / f32(target.scale))
    expected = np.rint(steps + f32(target.zero_point)).astype(np.int64)
    np.testing.assert_array_equal(products, np.clip(expected, target.minimum, target.maximum))


def test_sums_of_three_are_added_from_left_to_right() -> None:
    large, small = f32(2**24), f32(1)
    values = [np.full((1, 1), value, f32) for value in (large, small, small)]
    forwards = result_of("cnn.add @f %a, %b, %c", *((v, None) for v in values), target=None)
    backwards = result_of("cnn.add @f %c, %b, %a", *((v, None) for v in values), target=None)
    assert (forwards.item(), backwards.item()) == (large, large + 2)


def test_a_sum_of_one_is_that_one_under_the_other_code() -> None:
    values = all_codes(UI8)
    result = result_of("cnn.add @f %a", (values, UI8), target=SI8)
    np.testing.assert_array_equal(result, coded(real(values, UI8), SI8))


def test_every_operand_is_delivered() -> None:
    module = parsed("""
      cnn.network @net(%a: tensor<2x2xui8>, %b: tensor<2x2xui8>) {
        %y = cnn.add @sum %a, %b : tensor<2x2xui8>, tensor<2x2xui8> -> tensor<2x2xui8>
        cnn.output %y : tensor<2x2xui8>
      }""")
    a, b = np.full((1, 2, 2), 10, np.uint8), np.full((1, 2, 2), 1, np.uint8)
    (complete,) = execute(module, [a, b])
    assert complete.tolist() == [[[11, 11], [11, 11]]]
