"""Ops of the lower levels built in Python are the ops that their text spells."""

from __future__ import annotations

from unit.dialects.networks import MVM
from unit.dialects.parsing import assert_spells, parse_module
from xdsl.dialects.builtin import (
    FloatAttr,
    IntAttr,
    IntegerType,
    ModuleOp,
    Signedness,
    TensorType,
    f32,
)
from xdsl.ir import Block, Operation

from spatem_ir.dialects.cnn import DenseOp, NetworkOp, OutputOp
from spatem_ir.dialects.cnn.parameters import SeededAttr
from spatem_ir.dialects.cnn.weight_layers import weight_properties
from spatem_ir.dialects.mvm import AlternativeOp, LayerOp
from spatem_ir.dialects.ou import (
    ActivateOp,
    DueOp,
    InterleaveOp,
    MergeOp,
    MvmOp,
    OuStageOp,
    StreamOp,
)
from spatem_ir.dialects.pxb import HomeOp, PxbPlaceOp, PxbStageOp
from spatem_ir.dialects.vxb import VxbPlaceOp, VxbStageOp
from spatem_ir.geometry.shapes.grid import Deal, Grid
from spatem_ir.geometry.shapes.index_sequence import IndexSequence

UI8 = IntegerType(8, Signedness.UNSIGNED)
SI2 = IntegerType(2, Signedness.SIGNED)
ZERO = IndexSequence.of([0])


def assert_appended(op: Operation, text: str) -> None:
    """Check that a network with `op` behind it is the network with `text` behind it."""
    module, expected = parse_module(MVM), parse_module(MVM + text)
    module.body.block.add_op(op)
    module.verify()
    assert str(module) == str(expected)


def test_partition() -> None:
    block = Block(arg_types=[TensorType(UI8, [4])])
    weights = SeededAttr(IntAttr(0), TensorType(SI2, [2, 4]))
    dense = DenseOp(
        block.args[0],
        TensorType(UI8, [2]),
        weight_properties("fc", weights, FloatAttr(0.5, f32)),
    )
    layer = LayerOp.from_cnn(dense, Grid(2, 1, 1, 4, 2, 2, Deal.BLOCKS))
    block.add_ops([layer, OutputOp(operands=[[layer.output]])])
    alternative = AlternativeOp([Grid(1, 2, 1, 1, 4, 1)])
    assert_spells(
        ModuleOp([NetworkOp("net", block), alternative]),
        """
cnn.network @net(%0: tensor<4xui8>) {
  %1 = mvm.layer @fc %0 <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5
        matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 blocks, ib = 4, tile 2x2>
        : tensor<4xui8> -> tensor<2xui8>
  cnn.output %1 : tensor<2xui8>
}
mvm.alternative [<hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x1>]
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
                            MvmOp("conv", ZERO),
                            MvmOp("conv", one),
                        ],
                    )
                ],
            ),
            StreamOp(IndexSequence.of([4]), [MvmOp("fc", ZERO, operations)]),
            DueOp("fc", IndexSequence.of([7]), by_tile=True),
            MergeOp("fc", ("pe", "home")),
        ],
    )
    body = "".join(f"      ou.activate bits {bit} rows 0 to 2 columns 0 to 2\n" for bit in range(8))
    expected = parse_module(
        f"""{MVM}{PXB}
ou.stage 3 {{
  ou.stream crossbars 0 to 4 {{
    ou.interleave by [1, 0] {{
      ou.mvm @conv windows 0
      ou.mvm @conv windows 1
    }}
  }}
  ou.stream crossbars 4 {{
    ou.mvm @fc windows 0 {{
{body}    }}
  }}
  ou.due @fc by tile at 7
  ou.merge @fc at <pe, home>
}}
"""
    )
    module = parse_module(MVM)
    module.body.block.add_ops([physical_stage(), stage])
    module.verify()
    assert str(module) == str(expected)
    assert module.is_structurally_equivalent(expected)
    assert stage.streams[1].bursts[0].operations == operations
