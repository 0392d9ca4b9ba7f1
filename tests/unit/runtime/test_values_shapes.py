"""Operators that move elements, and pooling of reals, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from unit.runtime.evaluation import (
    EVERY_CODE,
    SI8,
    UI8,
    codes,
    reals,
    result_of,
)

from spatem_ir.dialects.cnn.attributes import Quantization


@pytest.mark.parametrize("code", [None, *EVERY_CODE])
def test_padding_is_quantised_where_the_tensor_is(code: Quantization | None) -> None:
    values = reals(0, 2, 2, 3, 4) if code is None else codes(0, code, 2, 2, 3, 4)
    for value, text in ((0.0, "0.0"), (-0.71, "-0.71"), (1e9, "1.0e+09")):
        result = result_of(
            f"cnn.pad @f %a before [1, 0, 2] after [0, 3, 1] value {text}",
            (values, code),
            target=code,
            shape=(3, 6, 7),
        )
        padding = np.float32(value)
        if code is not None:
            steps = np.rint(padding / np.float32(code.scale)) + code.zero_point
            padding = np.clip(steps, code.minimum, code.maximum)
        expected = np.full((2, 3, 6, 7), padding)
        expected[:, 1:, :3, 2:6] = values
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("code", [None, UI8])
def test_transposing_permutes_the_dimensions_of_each_image(code: Quantization | None) -> None:
    values = reals(1, 2, 3, 4, 5) if code is None else codes(1, code, 2, 3, 4, 5)
    result = result_of("cnn.transpose %a [2, 0, 1]", (values, code), target=code, shape=(5, 3, 4))
    np.testing.assert_array_equal(result, np.transpose(values, (0, 3, 1, 2)))


@pytest.mark.parametrize("code", [None, SI8])
def test_views_keep_the_elements(code: Quantization | None) -> None:
    values = reals(1, 2, 3, 4) if code is None else codes(1, code, 2, 3, 4)
    result = result_of("cnn.flatten %a", (values, code), target=code, shape=(12,))
    np.testing.assert_array_equal(result, values.reshape(2, 12))
    result = result_of(
        "cnn.concat %a, %b", (values, code), (values[:, 1:], code), target=code, shape=(5, 4)
    )
    np.testing.assert_array_equal(result, np.concatenate([values, values[:, 1:]], axis=1))


def test_pooling_of_reals() -> None:
    values = reals(2, 2, 3, 4, 6)
    blocks = values.reshape(2, 3, 2, 2, 2, 3)
    window = "<2x3, strides 2x3>"
    result = result_of(f"cnn.max_pool @f %a {window}", (values, None), target=None, shape=(3, 2, 2))
    np.testing.assert_array_equal(result, blocks.max(axis=(3, 5)))
    result = result_of(
        f"cnn.average_pool @f %a {window}", (values, None), target=None, shape=(3, 2, 2)
    )
    np.testing.assert_allclose(result, blocks.mean(axis=(3, 5)), rtol=1e-5, atol=1e-6)
    result = result_of(
        "cnn.global_average_pool @f %a <4x6>", (values, None), target=None, shape=(3, 1, 1)
    )
    np.testing.assert_allclose(
        result[..., 0, 0], values.mean(axis=(2, 3), dtype=np.float64), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(("include", "expected"), [("", -3.0), ("count_include_pad", -0.75)])
def test_padding_of_reals_counts_as_zero_only_when_asked_and_never_wins(
    include: str, expected: float
) -> None:
    values = np.full((1, 1, 1, 1), -3, np.float32)
    window = "<2x2, pads [1, 1, 0, 0]>"
    for text, value in (
        (f"cnn.average_pool @f %a {window} {include}", expected),
        (f"cnn.max_pool @f %a {window}", -3.0),
    ):
        assert result_of(text, (values, None), target=None, shape=(1, 1, 1)).item() == value
