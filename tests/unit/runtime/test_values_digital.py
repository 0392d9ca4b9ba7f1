"""Digital operators, each against its definition in plain Python."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from differential.text import parsed
from numpy.typing import NDArray

from spatem_ir.runtime.interpreter import execute


def run(body: str, argument: str, *images: NDArray[np.generic]) -> NDArray[np.number]:
    """The output of a network with one input `%x` and a body that ends in its output."""
    module = parsed(f"cnn.network @net(%x: {argument}) {{\n{body}\n}}")
    (result,) = execute(module, [np.stack(images)])
    return result


def every_window(size: int, kernel: int, stride: int, pad: int) -> list[range]:
    """The positions that each window of one axis reads, padding left out."""
    starts = range(-pad, size + pad - kernel + 1, stride)
    return [range(max(start, 0), min(start + kernel, size)) for start in starts]


@pytest.mark.parametrize("element", ["si8", "!cnn.quant<ui4, 0.5, 3>"])
def test_max_pool_takes_the_largest_code_of_each_window_and_never_the_padding(element: str) -> None:
    signed = element == "si8"
    rng = np.random.default_rng(0)
    image = rng.integers(-128 if signed else 0, -1 if signed else 16, (2, 5, 6))
    body = f"""
      %y = cnn.max_pool @pool %x <3x3, strides 2x2, pads [1, 1, 1, 1]>
        : tensor<2x5x6x{element}> -> tensor<2x3x3x{element}>
      cnn.output %y : tensor<2x3x3x{element}>"""
    result = run(body, f"tensor<2x5x6x{element}>", image)
    rows, columns = every_window(5, 3, 2, 1), every_window(6, 3, 2, 1)
    expected = [
        [[max(plane[y, x] for y in ys for x in xs) for xs in columns] for ys in rows]
        for plane in image
    ]
    assert result.dtype == (np.int8 if signed else np.uint8)
    np.testing.assert_array_equal(result[0], expected)


def test_max_pool_with_dilations_skips_positions() -> None:
    image = np.arange(9).reshape(1, 3, 3)
    image[0, 1, 1] = 15
    body = """
      %y = cnn.max_pool @pool %x <2x2, dilations 2x2> : tensor<1x3x3xui4> -> tensor<1x1x1xui4>
      cnn.output %y : tensor<1x1x1xui4>"""
    assert run(body, "tensor<1x3x3xui4>", image).item() == 8


@pytest.mark.parametrize("include", [False, True])
def test_average_pool_divides_by_the_activations_that_count(include: bool) -> None:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (1, 4, 5))
    keyword = "count_include_pad" if include else ""
    body = f"""
      %y = cnn.average_pool @pool %x <2x3, strides 2x2, pads [1, 1, 1, 1]> {keyword}
        : tensor<1x4x5x!cnn.quant<ui8, 0.7, 100>> -> tensor<1x3x3x!cnn.quant<si8, 0.3, 5>>
      cnn.output %y : tensor<1x3x3x!cnn.quant<si8, 0.3, 5>>"""
    result = run(body, "tensor<1x4x5x!cnn.quant<ui8, 0.7, 100>>", image)
    for i, ys in enumerate(every_window(4, 2, 2, 1)):
        for j, xs in enumerate(every_window(5, 3, 2, 1)):
            seen = [int(image[0, y, x]) - 100 for y in ys for x in xs]
            count = 6 if include else len(seen)
            mean = np.float32(sum(seen)) * np.float32(0.7) / np.float32(count)
            code = round(float(mean / np.float32(0.3) + np.float32(5)))
            assert result[0, 0, i, j] == min(max(code, -128), 127)


def test_average_pool_rounds_half_to_even() -> None:
    body = """
      %y = cnn.average_pool @pool %x <1x2, strides 1x2> : tensor<1x1x6xui8> -> tensor<1x1x3xui8>
      cnn.output %y : tensor<1x1x3xui8>"""
    image = np.array([0, 1, 1, 2, 2, 3]).reshape(1, 1, 6)
    assert run(body, "tensor<1x1x6xui8>", image).ravel().tolist() == [0, 2, 2]


def test_average_pool_adds_the_zero_point_before_it_rounds() -> None:
    """Means 0.5, 1.5 and 2.5 plus the zero point 1: 1.5, 2.5 and 3.5 go to even numbers."""
    body = """
      %y = cnn.average_pool @pool %x <1x2, strides 1x2>
        : tensor<1x1x6xui8> -> tensor<1x1x3x!cnn.quant<ui8, 1.0, 1>>
      cnn.output %y : tensor<1x1x3x!cnn.quant<ui8, 1.0, 1>>"""
    image = np.array([0, 1, 1, 2, 2, 3]).reshape(1, 1, 6)
    assert run(body, "tensor<1x1x6xui8>", image).ravel().tolist() == [2, 2, 4]


def test_global_average_pool_adds_the_zero_point_after_it_has_rounded() -> None:
    """Means 0.5, 1.5 and 2.5 go to 0, 2 and 2; the zero point is 1."""
    body = """
      %y = cnn.global_average_pool @pool %x <1x2>
        : tensor<3x1x2xui8> -> tensor<3x1x1x!cnn.quant<ui8, 1.0, 1>>
      cnn.output %y : tensor<3x1x1x!cnn.quant<ui8, 1.0, 1>>"""
    image = np.array([0, 1, 1, 2, 2, 3]).reshape(3, 1, 2)
    assert run(body, "tensor<3x1x2xui8>", image).ravel().tolist() == [1, 3, 3]


def test_relu_raises_codes_to_the_zero_point() -> None:
    body = """
      %y = cnn.relu @relu %x
        : tensor<4x!cnn.quant<si8, 0.1, -3>> -> tensor<4x!cnn.quant<si8, 0.1, -3>>
      cnn.output %y : tensor<4x!cnn.quant<si8, 0.1, -3>>"""
    result = run(body, "tensor<4x!cnn.quant<si8, 0.1, -3>>", np.array([-128, -4, -3, 7]))
    assert result.tolist() == [[-3, -3, -3, 7]]


def test_flatten_and_concat_keep_row_major_order_within_each_image() -> None:
    first, second = np.arange(12).reshape(2, 2, 3), np.arange(20, 32).reshape(2, 2, 3)
    body = """
      %flat = cnn.flatten %x : tensor<2x2x3xui8> -> tensor<12xui8>
      %joined = cnn.concat %x, %x : tensor<2x2x3xui8>, tensor<2x2x3xui8> -> tensor<4x2x3xui8>
      %flat2 = cnn.flatten %joined : tensor<4x2x3xui8> -> tensor<24xui8>
      %all = cnn.concat %flat, %flat2 : tensor<12xui8>, tensor<24xui8> -> tensor<36xui8>
      cnn.output %all : tensor<36xui8>"""
    result = run(body, "tensor<2x2x3xui8>", first, second)
    assert result.tolist() == [[*range(12)] * 3, [*range(20, 32)] * 3]


def test_quantize_divides_in_float32_rounds_half_to_even_and_saturates() -> None:
    body = """
      %y = cnn.quantize %x : tensor<7xf32> -> tensor<7x!cnn.quant<ui4, 0.3, 2>>
      cnn.output %y : tensor<7x!cnn.quant<ui4, 0.3, 2>>"""
    values = np.array([0.0, 0.15, 0.45, 0.75000006, -9.0, 9.0, 1.0], np.float32)
    scale = np.float32(0.3)
    expected = [min(max(round(float(value / scale)) + 2, 0), 15) for value in values]
    result = run(body, "tensor<7xf32>", values)
    assert result.dtype == np.uint8
    assert result[0].tolist() == expected
    # The product with the reciprocal is rounded to another code.
    assert round(float(values[3] * (np.float32(1) / scale))) + 2 != expected[3]


def test_dequantize_is_exact_in_float32() -> None:
    body = """
      %y = cnn.dequantize %x : tensor<3x!cnn.quant<si16, 0.0371, -7>> -> tensor<3xf32>
      cnn.output %y : tensor<3xf32>"""
    codes = np.array([-32768, 0, 32767])
    result = run(body, "tensor<3x!cnn.quant<si16, 0.0371, -7>>", codes)
    assert result.dtype == np.float32
    assert result[0].tolist() == [np.float32(code + 7) * np.float32(0.0371) for code in codes]


def test_softmax_sums_to_one_along_its_axis_and_bears_large_values() -> None:
    image = np.array([[1.0, 2.0], [1000.0, 999.0]], np.float32)
    for axis, text in ((0, ""), (0, "axis 0"), (1, "axis 1")):
        body = f"""
          %y = cnn.softmax @soft %x {text} : tensor<2x2xf32> -> tensor<2x2xf32>
          cnn.output %y : tensor<2x2xf32>"""
        result = run(body, "tensor<2x2xf32>", image)
        powers = np.vectorize(exp)(image.astype(np.float64) - image.max(axis=axis, keepdims=True))
        expected = powers / powers.sum(axis=axis, keepdims=True)
        np.testing.assert_allclose(result[0], expected, rtol=1e-6)
