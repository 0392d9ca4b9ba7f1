"""Fixed-point requantisation against exact fractions."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from differential.text import parsed
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from unit.runtime.evaluation import SI4, SI8, SI16, UI8, Array, constant, tensor

from spatem_ir.dialects.cnn.attributes import Quantization
from spatem_ir.numerics.requantization import MULTIPLIER_LIMIT, fixed_point_product
from spatem_ir.runtime.interpreter import execute
from spatem_ir.support.errors import SpatemError

f32 = np.float32
SUMS = st.integers(-(2**31), 2**31 - 1)
MULTIPLIERS = st.floats(0, 1.0, width=32) | st.floats(0, float(2**29), width=32)


def rounded(total: int, multiplier: np.float32) -> int:
    """⌊total · multiplier + ½⌋."""
    return floor(total * Fraction(float(multiplier)) + Fraction(1, 2))


@given(SUMS, MULTIPLIERS)
def test_products_are_exact_and_halves_go_up(total: int, multiplier: float) -> None:
    (product,) = fixed_point_product(np.array([total], np.int32), np.array([multiplier], f32))
    assert product == rounded(total, f32(multiplier))


@pytest.mark.parametrize("total", [-(2**31), -(2**31) + 1, -3, -1, 0, 1, 3, 2**31 - 1])
def test_products_at_the_ends_of_the_range(total: int) -> None:
    largest = np.nextafter(f32(MULTIPLIER_LIMIT), f32(0))
    multipliers = [0, 1e-45, 2**-33, 2**-32, 2**-31, 0.5, 1, 1.5, 2**29, largest]
    products = fixed_point_product(np.array(total, np.int32), np.array(multipliers, f32))
    assert products.tolist() == [rounded(total, f32(multiplier)) for multiplier in multipliers]


DENSE = """
  cnn.network @net(%x: {input}) {{
    %y = {op} @fc %x {window} weights dense<{weights}> : tensor<{outputs}x2xsi8>
      scale {scale} {mode} {grid} : {input} -> {output}
    cnn.output %y : {output}
  }}"""


def dense(
    images: Array,
    weights: Array,
    scale: str,
    target: Quantization,
    *,
    mode: str = 'requantize "fixed-point"',
    level: str = "cnn",
) -> NDArray[np.integer]:
    """A dense layer on codes `SI8`."""
    outputs = len(weights)
    at_mvm = level == "mvm"
    grid = f"matrix 2x{outputs} windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 2, tile 1x4>"
    text = DENSE.format(
        op="mvm.layer" if at_mvm else "cnn.dense",
        window="<1x1>" if at_mvm else "",
        grid=grid if at_mvm else "",
        input=tensor((2,), SI8),
        output=tensor((outputs,), target),
        weights=weights.tolist(),
        outputs=outputs,
        scale=scale,
        mode=mode,
    )
    (result,) = execute(parsed(text), [images])
    return result


@pytest.mark.parametrize("target", [UI8, SI4, SI16])
@pytest.mark.parametrize("level", ["cnn", "mvm"])
def test_layers_requantise_with_one_multiplier_for_each_channel(
    target: Quantization, level: str
) -> None:
    rng = np.random.default_rng(0)
    images, weights = rng.integers(-128, 128, (50, 2)), rng.integers(-128, 128, (4, 2))
    scales = np.array([0.001, 0.03, 0.0123, 0.2], f32)
    result = dense(images, weights, constant(scales), target, level=level)
    multipliers = f32(SI8.scale) * scales / f32(target.scale)
    sums = (images - SI8.zero_point) @ weights.T
    codes = [
        [
            rounded(int(total), m) + target.zero_point
            for total, m in zip(row, multipliers, strict=True)
        ]
        for row in sums
    ]
    np.testing.assert_array_equal(result, np.clip(codes, target.minimum, target.maximum))


def test_it_differs_from_the_float32_product_at_halves() -> None:
    """Sums 1, 3, 5 and -1, -3, -5, halved."""
    weights = np.array([[1, 0], [3, 0], [5, 0], [-1, 0], [-3, 0], [-5, 0]])
    images = np.array([[1 + SI8.zero_point, SI8.zero_point]])
    target = Quantization(8, signed=True, scale=2 * SI8.scale, zero_point=0)
    assert dense(images, weights, "1.0", target).tolist() == [[1, 2, 3, 0, -1, -2]]
    by_default = [[0, 2, 2, 0, -2, -2]]
    assert dense(images, weights, "1.0", target, mode="").tolist() == by_default
    float32 = 'requantize "f32-half-even"'
    assert dense(images, weights, "1.0", target, mode=float32).tolist() == by_default


def test_a_multiplier_without_a_fixed_point_form_is_refused() -> None:
    message = r"cnn\.dense @fc: its scales give the multiplier 6e\+09; .* use a larger output scale"
    target = Quantization(8, signed=True, scale=SI8.scale, zero_point=0)
    with pytest.raises(SpatemError, match=message):
        dense(np.zeros((1, 2), np.int8), np.ones((1, 2), np.int8), "6.0e+09", target)
