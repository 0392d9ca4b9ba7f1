"""Weight layers of float32: of whole numbers, whose sums are exact, and against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from differential.text import parsed
from unit.runtime.evaluation import Array, constant, reals, result_of
from unit.runtime.onnxruntime_reference import onnxruntime_result

from spatem_ir.runtime.interpreter import execute
from spatem_ir.support.errors import SpatemError

f32 = np.float32
WINDOWS = [
    ((3, 2), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ((3, 3), (2, 1), (1, 0, 2, 3), (1, 1), 2),
    ((2, 3), (1, 2), (2, 1, 0, 1), (2, 3), 4),
    ((1, 1), (2, 2), (0, 0, 0, 0), (1, 1), 1),
    ((6, 7), (1, 1), (0, 0, 0, 0), (1, 1), 1),
]
Window = tuple[tuple[int, int], tuple[int, int], tuple[int, ...], tuple[int, int], int]


def conv(window: Window) -> str:
    kernel, strides, pads, dilations, groups = window
    return "cnn.conv @conv %a <{}x{}, strides {}x{}, pads {}, dilations {}x{}> groups {}".format(
        *kernel, *strides, list(pads), *dilations, groups
    )


def reference(images: Array, weights: Array, bias: Array | None, window: Window) -> Array:
    """The convolution in onnxruntime."""
    kernel, strides, pads, dilations, groups = window
    return onnxruntime_result(
        "Conv",
        (images, None),
        constants=(weights,) if bias is None else (weights, bias),
        kernel_shape=kernel,
        strides=strides,
        pads=pads,
        dilations=dilations,
        group=groups,
    )


def whole(seed: int, *shape: int) -> Array:
    """Whole numbers as float32."""
    return np.random.default_rng(seed).integers(-8, 8, shape).astype(f32)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("has_bias", [False, True])
def test_convolutions(window: Window, has_bias: bool) -> None:
    kernel, groups = window[0], window[-1]
    weight_shape = (8, 4 // groups, *kernel)
    for make, tolerance in ((whole, 0), (reals, 1e-4)):
        images, weights = make(0, 3, 4, 6, 7), make(1, *weight_shape)
        bias = make(2, 8) if has_bias else None
        expected = reference(images, weights, bias, window)
        text = f"{conv(window)} weights {constant(weights)}"
        text += "" if bias is None else f" bias {constant(bias)}"
        result = result_of(text, (images, None), target=None, shape=expected.shape[1:])
        assert result.dtype == f32
        np.testing.assert_allclose(result, expected, rtol=tolerance, atol=tolerance)


def test_dense_layers() -> None:
    images, weights, bias = whole(0, 5, 7), whole(1, 3, 7), whole(2, 3)
    text = f"cnn.dense @fc %a weights {constant(weights)} bias {constant(bias)}"
    result = result_of(text, (images, None), target=None, shape=(3,))
    np.testing.assert_array_equal(result, images @ weights.T + bias)


def test_locally_connected_layers_have_weights_and_a_bias_for_each_region() -> None:
    images, weights, bias = whole(0, 2, 3, 4, 6), whole(1, 4, 2, 3, 3, 3), whole(2, 8)
    text = (
        "cnn.local @local %a <3x3, pads [1, 1, 1, 1]> region <2x3> "
        f"weights {constant(weights)} bias {constant(bias)}"
    )
    result = result_of(text, (images, None), target=None, shape=(2, 4, 6))
    window = ((3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1)
    for region in range(4):
        everywhere = reference(images, weights[region], bias[2 * region : 2 * region + 2], window)
        rows = slice(region // 2 * 2, region // 2 * 2 + 2)
        columns = slice(region % 2 * 3, region % 2 * 3 + 3)
        np.testing.assert_array_equal(result[:, :, rows, columns], everywhere[:, :, rows, columns])


@pytest.mark.parametrize("scale", ["0.5", "dense<[0.5, 0.25]> : tensor<2xf32>"])
def test_codes_of_weights_and_bias_are_scaled(scale: str) -> None:
    """Weights are scale · (code − zero point), the bias counts in input scale · weight scale."""
    weights, bias = np.array([[0, 255, 7], [128, 1, 3]]), np.array([-1000, 77])
    module = parsed(f"""
      cnn.network @net(%x: tensor<3x!cnn.quant<ui8, 0.125, 100>>) {{
        %real = cnn.dequantize %x : tensor<3x!cnn.quant<ui8, 0.125, 100>> -> tensor<3xf32>
        %y = cnn.dense @fc %real weights dense<{weights.tolist()}> : tensor<2x3xui8> scale {scale}
          zero_point 128 bias dense<{bias.tolist()}> : tensor<2xsi32>
          : tensor<3xf32> -> tensor<2xf32>
        cnn.output %y : tensor<2xf32>
      }}""")
    codes = np.array([[0, 255, 100], [3, 5, 7]])
    scales = np.array([0.5, 0.25 if "," in scale else 0.5])
    sums = (codes - 100) @ (weights - 128).T + bias
    (result,) = execute(module, [codes])
    np.testing.assert_array_equal(result, sums * 0.125 * scales)


def test_each_channel_of_a_group_and_of_a_region_has_its_scale() -> None:
    images, codes = whole(0, 2, 4, 2, 2), np.arange(-4, 4)
    scales = np.array([0.5, 2, 4, 0.25], f32)
    weights = f"weights dense<{codes.reshape(4, 2, 1, 1).tolist()}> : tensor<4x2x1x1xsi4>"
    text = f"cnn.conv @conv %a <1x1> groups 2 {weights} scale {constant(scales)}"
    result = result_of(text, (images, None), target=None, shape=(4, 2, 2))
    scaled = (codes.reshape(4, 2) * scales[:, None]).reshape(2, 2, 2)
    expected = np.einsum("goc,ngcyx->ngoyx", scaled, images.reshape(2, 2, 2, 2, 2))
    np.testing.assert_array_equal(result, expected.reshape(2, 4, 2, 2))

    images, scales = whole(1, 2, 1, 2, 2), scales[:2]
    weights = f"weights dense<{codes.reshape(4, 2, 1, 1, 1).tolist()}> : tensor<4x2x1x1x1xsi4>"
    text = f"cnn.local @local %a <1x1> region <1x1> {weights} scale {constant(scales)}"
    result = result_of(text, (images, None), target=None, shape=(2, 2, 2))
    scaled = (codes.reshape(2, 2, 2) * scales).transpose(2, 0, 1)
    np.testing.assert_array_equal(result, images * scaled)


def test_the_bits_of_an_image_do_not_depend_on_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    images, weights = reals(0, 7, 4, 9, 9), reals(1, 16, 4, 3, 3)
    text = f"cnn.conv @conv %a <3x3> weights {constant(weights)}"
    shape = (16, 7, 7)
    together = result_of(text, (images, None), target=None, shape=shape)
    for number in range(7):
        alone = result_of(text, (images[number : number + 1], None), target=None, shape=shape)
        np.testing.assert_array_equal(alone[0], together[number])
    monkeypatch.setattr("spatem_ir.runtime.values.floating_layers.BLOCK_ELEMENTS", 4000)
    cut = result_of(text, (images, None), target=None, shape=shape)
    np.testing.assert_array_equal(cut, together)


@pytest.mark.parametrize("seed", range(4))
def test_the_bits_do_not_depend_on_the_order_in_which_products_are_added(seed: int) -> None:
    """Matrix products add in an order that depends on processor and threads."""
    images, weights = reals(seed, 2, 32, 5, 5), reals(seed + 9, 8, 32, 3, 3)
    order = np.random.default_rng(seed).permutation(32)
    in_sequence, permuted = (
        result_of(
            f"cnn.conv @conv %a <3x3> weights {constant(some_weights)}",
            (some_images, None),
            target=None,
            shape=(8, 3, 3),
        )
        for some_images, some_weights in (
            (images, weights),
            (images[:, order], weights[:, order]),
        )
    )
    np.testing.assert_array_equal(permuted, in_sequence)


def test_a_float_layer_is_refused_below_level_cnn() -> None:
    module = parsed("""
      cnn.network @net(%x: tensor<2xui4>) {
        %y = mvm.layer @first %x <1x1> weights #cnn.seeded<0, tensor<2x2xsi4>> scale 0.1
          matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2>
          : tensor<2xui4> -> tensor<2xui4>
        %real = cnn.dequantize %y : tensor<2xui4> -> tensor<2xf32>
        %z = cnn.dense @second %real weights dense<[[0.5, 0.25]]> : tensor<1x2xf32>
          : tensor<2xf32> -> tensor<1xf32>
        cnn.output %z : tensor<1xf32>
      }""")
    with pytest.raises(SpatemError, match=r"cnn\.dense @second is not partitioned"):
        execute(module, [np.zeros((1, 2), np.uint8)])
