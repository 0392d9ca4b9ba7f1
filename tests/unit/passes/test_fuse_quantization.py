"""Fusing quantisations changes no value; where an integer operator rounds otherwise, one code."""

from __future__ import annotations

import numpy as np
import pytest
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.deployed import applied, parsed
from unit.passes.quantized_values import codes, quantized_networks, random_inputs, results
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.cnn import DequantizeOp, DigitalOp, QuantizeOp
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.passes.fuse_quantization import FuseQuantizationPass
from spatem_ir.weights.store import ParameterStore


@examples(150)
@given(quantized_networks())
def test_no_value_changes(module: ModuleOp) -> None:
    inputs = random_inputs(module)
    before = results(module, inputs)
    after = results(applied(module, [FuseQuantizationPass()]), inputs)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


@examples(40)
@given(quantized_networks())
def test_a_second_run_finds_nothing(module: ModuleOp) -> None:
    once = str(applied(module, [FuseQuantizationPass()]))
    assert str(applied(module, [FuseQuantizationPass()])) == once


OTHERWISE_ROUNDED = {
    "conv": (
        "cnn.conv @n {x} <2x2, pads [1, 0, 0, 1]> weights #cnn.seeded<0, tensor<3x2x2x2xsi4>> "
        "scale dense<[0.3, 0.1, 0.05]> : tensor<3xf32> zero_point 1 "
        "bias dense<[0.5, -1.25, 3.0]> : tensor<3xf32>",
        "3x3x2",
    ),
    "grouped": (
        "cnn.conv @n {x} <1x2> groups 2 weights #cnn.seeded<0, tensor<4x1x1x2xui8>> "
        "scale 0.01 zero_point 128",
        "4x3x1",
    ),
    "local": (
        "cnn.local @n {x} <1x1> region <1x2> weights #cnn.seeded<0, tensor<3x1x2x1x1xsi8>> "
        "scale 0.02 bias dense<[1.0, 2.0, 3.0]> : tensor<3xf32>",
        "1x3x2",
    ),
    "average_pool": ("cnn.average_pool @n {x} <2x2, pads [1, 0, 0, 1]>", "2x3x2"),
    "counted": ("cnn.average_pool @n {x} <2x2, pads [1, 0, 0, 1]> count_include_pad", "2x3x2"),
    "global_average_pool": ("cnn.global_average_pool @n {x} <3x2>", "2x1x1"),
    "mul": ("cnn.mul @n {x}, {x}", "2x3x2"),
}
"""Operators whose integer form rounds otherwise than the float32 one, and the result's shape."""


@pytest.mark.parametrize("kind", OTHERWISE_ROUNDED)
@examples(15)
@given(codes(), codes())
def test_integer_operators_differ_by_one_code_at_most(kind: str, source: str, target: str) -> None:
    operator, shape = OTHERWISE_ROUNDED[kind]
    operands = ", ".join(["tensor<2x3x2xf32>"] * operator.count("{x}"))
    module = parsed(f"""
cnn.network @net(%x: tensor<2x3x2x{source}>) {{
  %real = cnn.dequantize %x : tensor<2x3x2x{source}> -> tensor<2x3x2xf32>
  %n = {operator.format(x="%real")} : {operands} -> tensor<{shape}xf32>
  %codes = cnn.quantize %n : tensor<{shape}xf32> -> tensor<{shape}x{target}>
  cnn.output %codes : tensor<{shape}x{target}>
}}""")
    inputs = random_inputs(module, count=20)
    store = ParameterStore()
    with store.in_use():
        (before,) = results(module, inputs, store)
        (after,) = results(applied(module, [FuseQuantizationPass()]), inputs, store)
    assert not any(isinstance(op, QuantizeOp | DequantizeOp) for op in module.walk())
    assert any(isinstance(op, WeightLayerOp | DigitalOp) for op in module.walk())
    assert np.abs(before.astype(int) - after.astype(int)).max() <= 1


@pytest.mark.parametrize(
    ("operator", "stays_float"),
    [
        ("cnn.clip @n %real to 1.5", False),
        ("cnn.clip @n %real to 1.3", True),
        ("cnn.clip @n %real from -0.3", True),
        ("cnn.clip @n %real from -100.0 to 2.5", False),
        ("cnn.clip @n %real from 100.0", True),
        ("cnn.pad @n %real before [0] after [0] value 0.5", False),
        ("cnn.pad @n %real before [0] after [0] value 0.4", True),
        ("cnn.pad @n %real before [0] after [0] value 100.0", True),
    ],
)
def test_constants_between_codes_are_those_of_float32(operator: str, stays_float: bool) -> None:
    module = parsed(f"""
cnn.network @net(%x: tensor<2x!cnn.quant<si4, 0.5>>) {{
  %real = cnn.dequantize %x : tensor<2x!cnn.quant<si4, 0.5>> -> tensor<2xf32>
  %n = {operator} : tensor<2xf32> -> tensor<2xf32>
  cnn.output %n : tensor<2xf32>
}}""")
    inputs = [np.arange(-8, 8).reshape(8, 2)]
    (before,) = results(module, inputs)
    (after,) = results(applied(module, [FuseQuantizationPass()]), inputs)
    np.testing.assert_array_equal(before, after)
    (operation,) = (op for op in module.walk() if isinstance(op, DigitalOp))
    assert isinstance(operation.operands[0].owner, DequantizeOp) == stays_float


@examples(20)
@given(st.integers(-(2**20), 2**20), st.floats(0.001, 10))
def test_a_float_bias_is_rounded_to_units_of_the_scales(units: int, scale: float) -> None:
    input_scale, weight_scale = np.float32(0.25), np.float32(scale)
    bias = np.float32(units) * (input_scale * weight_scale)
    module = parsed(f"""
cnn.network @net(%x: tensor<1x!cnn.quant<ui8, 0.25>>) {{
  %real = cnn.dequantize %x : tensor<1x!cnn.quant<ui8, 0.25>> -> tensor<1xf32>
  %n = cnn.dense @n %real weights dense<1> : tensor<1x1xsi8> scale {weight_scale:.9e}
    bias dense<{bias:.9e}> : tensor<1xf32> : tensor<1xf32> -> tensor<1xf32>
  %codes = cnn.quantize %n : tensor<1xf32> -> tensor<1x!cnn.quant<si8, {scale:.9e}>>
  cnn.output %codes : tensor<1x!cnn.quant<si8, {scale:.9e}>>
}}""")
    store = ParameterStore()
    with store.in_use():
        applied(module, [FuseQuantizationPass()])
    (layer,) = (op for op in module.walk() if isinstance(op, WeightLayerOp))
    assert layer.bias is not None
    assert store.values(layer.bias) == [units]
