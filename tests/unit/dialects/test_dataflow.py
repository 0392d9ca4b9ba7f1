"""From a network to the nodes of the machine."""

from __future__ import annotations

import pytest
from unit.dialects.networks import CNN, MVM
from unit.dialects.parsing import parse_module

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.errors import SpatemError
from spatem_ir.geometry.dataflow import NodeKind
from spatem_ir.geometry.window import Window


def test_nodes_of_a_network() -> None:
    dataflow = dataflow_of(parse_module(MVM))
    assert [(node.number, node.name, node.kind) for node in dataflow.nodes] == [
        (0, "input", NodeKind.INPUT),
        (1, "conv", NodeKind.LAYER),
        (2, "pool", NodeKind.POOL),
        (3, "fc", NodeKind.LAYER),
        (4, "output", NodeKind.OUTPUT),
    ]
    assert [node.shape for node in dataflow.nodes] == [
        (1, 4, 4),
        (4, 2, 2),
        (4, 1, 1),
        (2, 1, 1),
        (2, 1, 1),
    ]
    assert [node.sources for node in dataflow.nodes] == [(), (0,), (1,), (2,), (3,)]
    assert [node.slices for node in dataflow.nodes] == [(0,), (0, 2), (0, 2), (0,), (0,)]
    pool = dataflow.by_name["pool"]
    assert (pool.window, pool.input_size) == (Window((2, 2)), (2, 2))
    conv = dataflow.by_name["conv"]
    assert conv.layer is not None and conv.layer.name == "conv"
    assert conv.grid is not None and conv.grid.wwm == 2


def test_what_runs_on_the_host_is_no_node() -> None:
    dataflow = dataflow_of(
        parse_module("""
cnn.network @net(%a: tensor<2x2x2xf32>, %b: tensor<3xui4>, %c: tensor<4xsi8>) {
  %codes = cnn.quantize %a : tensor<2x2x2xf32> -> tensor<2x2x2xui8>
  %relu = cnn.relu @relu %codes : tensor<2x2x2xui8> -> tensor<2x2x2xui8>
  %real = cnn.dequantize %relu : tensor<2x2x2xui8> -> tensor<2x2x2xf32>
  %soft = cnn.softmax %real : tensor<2x2x2xf32> -> tensor<2x2x2xf32>
  cnn.output %soft, %b : tensor<2x2x2xf32>, tensor<3xui4>
}
""")
    )
    assert [(node.name, node.bits, node.sources) for node in dataflow.nodes] == [
        ("input", 4, ()),
        ("input1", 8, ()),
        ("input2", 8, ()),
        ("relu", 8, (2,)),
        ("output", 8, (3,)),
        ("output1", 4, (0,)),
    ]


VIEWS = """
cnn.network @net(%x: tensor<4x2x1xui8>) {{
  %a = mvm.layer @a %x <1x1> groups 2 weights #cnn.seeded<0, tensor<6x2x1x1xsi2>> scale 0.5
        matrix 2 of 2x3 windows 2 grid <hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 2x2>
        : tensor<4x2x1xui8> -> tensor<6x2x1xui8>
  %b = mvm.layer @b %x <1x1> region <1x1> weights #cnn.seeded<1, tensor<2x3x4x1x1xsi2>> scale 0.5
        matrix 2 of 4x3 windows 1 grid <hwm = 1, wwm = 3, iw = 1 cyclic, ib = 1, tile 4x1>
        : tensor<4x2x1xui8> -> tensor<3x2x1xui8>
  {view}
  %relu = cnn.relu @relu %view : tensor<{shape}xui8> -> tensor<{shape}xui8>
  cnn.output %relu : tensor<{shape}xui8>
}}
"""


def test_slices_of_layers() -> None:
    view = "%view = cnn.flatten %a : tensor<6x2x1xui8> -> tensor<12xui8>"
    dataflow = dataflow_of(parse_module(VIEWS.format(view=view, shape="12")))
    assert dataflow.by_name["a"].slices == (0, 2, 3, 5)  # of each group
    assert dataflow.by_name["b"].slices == (0, 1, 2)  # common to all regions


@pytest.mark.parametrize(
    ("view", "shape", "sources", "slices"),
    [
        (
            "%view = cnn.flatten %a : tensor<6x2x1xui8> -> tensor<12xui8>",
            "12",
            (1,),
            (0, 4, 6, 10),
        ),
        (
            "%view = cnn.concat %b, %a, %b : tensor<3x2x1xui8>, tensor<6x2x1xui8>, "
            "tensor<3x2x1xui8> -> tensor<12x2x1xui8>",
            "12x2x1",
            (2, 1, 2),
            (0, 1, 2, 3, 5, 6, 8, 9, 10, 11),
        ),
        (
            "%view = cnn.flatten %a : tensor<6x2x1xui8> -> tensor<6x1x2xui8>",
            "6x1x2",
            (1,),
            (0, 2, 3, 5),
        ),
        # Positions that cut across those of the source make one slice.
        ("%view = cnn.flatten %a : tensor<6x2x1xui8> -> tensor<4x3x1xui8>", "4x3x1", (1,), (0,)),
    ],
)
def test_slices_of_views(
    view: str, shape: str, sources: tuple[int, ...], slices: tuple[int, ...]
) -> None:
    relu = dataflow_of(parse_module(VIEWS.format(view=view, shape=shape))).by_name["relu"]
    assert relu.sources == sources
    assert relu.slices == slices


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("builtin.module {}", "the module holds no cnn.network"),
        (CNN, "cnn.conv has no place on the machine; run partition before the lower levels"),
    ],
)
def test_modules_without_a_dataflow(text: str, message: str) -> None:
    with pytest.raises(SpatemError) as caught:
        dataflow_of(parse_module(text))
    assert str(caught.value) == message
