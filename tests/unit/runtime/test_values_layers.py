"""Weight layers at level `cnn` against the formula in the dialect's documentation."""

from __future__ import annotations

import numpy as np
import pytest
from differential.text import parsed
from numpy.typing import NDArray

from spatem_ir.runtime.interpreter import execute


def dense(
    weights: list[list[int]],
    codes: list[int],
    *,
    source: str = "si8",
    weight: str = "si8",
    target: str = "si32",
    scale: str = "1.0",
    extra: str = "",
) -> list[int]:
    """The results of a dense layer for one image of the given codes."""
    outputs, inputs = len(weights), len(codes)
    module = parsed(f"""
      cnn.network @net(%x: tensor<{inputs}x{source}>) {{
        %y = cnn.dense @fc %x weights dense<{weights}> : tensor<{outputs}x{inputs}x{weight}>
          scale {scale} {extra} : tensor<{inputs}x{source}> -> tensor<{outputs}x{target}>
        cnn.output %y : tensor<{outputs}x{target}>
      }}""")
    (result,) = execute(module, [np.array([codes])])
    return result[0].tolist()


def test_a_si32_result_is_the_accumulator_with_zero_points_and_bias() -> None:
    result = dense(
        [[3, -4], [7, 0]],
        [10, 200],
        source="!cnn.quant<ui8, 0.5, 100>",
        extra="zero_point -2 bias dense<[1000, -1]> : tensor<2xsi32>",
    )
    assert result == [
        (10 - 100) * (3 + 2) + (200 - 100) * (-4 + 2) + 1000,
        (10 - 100) * (7 + 2) + (200 - 100) * (0 + 2) - 1,
    ]


def test_the_accumulator_wraps_at_32_bits() -> None:
    bias = 2**31 - 10
    result = dense([[100]], [1], extra=f"bias dense<[{bias}]> : tensor<1xsi32>")
    assert result == [100 + bias - 2**32]


def test_sums_of_16_bit_products_are_exact() -> None:
    weights, codes = [[-32768, 32767, 32767]], [-32768, -32768, 32767]
    result = dense(weights, codes, source="si16", weight="si16")
    exact = sum(w * x for w, x in zip(weights[0], codes, strict=True))
    assert result == [(exact + 2**31) % 2**32 - 2**31]


def test_requantisation_rounds_half_to_even_adds_the_zero_point_and_saturates() -> None:
    weights = [[1], [3], [5], [-3], [127], [-128]]
    result = dense(weights, [1], target="!cnn.quant<ui4, 2.0, 4>")
    assert result == [0 + 4, 2 + 4, 2 + 4, -2 + 4, 15, 0]


def test_the_multiplier_is_rounded_to_float32_after_each_factor() -> None:
    rng = np.random.default_rng(2)
    weights = rng.integers(-(2**15), 2**15, (1000, 1))
    scales = rng.uniform(0.001, 0.003, 1000).astype(np.float32)
    text = ", ".join(f"{scale:.9g}" for scale in scales)
    result = dense(
        weights.tolist(),
        [127],
        source="!cnn.quant<si8, 0.3>",
        weight="si16",
        target="!cnn.quant<si16, 0.07, 3>",
        scale=f"dense<[{text}]> : tensor<1000xf32>",
    )

    def codes(multipliers: NDArray[np.float32]) -> list[int]:
        steps = (weights[:, 0] * 127).astype(np.float32) * multipliers
        return [min(max(round(float(step)) + 3, -(2**15)), 2**15 - 1) for step in steps]

    source, target = np.float32(0.3), np.float32(0.07)
    assert result == codes(source * scales / target)
    assert result != codes(source / target * scales)
    assert result != codes((0.3 * scales.astype(np.float64) / 0.07).astype(np.float32))


def test_unsigned_weights_have_their_zero_point_subtracted() -> None:
    assert dense([[0, 255]], [2, 3], weight="ui8", extra="zero_point 128") == [
        2 * (0 - 128) + 3 * (255 - 128)
    ]


@pytest.mark.parametrize("groups", [1, 2])
def test_convolution_correlates_each_group_with_its_kernels(groups: int) -> None:
    rng = np.random.default_rng(2)
    image = rng.integers(0, 16, (4, 5, 6))
    weights = rng.integers(-8, 8, (2, 4 // groups, 3, 2))
    module = parsed(f"""
      cnn.network @net(%x: tensor<4x5x6x!cnn.quant<ui4, 1.0, 3>>) {{
        %y = cnn.conv @conv %x <3x2, strides 2x1, pads [1, 0, 1, 1], dilations 1x2>
          groups {groups} weights dense<{weights.tolist()}> : tensor<2x{4 // groups}x3x2xsi4>
          scale 1.0 : tensor<4x5x6x!cnn.quant<ui4, 1.0, 3>> -> tensor<2x3x5xsi32>
        cnn.output %y : tensor<2x3x5xsi32>
      }}""")
    (result,) = execute(module, [image[None]])
    per_group = 4 // groups
    for n in range(2):
        first = n * groups // 2 * per_group
        for i in range(3):
            for j in range(5):
                total = 0
                for c in range(per_group):
                    for k in range(3):
                        for m in range(2):
                            y, x = 2 * i - 1 + k, j + 2 * m
                            if 0 <= y < 5 and 0 <= x < 6:
                                total += (image[first + c, y, x] - 3) * weights[n, c, k, m]
                assert result[0, n, i, j] == total


def test_a_local_layer_has_weights_and_a_bias_for_each_region() -> None:
    weights = np.arange(4).reshape(2, 2, 1, 1, 1)
    module = parsed(f"""
      cnn.network @net(%x: tensor<1x2x4xui8>) {{
        %y = cnn.local @local %x <1x1> region <2x2> weights dense<{weights.tolist()}>
          : tensor<2x2x1x1x1xsi8> scale 1.0 bias dense<[0, 10, 20, 30]> : tensor<4xsi32>
          : tensor<1x2x4xui8> -> tensor<2x2x4xsi32>
        cnn.output %y : tensor<2x2x4xsi32>
      }}""")
    image = np.arange(1, 9).reshape(1, 2, 4)
    (result,) = execute(module, [image[None]])
    left, right = image[0, :, :2], image[0, :, 2:]
    expected: list[NDArray[np.int64]] = [
        np.hstack([left * 0 + 0, right * 2 + 20]),
        np.hstack([left * 1 + 10, right * 3 + 30]),
    ]
    np.testing.assert_array_equal(result[0], expected)


def test_images_do_not_mix_and_large_batches_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    module = parsed("""
      cnn.network @net(%x: tensor<2x4x4xui4>) {
        %y = cnn.conv @conv %x <3x3, pads [1, 1, 1, 1]> weights #cnn.seeded<1, tensor<5x2x3x3xsi4>>
          scale 0.02 : tensor<2x4x4xui4> -> tensor<5x4x4xui4>
        cnn.output %y : tensor<5x4x4xui4>
      }""")
    images = np.random.default_rng(3).integers(0, 16, (7, 2, 4, 4))
    (together,) = execute(module, [images])
    single = [execute(module, [image[None]])[0][0] for image in images]
    np.testing.assert_array_equal(together, single)
    monkeypatch.setattr("spatem_ir.runtime.interpreter.BATCH_ELEMENTS", 160)
    monkeypatch.setattr("spatem_ir.runtime.values.accumulator.BLOCK_ELEMENTS", 200)
    (cut,) = execute(module, [images])
    np.testing.assert_array_equal(cut, together)
