"""Ops built in Python are the ops that their text spells."""

from __future__ import annotations

from typing import TypeVar

from unit.dialects.networks import MVM
from unit.dialects.parsing import parse_module
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
    AveragePoolOp,
    ConcatOp,
    ConvOp,
    DenseOp,
    DequantizeOp,
    FlattenOp,
    LocalOp,
    MaxPoolOp,
    NetworkOp,
    OutputOp,
    QuantizeOp,
    ReluOp,
    SoftmaxOp,
)
from spatem_ir.dialects.cnn_attributes import SeededAttr, WindowAttr
from spatem_ir.dialects.cnn_weight_layers import weight_properties
from spatem_ir.dialects.mvm import AlternativeOp, LayerOp
from spatem_ir.dialects.ou import (
    ActivateOp,
    InterleaveOp,
    MergeOp,
    MvmOp,
    OuStageOp,
    SendOp,
    StreamOp,
)
from spatem_ir.dialects.pxb import HomeOp, PxbPlaceOp, PxbStageOp
from spatem_ir.dialects.vxb import VxbPlaceOp, VxbStageOp
from spatem_ir.geometry.grid import Deal, Grid
from spatem_ir.geometry.index_sequence import IndexSequence
from spatem_ir.geometry.window import Window

UI8 = IntegerType(8, Signedness.UNSIGNED)
SI2 = IntegerType(2, Signedness.SIGNED)
SI32 = IntegerType(32, Signedness.SIGNED)
ZERO = IndexSequence.of([0])
OpT = TypeVar("OpT", bound=Operation)


def assert_spells(module: ModuleOp, text: str) -> None:
    """Check that a module is the one that a text spells."""
    expected = parse_module(text, accelerator=None)
    module.verify()
    assert str(module) == str(expected)
    assert module.is_structurally_equivalent(expected)


def assert_appended(op: Operation, text: str) -> None:
    """Check that a network with `op` behind it is the network with `text` behind it."""
    module, expected = parse_module(MVM), parse_module(MVM + text)
    module.body.block.add_op(op)
    module.verify()
    assert str(module) == str(expected)


def seeded(seed: int, element: IntegerType, *shape: int) -> SeededAttr:
    return SeededAttr(IntAttr(seed), TensorType(element, shape))


def test_network() -> None:
    block = Block(arg_types=[TensorType(f32, [2, 4, 4]), TensorType(UI8, [2])])
    half = FloatAttr(0.5, f32)

    def append(op: OpT) -> OpT:
        block.add_op(op)
        return op

    codes = append(QuantizeOp(block.args[0], TensorType(UI8, [2, 4, 4])))
    conv = append(
        ConvOp(
            codes.output,
            TensorType(UI8, [2, 4, 4]),
            Window((3, 3), pads=(1, 1, 1, 1)),
            weight_properties("conv", seeded(0, SI2, 2, 1, 3, 3), half),
            groups=2,
        )
    )
    relu = append(ReluOp("relu", conv.output))
    local = append(
        LocalOp(
            relu.output,
            TensorType(UI8, [1, 4, 4]),
            Window((1, 1)),
            (2, 4),
            weight_properties(
                "local", seeded(1, SI2, 2, 1, 2, 1, 1), half, bias=seeded(2, SI32, 2)
            ),
        )
    )
    window = WindowAttr(Window((2, 2), (2, 2)))
    largest = append(MaxPoolOp("max", local.output, window, TensorType(UI8, [1, 2, 2])))
    mean = append(
        AveragePoolOp(
            "mean", largest.output, WindowAttr(Window((1, 2))), TensorType(UI8, [1, 2, 1])
        )
    )
    padded = append(
        AveragePoolOp(
            "padded",
            mean.output,
            WindowAttr(Window((1, 2), pads=(0, 1, 0, 0))),
            TensorType(UI8, [1, 2, 1]),
            count_include_pad=True,
        )
    )
    flat = append(FlattenOp(padded.output))
    column = append(FlattenOp(block.args[1], (2, 1)))
    row = append(FlattenOp(column.output))
    joined = append(ConcatOp([flat.output, row.output], TensorType(UI8, [4])))
    dense = append(
        DenseOp(
            joined.output,
            TensorType(UI8, [1]),
            weight_properties(
                "dense",
                DenseIntOrFPElementsAttr.from_list(TensorType(SI2, [1, 4]), [1, 0, -1, -2]),
                half,
                weight_zero_point=-1,
            ),
        )
    )
    real = append(DequantizeOp(dense.output, TensorType(f32, [1])))
    soft = append(SoftmaxOp(real.output))
    append(OutputOp(operands=[[soft.output]]))

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
  %15 = cnn.softmax %14 : tensor<1xf32> -> tensor<1xf32>
  cnn.output %15 : tensor<1xf32>
}
""",
    )


def test_partition() -> None:
    block = Block(arg_types=[TensorType(UI8, [4])])
    dense = DenseOp(
        block.args[0],
        TensorType(UI8, [2]),
        weight_properties("fc", seeded(0, SI2, 2, 4), FloatAttr(0.5, f32)),
    )
    layer = LayerOp.from_cnn(dense, Grid(2, 1, 1, 4, 2, 2, Deal.BLOCKS))
    block.add_ops([layer, OutputOp(operands=[[layer.output]])])
    alternative = AlternativeOp(640, [Grid(1, 2, 1, 1, 4, 1)])
    assert_spells(
        ModuleOp([NetworkOp("net", block), alternative]),
        """
cnn.network @net(%0: tensor<4xui8>) {
  %1 = mvm.layer @fc %0 <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5
        matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 blocks, ib = 4, tile 2x2>
        : tensor<4xui8> -> tensor<2xui8>
  cnn.output %1 : tensor<2xui8>
}
mvm.alternative cycles 640 grids [#mvm.grid<hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x1>]
""",
    )


def test_virtual_crossbars() -> None:
    four = IndexSequence.range(0, 4)
    assert_appended(
        VxbStageOp(
            0,
            [
                VxbPlaceOp("conv", four, four, ZERO, ZERO),
                VxbPlaceOp("fc", IndexSequence.range(0, 2), ZERO, IndexSequence.of([9, 11]), ZERO),
            ],
        ),
        """
vxb.stage 0 {
  vxb.place @conv tiles 0 to 4 crossbars 0 to 4 at [0, 0]
  vxb.place @fc tiles 0 to 2 crossbars 0 at [[9, 11], 0]
}
""",
    )


PXB = """
pxb.stage 3 {
  pxb.place @conv tiles 0 to 4 crossbars 0 to 4 at [0, 0]
  pxb.place @fc tiles 0 to 2 crossbars 4 to 6 at [0, 0]
  pxb.home @conv pes 0 to 2
  pxb.home @pool pes 0 times 2
  pxb.home @fc pes 1
}
"""


def physical_stage() -> PxbStageOp:
    four = IndexSequence.range(0, 4)
    return PxbStageOp(
        3,
        [
            PxbPlaceOp("conv", four, four, ZERO, ZERO),
            PxbPlaceOp("fc", IndexSequence.range(0, 2), IndexSequence.range(4, 6), ZERO, ZERO),
            HomeOp("conv", IndexSequence.range(0, 2)),
            HomeOp("pool", IndexSequence.of([0, 0])),
            HomeOp("fc", IndexSequence.of([1])),
        ],
    )


def test_physical_crossbars() -> None:
    assert_appended(physical_stage(), PXB)


def test_programs() -> None:
    one = IndexSequence.of([1])
    operations = [ActivateOp(range(bit, bit + 1), range(2), range(2)) for bit in range(8)]
    stage = OuStageOp(
        3,
        [
            StreamOp(
                IndexSequence.range(0, 4),
                [
                    InterleaveOp(
                        IndexSequence.of([1, 0]),
                        [
                            MvmOp("conv", IndexSequence.range(0, 4), ZERO),
                            MvmOp("conv", IndexSequence.range(0, 4), one),
                        ],
                    )
                ],
            ),
            StreamOp(IndexSequence.of([4]), [MvmOp("fc", ZERO, ZERO, operations)]),
            StreamOp(IndexSequence.of([5]), [MvmOp("fc", one, ZERO)]),
            MergeOp("conv"),
            MergeOp("fc", ("pe", "home")),
            SendOp("input", ["conv"]),
            SendOp("conv", ["pool"]),
            SendOp("pool", ["fc"]),
            SendOp("fc", ["output"]),
        ],
        loops=("row", "column", "bit"),
    )
    body = "".join(f"      ou.activate bits {bit} rows 0 to 2 columns 0 to 2\n" for bit in range(8))
    expected = parse_module(
        f"""{MVM}{PXB}
ou.stage 3 operations <row, column, bit> {{
  ou.stream crossbars 0 to 4 {{
    ou.interleave by [1, 0] {{
      ou.mvm @conv tiles 0 to 4 windows 0
      ou.mvm @conv tiles 0 to 4 windows 1
    }}
  }}
  ou.stream crossbars 4 {{
    ou.mvm @fc tiles 0 windows 0 {{
{body}    }}
  }}
  ou.stream crossbars 5 {{
    ou.mvm @fc tiles 1 windows 0
  }}
  ou.merge @conv through <cu, pe, home>
  ou.merge @fc through <pe, home>
  ou.send @input to [@conv]
  ou.send @conv to [@pool]
  ou.send @pool to [@fc]
  ou.send @fc to [@output]
}}
"""
    )
    module = parse_module(MVM)
    module.body.block.add_ops([physical_stage(), stage])
    module.verify()
    assert str(module) == str(expected)
    assert module.is_structurally_equivalent(expected)
    assert stage.streams[1].bursts[0].operations == operations
