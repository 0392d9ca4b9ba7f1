"""Operators against onnxruntime's CPU kernels: equal bits where its arithmetic is known.

Its exponential and its powers are approximations of their own; there results are close, and codes
are equal but for a few that lie between two codes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from unit.runtime.evaluation import (
    SI8,
    UI8,
    codes,
    constant,
    reals,
    result_of,
)
from unit.runtime.onnxruntime_reference import onnxruntime_result

from spatem_ir.dialects.cnn.attributes import Quantization, float32_literal

SHAPE = (3, 8, 13, 15)
A, B, C = (reals(seed, *SHAPE) for seed in range(3))
UNIT = Quantization(8, signed=False, scale=1 / 256, zero_point=0)
SCALE, SHIFT, MEAN = (reals(seed, 8) for seed in range(3, 6))
VARIANCE = np.abs(reals(6, 8)) + np.float32(0.1)


@pytest.mark.parametrize(
    ("text", "operator", "operands", "constants", "attributes"),
    [
        ("cnn.add @f %a, %b", "Add", (A, B), (), {}),
        ("cnn.add @f %a, %b, %c", "Sum", (A, B, C), (), {}),
        ("cnn.add @f %a, %b", "Add", (A, B[:, :, :1, :1]), (), {}),
        ("cnn.mul @f %a, %b", "Mul", (A[:, :1], B), (), {}),
        ("cnn.relu @f %a", "Relu", (A,), (), {}),
        ("cnn.leaky_relu @f %a slope 0.1", "LeakyRelu", (A,), (), {"alpha": 0.1}),
        (
            "cnn.clip @f %a from -1.0 to 0.3",
            "Clip",
            (A,),
            (np.array(-1, np.float32), np.array(0.3, np.float32)),
            {},
        ),
        (
            f"cnn.affine @f %a scale {constant(SCALE)} shift {constant(SHIFT)}",
            "BatchNormalization",
            (A,),
            (SCALE, SHIFT, np.zeros_like(SCALE), np.ones_like(SCALE)),
            {"epsilon": 0.0},
        ),
        (
            f"cnn.batch_norm @f %a scale {constant(SCALE)} shift {constant(SHIFT)} "
            f"mean {constant(MEAN)} variance {constant(VARIANCE)} epsilon 1.0e-05",
            "BatchNormalization",
            (A,),
            (SCALE, SHIFT, MEAN, VARIANCE),
            {"epsilon": 1e-5},
        ),
    ],
)
def test_float_operators_give_equal_bits(
    text: str,
    operator: str,
    operands: tuple[np.ndarray, ...],
    constants: tuple[np.ndarray, ...],
    attributes: dict[str, Any],
) -> None:
    pairs = [(operand, None) for operand in operands]
    expected = onnxruntime_result(operator, *pairs, constants=constants, **attributes)
    np.testing.assert_array_equal(result_of(text, *pairs, target=None), expected)


@pytest.mark.parametrize("include", [False, True])
@pytest.mark.parametrize(
    ("kernel", "strides", "pads", "dilations"),
    [
        ((3, 3), (1, 1), (0, 0, 0, 0), (1, 1)),
        ((5, 4), (2, 1), (2, 0, 1, 3), (1, 1)),
        ((2, 2), (2, 2), (0, 0, 0, 0), (1, 1)),
        ((3, 2), (1, 2), (2, 1, 0, 1), (2, 3)),
    ],
)
def test_float_pooling_gives_equal_bits(
    kernel: tuple[int, int],
    strides: tuple[int, int],
    pads: tuple[int, ...],
    dilations: tuple[int, int],
    include: bool,
) -> None:
    window = "<{}x{}, strides {}x{}, pads {}, dilations {}x{}>".format(
        *kernel, *strides, list(pads), *dilations
    )
    shapes: dict[str, Any] = {"kernel_shape": kernel, "strides": strides, "pads": pads}
    # Before version 19 averages know no dilations; its kernel for them adds in another order.
    dilated = dilations != (1, 1)
    average = {**shapes, "dilations": dilations, "opset": 19} if dilated else shapes
    expected = onnxruntime_result(
        "AveragePool", (A, None), count_include_pad=int(include), **average
    )
    keyword = "count_include_pad" if include else ""
    text = f"cnn.average_pool @f %a {window} {keyword}"
    result = result_of(text, (A, None), target=None, shape=expected.shape[1:])
    np.testing.assert_array_equal(result, expected)
    expected = onnxruntime_result("MaxPool", (A, None), **shapes, dilations=dilations)
    text = f"cnn.max_pool @f %a {window}"
    result = result_of(text, (A, None), target=None, shape=expected.shape[1:])
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("size", [(1, 1), (1, 3), (7, 7), (6, 6), (13, 11)])
def test_float_global_average_pool_gives_equal_bits(size: tuple[int, int]) -> None:
    images = reals(7, 2, 16, *size)
    expected = onnxruntime_result("GlobalAveragePool", (images, None))
    text = "cnn.global_average_pool @f %a <{}x{}>".format(*size)
    result = result_of(text, (images, None), target=None, shape=(16, 1, 1))
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("source", [UI8, SI8])
@pytest.mark.parametrize("target", [UI8, SI8])
@pytest.mark.parametrize(
    ("text", "operator", "operands", "attributes"),
    [
        ("cnn.add @f %a, %b", "Add", 2, {}),
        ("cnn.add @f %a, %b, %c", "Sum", 3, {}),
        ("cnn.leaky_relu @f %a slope 0.1", "LeakyRelu", 1, {"alpha": 0.1}),
        ("cnn.requantize @f %a", "Identity", 1, {}),
    ],
)
def test_operators_on_codes_give_equal_codes(
    text: str,
    operator: str,
    operands: int,
    attributes: dict[str, Any],
    source: Quantization,
    target: Quantization,
) -> None:
    pairs = [(codes(seed, source, *SHAPE), source) for seed in range(operands)]
    expected = onnxruntime_result(operator, *pairs, target=target, **attributes)
    np.testing.assert_array_equal(result_of(text, *pairs, target=target), expected)


LRN = "cnn.lrn @f %a size {} alpha {} beta {} bias {}"


@pytest.mark.parametrize(
    ("text", "operator", "target", "attributes"),
    [
        ("cnn.sigmoid @f %a", "Sigmoid", UNIT, {}),
        ("cnn.softmax @f %a", "Softmax", UNIT, {"axis": 1}),
        ("cnn.softmax @f %a axis 2", "Softmax", UNIT, {"axis": 3}),
        *(
            (
                LRN.format(size, *map(float32_literal, (alpha, beta, bias))),
                "LRN",
                SI8,
                {"size": size, "alpha": alpha, "beta": beta, "bias": bias},
            )
            for size, alpha, beta, bias in (
                (1, 0.1, 0.75, 1.0),
                (5, 1e-4, 0.75, 2.0),
                (3, 0.5, 0.5, 1.0),
                (11, 0.3, 0.9, 1.0),
            )
        ),
    ],
)
def test_exponentials_and_powers_are_close(
    text: str, operator: str, target: Quantization, attributes: dict[str, Any]
) -> None:
    expected = onnxruntime_result(operator, (A, None), **attributes)
    result = result_of(text, (A, None), target=None)
    np.testing.assert_allclose(result, expected, rtol=2e-6, atol=2e-7)
    pair = (codes(8, UI8, *SHAPE), UI8)
    expected = onnxruntime_result(operator, pair, target=target, **attributes).astype(np.int64)
    difference = np.abs(result_of(text, pair, target=target) - expected)
    assert difference.max() <= 1
    assert difference.mean() < 1e-3
