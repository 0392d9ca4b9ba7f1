"""The ONNX export of every op computes in onnxruntime what the interpreter computes."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from differential.text import parsed
from xdsl.dialects.builtin import Float32Type, TensorType

from spatem_ir.dialects.cnn import CNN_OPERATIONS
from spatem_ir.dialects.cnn.attributes import float32_literal, quantization_of
from spatem_ir.dialects.mvm import LayerOp, network_of
from spatem_ir.exchange import export
from spatem_ir.exchange.onnxruntime_check import TensorCheck
from spatem_ir.operators import sigmoid
from spatem_ir.operators.core.register import cnn_dialect, operators
from spatem_ir.operators.onnx_export import nodes
from spatem_ir.runtime.interpreter import execute
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import ParameterStore

CODES = [
    "ui8",
    "!cnn.quant<si8, 0.05, -7>",
    "!cnn.quant<ui5, 0.1, 9>",
    "!cnn.quant<si3, 0.3>",
    "!cnn.quant<si12, 0.002, 100>",
    "!cnn.quant<ui16, 0.0007, 40001>",
]
"""Full and partial storage types of both signs, with and without zero points."""

ELEMENTS = [*CODES, "f32"]

CHANGES = [(CODES[n], CODES[(n + k) % 6]) for n, k in product(range(6), range(3))] + [
    ("f32", "f32")
]
"""Elements of operand and result of the ops that requantise."""


def assert_same(arguments: str, body: str, images: int = 3) -> None:
    """Check that a network with these arguments computes the same tensors in onnxruntime."""
    module = parsed(f"cnn.network @net({arguments}) {{\n{body}\n}}")
    op = network_of(module)
    assert op is not None
    rng, inputs = np.random.default_rng(7), []
    for argument in op.body.block.args:
        assert isinstance(argument.type, TensorType)
        shape, code = (images, *argument.type.get_shape()), quantization_of(argument.type)
        if code is None:
            assert isinstance(argument.type.element_type, Float32Type)
            inputs.append(rng.normal(size=shape).astype(np.float32))
        else:
            inputs.append(rng.integers(code.minimum, code.maximum + 1, shape))
    check = TensorCheck(module, ParameterStore())
    comparison = check.comparison(execute(module, inputs, ParameterStore(), check))
    assert comparison.first_difference is None, str(comparison.first_difference)
    assert comparison.tensors == len(list(op.body.block.ops)) - 1 + len(op.output.outputs)


def assert_op_is_same(op: str, source: str, target: str) -> None:
    """Check an op `%y = … : source -> target` of one operand `%x`."""
    assert_same(f"%x: {source}", f"%y = {op} : {source} -> {target}\n cnn.output %y : {target}")


POOLS = [
    "<2x2, strides 2x2>",
    "<3x3, pads [1, 0, 2, 1]>",
    "<3x2, strides 2x1, pads [2, 1, 0, 1]>",
    "<2x2, pads [1, 2, 1, 2], dilations 2x3>",
]


def pooled(window: str) -> str:
    """The shape of the result of one of POOLS on 2x6x6."""
    return dict(zip(POOLS, ("2x3x3", "2x7x5", "2x3x7", "2x6x7"), strict=True))[window]


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("window", POOLS)
def test_max_pool(window: str, element: str) -> None:
    op = f"cnn.max_pool @pool %x {window}"
    assert_op_is_same(op, f"tensor<2x6x6x{element}>", f"tensor<{pooled(window)}x{element}>")


@pytest.mark.parametrize(("source", "target"), CHANGES)
@pytest.mark.parametrize("window", POOLS)
def test_average_pool(window: str, source: str, target: str) -> None:
    large_float_pads = window == POOLS[-1] and source == "f32"
    for padding in [" count_include_pad"] if large_float_pads else ["", " count_include_pad"]:
        op = f"cnn.average_pool @pool %x {window}{padding}"
        assert_op_is_same(op, f"tensor<2x6x6x{source}>", f"tensor<{pooled(window)}x{target}>")


def test_average_of_a_whole_map_is_not_the_global_one() -> None:
    """onnxruntime's QLinearAveragePool of a whole map adds the zero point after rounding."""
    op, code = "cnn.average_pool @pool %x <2x2>", "!cnn.quant<ui8, 0.5, 3>"
    assert_op_is_same(op, f"tensor<64x2x2x{code}>", f"tensor<64x1x1x{code}>")


@pytest.mark.parametrize(("source", "target"), CHANGES)
def test_global_average_pool(source: str, target: str) -> None:
    op = "cnn.global_average_pool @pool %x <3x5>"
    assert_op_is_same(op, f"tensor<4x3x5x{source}>", f"tensor<4x1x1x{target}>")


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize(
    "op",
    [
        "cnn.relu @op %x",
        "cnn.clip @op %x from 0.1 to 0.6",
        "cnn.clip @op %x from -0.2",
        "cnn.clip @op %x to 0.5",
        "cnn.identity @op %x",
    ],
)
def test_operators_that_keep_the_code(op: str, element: str) -> None:
    assert_op_is_same(op, f"tensor<3x4x5x{element}>", f"tensor<3x4x5x{element}>")


@pytest.mark.parametrize(("source", "target"), CHANGES)
@pytest.mark.parametrize(
    "op",
    [
        "cnn.leaky_relu @op %x slope 0.1",
        "cnn.sigmoid @op %x",
        "cnn.affine @op %x scale dense<[0.5, 2.0, -1.0]> : tensor<3xf32> "
        "shift dense<[0.25, 0.0, 3.0]> : tensor<3xf32>",
        "cnn.lrn @op %x size 3 alpha 0.1 beta 0.75 bias 1.0",
        "cnn.softmax @op %x axis 1",
    ],
)
def test_operators_that_change_the_code(op: str, source: str, target: str) -> None:
    assert_op_is_same(op, f"tensor<3x4x5x{source}>", f"tensor<3x4x5x{target}>")


@pytest.mark.parametrize(("source", "target"), CHANGES[:-1])
def test_requantize(source: str, target: str) -> None:
    assert_op_is_same("cnn.requantize @op %x", f"tensor<9x2x{source}>", f"tensor<9x2x{target}>")


@pytest.mark.parametrize(
    ("source", "codes", "target"),
    [
        ("ui2", [9, 0, 255, 3], "ui8"),
        ("si2", [-2, 0, 1, 7], "si4"),
        ("si2", [-9, 0, 300, 1], "si16"),
    ],
)
def test_table(source: str, codes: list[int], target: str) -> None:
    op = f"cnn.table @table %x codes {codes}"
    assert_op_is_same(op, f"tensor<3x5x{source}>", f"tensor<3x5x{target}>")


def test_lrn_of_a_flat_tensor() -> None:
    op = "cnn.lrn @op %x size 3 alpha 0.1 beta 0.75 bias 1.0"
    assert_op_is_same(op, "tensor<7xf32>", "tensor<7xf32>")


def test_batch_norm() -> None:
    parameters = " ".join(
        f"{name} dense<[{values}]> : tensor<2xf32>"
        for name, values in (
            ("scale", "0.5, 2.0"),
            ("shift", "1.0, -1.0"),
            ("mean", "0.1, 0.2"),
            ("variance", "0.5, 3.0"),
        )
    )
    op = f"cnn.batch_norm @op %x {parameters} epsilon 0.001"
    assert_op_is_same(op, "tensor<2x3x3xf32>", "tensor<2x3x3xf32>")


@pytest.mark.parametrize(("source", "target"), CHANGES)
@pytest.mark.parametrize("name", ["add", "mul"])
def test_operators_on_two_tensors(name: str, source: str, target: str) -> None:
    first, second = f"tensor<3x4x5x{source}>", f"tensor<3x1x1x{source}>"
    result = f"tensor<3x4x5x{target}>"
    body = f"%y = cnn.{name} @op %a, %b : {first}, {second} -> {result}\n cnn.output %y : {result}"
    assert_same(f"%a: {first}, %b: {second}", body)


def test_a_sum_of_three_codes() -> None:
    types = ["tensor<4xui8>", "tensor<4x!cnn.quant<si8, 0.05, -7>>", "tensor<4xui4>"]
    body = f"%y = cnn.add @op %a, %b, %c : {', '.join(types)} -> {types[1]}"
    arguments = ", ".join(f"%{name}: {type}" for name, type in zip("abc", types, strict=True))
    assert_same(arguments, f"{body}\n cnn.output %y : {types[1]}")


@pytest.mark.parametrize("element", ELEMENTS)
def test_views_and_padding(element: str) -> None:
    whole, turned = f"tensor<2x3x4x{element}>", f"tensor<4x2x3x{element}>"
    body = f"""
      %t = cnn.transpose %x [2, 0, 1] : {whole} -> {turned}
      %p = cnn.pad @pad %t before [0, 1, 0] after [1, 0, 2] value 0.4
        : {turned} -> tensor<5x3x5x{element}>
      %c = cnn.concat %p, %p : tensor<5x3x5x{element}>, tensor<5x3x5x{element}>
        -> tensor<10x3x5x{element}>
      %f = cnn.flatten %c : tensor<10x3x5x{element}> -> tensor<150x{element}>
      cnn.output %f, %f, %x : tensor<150x{element}>, tensor<150x{element}>, {whole}"""
    assert_same(f"%x: {whole}", body)


@pytest.mark.parametrize(
    "code", [*CODES, "!cnn.quant<si32, 0.00001, -3>", "!cnn.quant<ui20, 0.001>"]
)
def test_quantize_and_dequantize(code: str) -> None:
    body = f"""
      %q = cnn.quantize %x : tensor<6x5xf32> -> tensor<6x5x{code}>
      %y = cnn.dequantize %q : tensor<6x5x{code}> -> tensor<6x5xf32>
      cnn.output %y : tensor<6x5xf32>"""
    assert_same("%x: tensor<6x5xf32>", body, images=20)


WEIGHTS = ["ui8", "si8", "si3", "ui6", "si13", "ui16"]
RESULTS = [*CODES, "si32", "!cnn.quant<si24, 0.01, 5>"]


def scale_to(target: str, weights: str, source: str) -> float:
    """A weight scale with which sums of about ten products reach a good part of the result."""
    (t, w, s) = (quantization_of(_element(text)) for text in (target, weights, source))
    assert t and w and s
    return t.scale * 2.0 ** (t.bits - w.bits - s.bits - 1) / s.scale


def _element(text: str) -> TensorType:
    module = parsed(
        f"cnn.network @net(%x: tensor<1x{text}>) {{ cnn.output %x : tensor<1x{text}> }}"
    )
    op = network_of(module)
    assert op is not None
    tensor = op.body.block.args[0].type
    assert isinstance(tensor, TensorType)
    return tensor


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("source", CODES)
def test_quantised_weight_layers(weights: str, source: str) -> None:
    for target in RESULTS:
        scale = scale_to(target, weights, source)
        conv, local, *dense = (float32_literal(scale / n) for n in (1, 4, 16, 24, 32))
        assert_same(
            f"%x: tensor<4x6x5x{source}>",
            f"""
            %y = cnn.conv @conv %x <3x2, strides 1x2, pads [2, 1, 0, 3], dilations 2x1> groups 2
              weights #cnn.seeded<1, tensor<6x2x3x2x{weights}>> scale {conv} zero_point 1
              bias #cnn.seeded<2, tensor<6xsi32>>
              : tensor<4x6x5x{source}> -> tensor<6x4x4x{target}>
            %l = cnn.local @local %x <3x3, strides 1x1, pads [1, 1, 1, 0]> region <3x2>
              weights #cnn.seeded<3, tensor<4x2x4x3x3x{weights}>> scale {local}
              : tensor<4x6x5x{source}> -> tensor<2x6x4x{target}>
            %f = cnn.flatten %x : tensor<4x6x5x{source}> -> tensor<120x{source}>
            %d = cnn.dense @dense %f weights #cnn.seeded<4, tensor<3x120x{weights}>>
              scale dense<[{", ".join(dense)}]> : tensor<3xf32>
              zero_point 2 bias #cnn.seeded<5, tensor<3xsi32>>
              : tensor<120x{source}> -> tensor<3x{target}>
            cnn.output %y, %l, %d
              : tensor<6x4x4x{target}>, tensor<2x6x4x{target}>, tensor<3x{target}>""",
        )


def test_float_weight_layers() -> None:
    assert_same(
        "%x: tensor<2x4x4xui8>",
        """
        %r = cnn.dequantize %x : tensor<2x4x4xui8> -> tensor<2x4x4xf32>
        %c = cnn.conv @codes %r <3x3, pads [1, 1, 1, 1]>
          weights #cnn.seeded<1, tensor<3x2x3x3xsi4>>
          scale dense<[0.5, 0.25, 0.125]> : tensor<3xf32> zero_point -1
          bias #cnn.seeded<2, tensor<3xsi32>> : tensor<2x4x4xf32> -> tensor<3x4x4xf32>
        %f = cnn.flatten %c : tensor<3x4x4xf32> -> tensor<48xf32>
        %d = cnn.dense @codes_too %f weights #cnn.seeded<3, tensor<2x48xui6>> scale 0.01
          bias dense<[3.0, -2.0]> : tensor<2xf32> : tensor<48xf32> -> tensor<2xf32>
        %e = cnn.dense @floats %d weights dense<[[0.5, 1.5], [-2.0, 0.25]]> : tensor<2x2xf32>
          : tensor<2xf32> -> tensor<2xf32>
        cnn.output %e : tensor<2xf32>""",
    )


def test_every_op_of_a_network_is_exported() -> None:
    computing = set(cnn_dialect().operations) - set(CNN_OPERATIONS)
    exported = {operator.op for operator in operators() if operator.export is not None}
    assert {*computing, LayerOp} == exported


@pytest.mark.parametrize(
    ("op", "types", "message"),
    [
        (
            "cnn.max_pool @pool %x <2x2>",
            ("tensor<1x2x2xsi32>", "tensor<1x1x1xsi32>"),
            "cnn.max_pool @pool: onnxruntime has no MaxPool of 32 bits",
        ),
        (
            "cnn.average_pool @pool %x <2x1, pads [2, 0, 2, 0], dilations 3x1>",
            ("tensor<1x4x1xf32>", "tensor<1x5x1xf32>"),
            "cnn.average_pool @pool: onnxruntime averages no windows with pads as large as the",
        ),
    ],
)
def test_what_cannot_be_exported_is_named(op: str, types: tuple[str, str], message: str) -> None:
    with pytest.raises(SpatemError, match=message):
        assert_op_is_same(op, *types)


def test_an_op_that_is_unknown_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = replace(sigmoid.OPERATOR, export=None)
    monkeypatch.setattr(export, "operator_of", lambda _: unknown)
    with pytest.raises(SpatemError, match=r"cnn\.sigmoid: no ONNX operators are known for it"):
        assert_op_is_same("cnn.sigmoid @op %x", "tensor<1xf32>", "tensor<1xf32>")


def test_parameters_that_exceed_a_model_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "MOST_BYTES", 100)
    layer = "cnn.dense @fc %x weights #cnn.seeded<0, tensor<11x10xsi8>> scale 1.0"
    with pytest.raises(SpatemError, match="@fc: parameters up to here have"):
        assert_op_is_same(layer, "tensor<10xui8>", "tensor<11xui8>")


def test_operators_that_have_nothing_to_do_do_not_rename_their_operands() -> None:
    tensor = "tensor<3xui8>"
    assert_same(
        f"%x: {tensor}",
        f"""
        %r = cnn.relu @r %x : {tensor} -> {tensor}
        %p = cnn.pad @p %r before [0] after [0] value 0.0 : {tensor} -> {tensor}
        %q = cnn.pad @q %p before [0] after [0] value 0.0 : {tensor} -> {tensor}
        cnn.output %q, %r : {tensor}, {tensor}
        """,
    )
