"""How wide sums must be: against every input, for layers small enough to try them all."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from differential.text import parsed

from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.numerics.exact import wrapped
from spatem_ir.weights.store import ParameterStore
from spatem_ir.weights.sums import bits_of, most_sum_bits, needed_sum_bits

STORE = ParameterStore()


@pytest.mark.parametrize(
    ("lowest", "highest", "bits"),
    [
        (0, 0, 1),
        (0, 1, 2),
        (-1, 0, 1),
        (-2, 1, 2),
        (-3, 1, 3),
        (0, 2**31 - 1, 32),
        (-(2**31), 0, 32),
        (0, 2**31, 33),
        (-(2**31) - 1, 5, 33),
    ],
)
def test_the_narrowest_number_that_holds_a_range(lowest: int, highest: int, bits: int) -> None:
    assert bits_of(lowest, highest) == bits


def layer_of(code: str, weights: str, zero_point: int, bias: int) -> WeightLayerOp:
    module = parsed(f"""
      cnn.network @net(%x: tensor<3x{code}>) {{
        %y = cnn.dense @fc %x weights dense<{weights}> : tensor<2x3xsi4> scale 1.0
          zero_point {zero_point} bias dense<[{bias}, -{bias}]> : tensor<2xsi32>
          : tensor<3x{code}> -> tensor<2xsi8>
        cnn.output %y : tensor<2xsi8>
      }}""")
    return next(op for op in module.walk() if isinstance(op, WeightLayerOp))


@pytest.mark.parametrize(
    ("code", "codes", "input_zero_point"),
    [
        ("ui3", range(8), 0),
        ("!cnn.quant<ui3, 1.0, 5>", range(8), 5),
        ("si3", range(-4, 4), 0),
        ("!cnn.quant<si3, 1.0, -3>", range(-4, 4), -3),
    ],
)
@pytest.mark.parametrize("zero_point", [0, 3])
@pytest.mark.parametrize("bias", [0, 200])
def test_the_bits_are_those_of_the_worst_input(
    code: str, codes: range, input_zero_point: int, zero_point: int, bias: int
) -> None:
    weights = np.random.default_rng(zero_point + bias).integers(-8, 8, (2, 3))
    op = layer_of(code, str(weights.tolist()), zero_point, bias)
    inputs = np.array(list(product(codes, repeat=3)))
    merged = inputs @ (weights - zero_point).T
    completed = (inputs - input_zero_point) @ (weights - zero_point).T + np.array([bias, -bias])
    sums = np.concatenate([merged, completed])
    assert needed_sum_bits(op, STORE) == bits_of(int(sums.min()), int(sums.max()))
    assert most_sum_bits(op, STORE) >= needed_sum_bits(op, STORE)


@pytest.mark.parametrize("bits", [5, 31, 32, 33, 40, 53])
def test_sums_wrap_at_their_width(bits: int) -> None:
    top = 1 << (bits - 1)
    sums = np.array([0, 1, -1, top - 1, top, -top, -top - 1, 3 * top], np.float64)
    exact = [int(value) for value in sums]
    expected = [(value + top) % (2 * top) - top for value in exact]
    result = wrapped(sums, bits)
    assert result.tolist() == expected
    assert result.dtype == (np.int32 if bits <= 32 else np.int64)
