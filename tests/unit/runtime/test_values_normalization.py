"""Normalisations on reals and on codes, against their definitions in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from unit.runtime.evaluation import (
    SI8,
    SI16,
    UI4,
    UI8,
    coded,
    codes,
    constant,
    real,
    reals,
    result_of,
)

from spatem_ir.dialects.cnn.attributes import Quantization

Exact = NDArray[np.float64]
PAIRS = [(UI8, SI8), (UI4, UI8), (SI16, UI8), (SI8, SI16)]


def lrn(values: NDArray[np.float32], size: int) -> Exact:
    squares = values.astype(np.float64) ** 2
    channels = range(values.shape[1])
    sums = [
        squares[:, max(0, c - (size - 1) // 2) : c + size // 2 + 1].sum(axis=1) for c in channels
    ]
    return values / (2 + 0.3 / size * np.stack(sums, axis=1)) ** 0.75


def softmax(values: NDArray[np.float32], axis: int) -> Exact:
    powers = np.exp(values.astype(np.float64))
    return powers / powers.sum(axis=axis, keepdims=True)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 20, 2**40])
@pytest.mark.parametrize("shape", [(2, 7, 3, 4), (2, 5)])
def test_lrn_sums_the_channels_around_each_one(size: int, shape: tuple[int, ...]) -> None:
    text = f"cnn.lrn @f %a size {size} alpha 0.3 beta 0.75 bias 2.0"
    values = reals(0, *shape)
    result = result_of(text, (values, None), target=None)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, lrn(values, size), rtol=2e-6)
    for source, target in PAIRS:
        check_codes(text, source, target, shape, lambda x: lrn(x, size))


@pytest.mark.parametrize(("axis", "text"), [(1, ""), (1, "axis 0"), (2, "axis 1"), (3, "axis 2")])
def test_softmax_along_each_axis(axis: int, text: str) -> None:
    text = f"cnn.softmax @f %a {text}"
    values = reals(1, 2, 3, 4, 5)
    result = result_of(text, (values, None), target=None)
    np.testing.assert_allclose(result, softmax(values, axis), rtol=1e-6)
    np.testing.assert_allclose(result.sum(axis=axis), 1, rtol=1e-6)
    for source, target in PAIRS:
        check_codes(text, source, target, values.shape, lambda x: softmax(x, axis))


def check_codes(
    text: str,
    source: Quantization,
    target: Quantization,
    shape: tuple[int, ...],
    function: Callable[[NDArray[np.float32]], Exact],
) -> None:
    """The codes of a function of what codes stand for; one step apart where it lies between."""
    values = codes(2, source, *shape)
    result = result_of(text, (values, source), target=target)
    exact = function(real(values, source))
    difference = np.abs(result - coded(exact.astype(np.float32), target))
    between = np.abs(np.abs(exact / target.scale % 1) - 0.5) < 1e-2
    assert difference.max() <= 1
    assert not difference[~between].any()


def test_batch_norm_has_four_parameters_for_each_channel() -> None:
    scale, shift, mean = (reals(seed, 5) for seed in range(3))
    variance = np.abs(reals(3, 5))
    text = (
        f"cnn.batch_norm @f %a scale {constant(scale)} shift {constant(shift)} "
        f"mean {constant(mean)} variance {constant(variance)} epsilon 0.01"
    )
    values = reals(4, 2, 5, 3, 4)
    spread = [a.astype(np.float64)[:, None, None] for a in (scale, shift, mean, variance)]
    expected = (values - spread[2]) / np.sqrt(spread[3] + 0.01) * spread[0] + spread[1]
    result = result_of(text, (values, None), target=None)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)
