"""Ops of level `cnn` built in Python are the ops that their text spells."""

from __future__ import annotations

from typing import TypeVar

from unit.dialects.parsing import assert_spells
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntAttr,
    IntegerType,
    ModuleOp,
    Signedness,
    TensorType,
    f32,
)
from xdsl.ir import Block, Operation

from spatem_ir.dialects.cnn import (
    ConvOp,
    DenseOp,
    DequantizeOp,
    FlattenOp,
    LocalOp,
    NetworkOp,
    OutputOp,
    QuantizeOp,
    TransposeOp,
)
from spatem_ir.dialects.cnn.attributes import Quantization, QuantType, WindowAttr
from spatem_ir.dialects.cnn.parameters import SeededAttr
from spatem_ir.dialects.cnn.weight_layers import weight_properties
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.operators.add import AddOp
from spatem_ir.operators.affine import AffineOp
from spatem_ir.operators.average_pool import AveragePoolOp
from spatem_ir.operators.batch_norm import BatchNormOp
from spatem_ir.operators.clip import ClipOp
from spatem_ir.operators.concat import ConcatOp
from spatem_ir.operators.global_average_pool import GlobalAveragePoolOp
from spatem_ir.operators.identity import IdentityOp
from spatem_ir.operators.leaky_relu import LeakyReluOp
from spatem_ir.operators.lrn import LrnOp
from spatem_ir.operators.max_pool import MaxPoolOp
from spatem_ir.operators.mul import MulOp
from spatem_ir.operators.pad import PadOp
from spatem_ir.operators.relu import ReluOp
from spatem_ir.operators.requantize import RequantizeOp
from spatem_ir.operators.sigmoid import SigmoidOp
from spatem_ir.operators.softmax import SoftmaxOp

UI8 = IntegerType(8, Signedness.UNSIGNED)
SI2 = IntegerType(2, Signedness.SIGNED)
SI32 = IntegerType(32, Signedness.SIGNED)
OpT = TypeVar("OpT", bound=Operation)


def append(block: Block, op: OpT) -> OpT:
    block.add_op(op)
    return op


def seeded(seed: int, element: IntegerType, *shape: int) -> SeededAttr:
    return SeededAttr(IntAttr(seed), TensorType(element, shape))


def test_network() -> None:
    block = Block(arg_types=[TensorType(f32, [2, 4, 4]), TensorType(UI8, [2])])
    half = FloatAttr(0.5, f32)

    codes = append(block, QuantizeOp(block.args[0], TensorType(UI8, [2, 4, 4])))
    conv = append(
        block,
        ConvOp(
            codes.output,
            TensorType(UI8, [2, 4, 4]),
            Window((3, 3), pads=(1, 1, 1, 1)),
            weight_properties("conv", seeded(0, SI2, 2, 1, 3, 3), half),
            groups=2,
        ),
    )
    relu = append(block, ReluOp("relu", conv.output))
    local = append(
        block,
        LocalOp(
            relu.output,
            TensorType(UI8, [1, 4, 4]),
            Window((1, 1)),
            (2, 4),
            weight_properties(
                "local", seeded(1, SI2, 2, 1, 2, 1, 1), half, bias=seeded(2, SI32, 2)
            ),
        ),
    )
    window = WindowAttr(Window((2, 2), (2, 2)))
    largest = append(block, MaxPoolOp("max", local.output, window, TensorType(UI8, [1, 2, 2])))
    mean = append(
        block,
        AveragePoolOp(
            "mean", largest.output, WindowAttr(Window((1, 2))), TensorType(UI8, [1, 2, 1])
        ),
    )
    padded = append(
        block,
        AveragePoolOp(
            "padded",
            mean.output,
            WindowAttr(Window((1, 2), pads=(0, 1, 0, 0))),
            TensorType(UI8, [1, 2, 1]),
            count_include_pad=True,
        ),
    )
    flat = append(block, FlattenOp(padded.output))
    column = append(block, FlattenOp(block.args[1], (2, 1)))
    row = append(block, FlattenOp(column.output))
    joined = append(block, ConcatOp([flat.output, row.output], TensorType(UI8, [4])))
    dense = append(
        block,
        DenseOp(
            joined.output,
            TensorType(UI8, [1]),
            weight_properties(
                "dense",
                DenseIntOrFPElementsAttr.from_list(TensorType(SI2, [1, 4]), [1, 0, -1, -2]),
                half,
                weight_zero_point=-1,
            ),
        ),
    )
    real = append(block, DequantizeOp(dense.output, TensorType(f32, [1])))
    soft = append(block, SoftmaxOp("soft", real.output))
    append(block, OutputOp(operands=[[soft.output]]))

    assert_spells(
        ModuleOp([NetworkOp("net", block)]),
        """
cnn.network @net(%0: tensor<2x4x4xf32>, %1: tensor<2xui8>) {
  %2 = cnn.quantize %0 : tensor<2x4x4xf32> -> tensor<2x4x4xui8>
  %3 = cnn.conv @conv %2 <3x3, pads [1, 1, 1, 1]> groups 2
        weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5
        : tensor<2x4x4xui8> -> tensor<2x4x4xui8>
  %4 = cnn.relu @relu %3 : tensor<2x4x4xui8> -> tensor<2x4x4xui8>
  %5 = cnn.local @local %4 <1x1> region <2x4>
        weights #cnn.seeded<1, tensor<2x1x2x1x1xsi2>> scale 0.5 bias #cnn.seeded<2, tensor<2xsi32>>
        : tensor<2x4x4xui8> -> tensor<1x4x4xui8>
  %6 = cnn.max_pool @max %5 <2x2, strides 2x2> : tensor<1x4x4xui8> -> tensor<1x2x2xui8>
  %7 = cnn.average_pool @mean %6 <1x2> : tensor<1x2x2xui8> -> tensor<1x2x1xui8>
  %8 = cnn.average_pool @padded %7 <1x2, pads [0, 1, 0, 0]> count_include_pad
        : tensor<1x2x1xui8> -> tensor<1x2x1xui8>
  %9 = cnn.flatten %8 : tensor<1x2x1xui8> -> tensor<2xui8>
  %10 = cnn.flatten %1 : tensor<2xui8> -> tensor<2x1xui8>
  %11 = cnn.flatten %10 : tensor<2x1xui8> -> tensor<2xui8>
  %12 = cnn.concat %9, %11 : tensor<2xui8>, tensor<2xui8> -> tensor<4xui8>
  %13 = cnn.dense @dense %12 weights dense<[[1, 0, -1, -2]]>
        : tensor<1x4xsi2> scale 0.5 zero_point -1 : tensor<4xui8> -> tensor<1xui8>
  %14 = cnn.dequantize %13 : tensor<1xui8> -> tensor<1xf32>
  %15 = cnn.softmax @soft %14 : tensor<1xf32> -> tensor<1xf32>
  cnn.output %15 : tensor<1xf32>
}
""",
    )


def floats(*values: float) -> DenseIntOrFPElementsAttr:
    return DenseIntOrFPElementsAttr.from_list(TensorType(f32, [len(values)]), values)


def test_float32_network() -> None:
    block = Block(arg_types=[TensorType(f32, [2, 2, 3])])

    weights = DenseIntOrFPElementsAttr.from_list(TensorType(f32, [2, 2, 1, 1]), [0.5])
    conv = append(
        block,
        ConvOp(
            block.args[0],
            TensorType(f32, [2, 2, 3]),
            Window((1, 1)),
            weight_properties("conv", weights, None, bias=floats(0.5, -0.5)),
        ),
    )
    norm = append(
        block,
        BatchNormOp(
            "norm",
            conv.output,
            scale=floats(1, 2),
            shift=floats(3, 4),
            mean=floats(5, 6),
            variance=floats(7, 8),
            epsilon=1e-5,
        ),
    )
    affine = append(block, AffineOp("affine", norm.output, floats(1, 2), floats(3, 4)))
    relu = append(block, ReluOp("relu", affine.output))
    lrn = append(block, LrnOp("lrn", relu.output, size=3, alpha=1e-4, beta=0.75, bias=2.0))
    dropout = append(block, IdentityOp("dropout", lrn.output))
    whole = append(
        block,
        GlobalAveragePoolOp(
            "whole", dropout.output, WindowAttr(Window((2, 3))), TensorType(f32, [2, 1, 1])
        ),
    )
    product = append(block, MulOp("product", [whole.output, dropout.output], lrn.output.type))
    padded = append(block, PadOp("padded", product.output, (0, 1, 0), (1, 0, 2), value=-1.5))
    zeros = append(block, PadOp("zeros", padded.output, (0, 0, 0), (0, 0, 1)))
    soft = append(block, SoftmaxOp("soft", zeros.output, axis=1))
    append(block, OutputOp(operands=[[soft.output]]))

    assert_spells(
        ModuleOp([NetworkOp("net", block)]),
        """
cnn.network @net(%0: tensor<2x2x3xf32>) {
  %1 = cnn.conv @conv %0 <1x1> weights dense<0.5> : tensor<2x2x1x1xf32>
        bias dense<[0.5, -0.5]> : tensor<2xf32> : tensor<2x2x3xf32> -> tensor<2x2x3xf32>
  %2 = cnn.batch_norm @norm %1
        scale dense<[1.0, 2.0]> : tensor<2xf32> shift dense<[3.0, 4.0]> : tensor<2xf32>
        mean dense<[5.0, 6.0]> : tensor<2xf32> variance dense<[7.0, 8.0]> : tensor<2xf32>
        epsilon 0.00001 : tensor<2x2x3xf32> -> tensor<2x2x3xf32>
  %3 = cnn.affine @affine %2
        scale dense<[1.0, 2.0]> : tensor<2xf32> shift dense<[3.0, 4.0]> : tensor<2xf32>
        : tensor<2x2x3xf32> -> tensor<2x2x3xf32>
  %4 = cnn.relu @relu %3 : tensor<2x2x3xf32> -> tensor<2x2x3xf32>
  %5 = cnn.lrn @lrn %4 size 3 alpha 0.0001 beta 0.75 bias 2.0
        : tensor<2x2x3xf32> -> tensor<2x2x3xf32>
  %6 = cnn.identity @dropout %5 : tensor<2x2x3xf32> -> tensor<2x2x3xf32>
  %7 = cnn.global_average_pool @whole %6 <2x3> : tensor<2x2x3xf32> -> tensor<2x1x1xf32>
  %8 = cnn.mul @product %7, %6
        : tensor<2x1x1xf32>, tensor<2x2x3xf32> -> tensor<2x2x3xf32>
  %9 = cnn.pad @padded %8 before [0, 1, 0] after [1, 0, 2] value -1.5
        : tensor<2x2x3xf32> -> tensor<3x3x5xf32>
  %10 = cnn.pad @zeros %9 before [0, 0, 0] after [0, 0, 1] value 0.0
        : tensor<3x3x5xf32> -> tensor<3x3x6xf32>
  %11 = cnn.softmax @soft %10 axis 1 : tensor<3x3x6xf32> -> tensor<3x3x6xf32>
  cnn.output %11 : tensor<3x3x6xf32>
}
""",
    )


def test_digital_operators_give_other_quantisations() -> None:
    finer = QuantType.of(Quantization(8, signed=True, scale=0.5, zero_point=-1))
    block = Block(arg_types=[TensorType(UI8, [2, 3])])
    out = TensorType(finer, [2, 3])

    clip = append(block, ClipOp("clip", block.args[0], lowest=None, highest=6.0))
    both = append(block, ClipOp("both", clip.output, lowest=1.0, highest=5.0))
    leaky = append(block, LeakyReluOp("leaky", both.output, 0.01, out))
    sigmoid = append(block, SigmoidOp("sigmoid", leaky.output, TensorType(UI8, [2, 3])))
    affine = append(block, AffineOp("affine", sigmoid.output, floats(1, 2), floats(3, 4), out))
    lrn = append(block, LrnOp("lrn", affine.output, 5, 1e-4, 0.75, 1.0, TensorType(UI8, [2, 3])))
    total = append(block, AddOp("sum", [lrn.output, affine.output, affine.output], out))
    soft = append(block, SoftmaxOp("soft", total.output, output=TensorType(UI8, [2, 3])))
    turned = append(block, TransposeOp(soft.output, (1, 0)))
    assert turned.order == (1, 0)
    other = append(block, RequantizeOp("other", turned.output, TensorType(finer, [3, 2])))
    append(block, OutputOp(operands=[[other.output]]))

    q = "!cnn.quant<si8, 0.5, -1>"
    assert_spells(
        ModuleOp([NetworkOp("net", block)]),
        f"""
cnn.network @net(%0: tensor<2x3xui8>) {{
  %1 = cnn.clip @clip %0 to 6.0 : tensor<2x3xui8> -> tensor<2x3xui8>
  %2 = cnn.clip @both %1 from 1.0 to 5.0 : tensor<2x3xui8> -> tensor<2x3xui8>
  %3 = cnn.leaky_relu @leaky %2 slope 0.01 : tensor<2x3xui8> -> tensor<2x3x{q}>
  %4 = cnn.sigmoid @sigmoid %3 : tensor<2x3x{q}> -> tensor<2x3xui8>
  %5 = cnn.affine @affine %4
        scale dense<[1.0, 2.0]> : tensor<2xf32> shift dense<[3.0, 4.0]> : tensor<2xf32>
        : tensor<2x3xui8> -> tensor<2x3x{q}>
  %6 = cnn.lrn @lrn %5 size 5 alpha 0.0001 beta 0.75 bias 1.0
        : tensor<2x3x{q}> -> tensor<2x3xui8>
  %7 = cnn.add @sum %6, %5, %5
        : tensor<2x3xui8>, tensor<2x3x{q}>, tensor<2x3x{q}> -> tensor<2x3x{q}>
  %8 = cnn.softmax @soft %7 : tensor<2x3x{q}> -> tensor<2x3xui8>
  %9 = cnn.transpose %8 [1, 0] : tensor<2x3xui8> -> tensor<3x2xui8>
  %10 = cnn.requantize @other %9 : tensor<3x2xui8> -> tensor<3x2x{q}>
  cnn.output %10 : tensor<3x2x{q}>
}}
""",
    )
