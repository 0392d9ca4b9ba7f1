"""From a network to the nodes of the machine."""

from __future__ import annotations

import pytest
from unit.dialects.networks import CNN, MVM
from unit.dialects.parsing import parse_module

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.geometry.network.dataflow import NodeKind, Operand
from spatem_ir.geometry.shapes.reach import Reach
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.support.errors import SpatemError


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
    assert pool.operands == (Operand((1,), (4, 2, 2)),)
    assert pool.reaches == (Reach.of_window((4, 2, 2), Window((2, 2))),)
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
  %soft = cnn.softmax @soft %real : tensor<2x2x2xf32> -> tensor<2x2x2xf32>
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


def test_a_gate_that_all_positions_read_cuts_no_slices() -> None:
    """A product with a gate has the pieces of the map; one with another map, those of both."""
    layer = """%{name} = mvm.layer @{name} %x <1x1> weights #cnn.seeded<0, tensor<6x2x1x1xsi2>>
        scale 0.5 matrix 2x6 windows {windows}
        grid <hwm = 1, wwm = {wwm}, iw = 1 cyclic, ib = 1, tile 2x{size}>
        : tensor<2x{shape}xui8> -> tensor<6x{shape}xui8>"""
    maps = [
        layer.format(name=name, shape="2x2", windows=4, wwm=wwm, size=6 // wwm)
        for name, wwm in (("a", 2), ("b", 3))
    ]
    text = """cnn.network @net(%x: tensor<2x2x2xui8>) {{
        {maps}
        %gate = cnn.max_pool @gate %b <2x2> : tensor<6x2x2xui8> -> tensor<6x1x1xui8>
        %r = cnn.mul @r %a, %{other} : tensor<6x2x2xui8>, tensor<6x{shape}xui8> -> tensor<6x2x2xui8>
        cnn.output %r : tensor<6x2x2xui8>
    }}"""
    for other, shape, slices in (("gate", "1x1", (0, 3)), ("b", "2x2", (0, 2, 3, 4))):
        module = parse_module(text.format(maps="\n".join(maps), other=other, shape=shape))
        assert dataflow_of(module).by_name["r"].slices == slices


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
        # A shuffle of the channels, there and back again.
        (
            "%g = cnn.flatten %a : tensor<6x2x1xui8> -> tensor<2x3x2x1xui8> "
            "%t = cnn.transpose %g [1, 0, 2, 3] : tensor<2x3x2x1xui8> -> tensor<3x2x2x1xui8> "
            "%view = cnn.flatten %t : tensor<3x2x2x1xui8> -> tensor<6x2x1xui8>",
            "6x2x1",
            (1,),
            (0,),
        ),
        (
            "%t = cnn.transpose %a [1, 0, 2] : tensor<6x2x1xui8> -> tensor<2x6x1xui8> "
            "%view = cnn.transpose %t [1, 0, 2] : tensor<2x6x1xui8> -> tensor<6x2x1xui8>",
            "6x2x1",
            (1,),
            (0, 2, 3, 5),
        ),
        # An identity; channels and rows that padding adds.
        (
            "%view = cnn.identity @same %a : tensor<6x2x1xui8> -> tensor<6x2x1xui8>",
            "6x2x1",
            (1,),
            (0, 2, 3, 5),
        ),
        (
            "%view = cnn.pad @pad %a before [2, 1, 0] after [1, 0, 0] value 0.0 "
            ": tensor<6x2x1xui8> -> tensor<9x3x1xui8>",
            "9x3x1",
            (3,),
            (0, 4, 5, 7),
        ),
        # Operators on two operands have the slices of both.
        (
            "%k = cnn.concat %b, %b : tensor<3x2x1xui8>, tensor<3x2x1xui8> -> tensor<6x2x1xui8> "
            "%view = cnn.add @add %a, %k : tensor<6x2x1xui8>, tensor<6x2x1xui8> "
            "-> tensor<6x2x1xui8>",
            "6x2x1",
            (3,),
            (0, 1, 2, 3, 4, 5),
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


ORDERS = """
cnn.network @net(%x: tensor<6x1x2xui8>, %y: tensor<4xui8>) {{
  %g = cnn.flatten %x : tensor<6x1x2xui8> -> tensor<2x3x2xui8>
  %t = cnn.transpose %g [1, 0, 2] : tensor<2x3x2xui8> -> tensor<3x2x2xui8>
  %f = cnn.flatten %t : tensor<3x2x2xui8> -> tensor<12xui8>
  {view}
  %reader = cnn.relu @reader %view : tensor<{shape}xui8> -> tensor<{shape}xui8>
  cnn.output %reader : tensor<{shape}xui8>
}}
"""
SHUFFLED = [0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11]
"""Channels 0, 3, 1, 4, 2, 5 of two positions."""


@pytest.mark.parametrize(
    ("view", "shape", "sources", "order"),
    [
        (
            "%view = cnn.flatten %t : tensor<3x2x2xui8> -> tensor<6x1x2xui8>",
            "6x1x2",
            (0,),
            SHUFFLED,
        ),
        # Dimension i of the result is dimension permutation[i] of the operand.
        (
            "%view = cnn.transpose %t [1, 2, 0] : tensor<3x2x2xui8> -> tensor<2x2x3xui8>",
            "2x2x3",
            (0,),
            [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11],
        ),
        (
            "%view = cnn.concat %y, %f, %y : tensor<4xui8>, tensor<12xui8>, tensor<4xui8> "
            "-> tensor<20xui8>",
            "20",
            (1, 0, 1),
            [0, 1, 2, 3, *(4 + element for element in SHUFFLED), 16, 17, 18, 19],
        ),
        # Elements behind a view count all elements of its source, whatever it shows.
        (
            "%h = cnn.gather %f dimension 0 indices 0 to 4 : tensor<12xui8> -> tensor<4xui8> "
            "%view = cnn.concat %h, %y : tensor<4xui8>, tensor<4xui8> -> tensor<8xui8>",
            "8",
            (0, 1),
            [*SHUFFLED[:4], 12, 13, 14, 15],
        ),
        (
            "%h = cnn.gather %y dimension 0 indices 0 to 2 : tensor<4xui8> -> tensor<2xui8> "
            "%view = cnn.gather %h dimension 0 indices 0 to 2 : tensor<2xui8> -> tensor<2xui8>",
            "2",
            (1,),
            [0, 1],
        ),
    ],
)
def test_order_of_views(view: str, shape: str, sources: tuple[int, ...], order: list[int]) -> None:
    dataflow = dataflow_of(parse_module(ORDERS.format(view=view, shape=shape)))
    reader = dataflow.by_name["reader"]
    (operand,) = reader.operands
    assert operand.sources == sources
    assert operand.order is not None
    assert operand.order.tolist() == order
    joined = [(source, n) for source in sources for n in range(dataflow.nodes[source].elements)]
    pieces = [
        dataflow.first_pieces[source] + int(dataflow.nodes[source].element_pieces()[number])
        for source, number in (joined[element] for element in order)
    ]
    assert dataflow.operand_pieces(reader).tolist() == pieces


def test_operands_of_operators() -> None:
    dataflow = dataflow_of(
        parse_module("""
cnn.network @net(%x: tensor<4x2x2xui8>, %y: tensor<4x1x1xui8>) {
  %m = cnn.mul @m %x, %y : tensor<4x2x2xui8>, tensor<4x1x1xui8> -> tensor<4x2x2xui8>
  %s = cnn.add @s %m, %m, %x : tensor<4x2x2xui8>, tensor<4x2x2xui8>, tensor<4x2x2xui8> -> tensor<4x2x2xui8>
  %n = cnn.lrn @n %s size 4 alpha 1.0 beta 0.5 bias 1.0 : tensor<4x2x2xui8> -> tensor<4x2x2xui8>
  %e = cnn.softmax @e %n axis 2 : tensor<4x2x2xui8> -> tensor<4x2x2xui8>
  %q = cnn.requantize @q %e : tensor<4x2x2xui8> -> tensor<4x2x2xsi4>
  cnn.output %q, %s : tensor<4x2x2xsi4>, tensor<4x2x2xui8>
}
""")  # noqa: E501
    )
    nodes = dataflow.by_name
    assert {name: node.sources for name, node in nodes.items()} == {
        "input": (),
        "input1": (),
        "m": (0, 1),
        "s": (2, 2, 0),
        "n": (3,),
        "e": (4,),
        "q": (5,),
        "output": (6,),
        "output1": (3,),
    }
    assert all(nodes[name].kind is NodeKind.ACTIVATE for name in "msneq")
    assert nodes["q"].bits == 4
    assert dataflow.readers(nodes["m"]) == [nodes["s"]]
    shape = (4, 2, 2)
    assert nodes["m"].reaches == (
        Reach.of_elements(shape, shape),
        Reach.of_elements((4, 1, 1), shape),
    )
    assert nodes["n"].reaches == (Reach.of_channels(shape, 4),)
    assert nodes["e"].reaches == (Reach.of_line(shape, 2),)
    # The second operand's elements follow the 16 of the first.
    assert nodes["m"].operand_windows(0)[3].tolist() == [3, 7, 11, 15, 16, 17, 18, 19]


def on_host(body: str) -> str:
    return f"""
cnn.network @net(%x: tensor<4xf32>) {{
  %c = cnn.quantize %x : tensor<4xf32> -> tensor<4xui8>
  %r = cnn.relu @r %c : tensor<4xui8> -> tensor<4xui8>
  %f = cnn.dequantize %r : tensor<4xui8> -> tensor<4xf32>
  {body}
}}
"""


@pytest.mark.parametrize(
    "body",
    [
        "%y = cnn.sigmoid @y %f : tensor<4xf32> -> tensor<4xf32> "
        "%z = cnn.add @z %y, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32> "
        "cnn.output %z : tensor<4xf32>",
        # What the host quantises does not go back to the chip.
        "%y = cnn.softmax @y %f : tensor<4xf32> -> tensor<4xf32> "
        "%q = cnn.quantize %y : tensor<4xf32> -> tensor<4xui8> "
        "%v = cnn.flatten %q : tensor<4xui8> -> tensor<2x2xui8> "
        "cnn.output %v : tensor<2x2xui8>",
    ],
)
def test_the_host_computes_what_follows_a_dequantisation(body: str) -> None:
    nodes = dataflow_of(parse_module(on_host(body))).nodes
    assert [(node.name, node.sources) for node in nodes] == [
        ("input", ()),
        ("r", (0,)),
        ("output", (1,)),
    ]


LEAVING = """
cnn.network @net(%x: tensor<2x3x1xui8>, %y: tensor<2x1x1xui8>) {{
  %a = cnn.relu @a %x : tensor<2x3x1xui8> -> tensor<2x3x1xui8>
  %b = cnn.relu @b %y : tensor<2x1x1xui8> -> tensor<2x1x1xui8>
  {views}
  cnn.output %v : tensor<{shape}xui8>
}}
"""


@pytest.mark.parametrize(
    ("views", "shape", "leaving"),
    [
        # Detections of two scales: each map leaves as it is made.
        (
            "%t = cnn.transpose %a [1, 2, 0] : tensor<2x3x1xui8> -> tensor<3x1x2xui8> "
            "%f = cnn.flatten %t : tensor<3x1x2xui8> -> tensor<6xui8> "
            "%g = cnn.flatten %b : tensor<2x1x1xui8> -> tensor<2xui8> "
            "%v = cnn.concat %f, %g : tensor<6xui8>, tensor<2xui8> -> tensor<8xui8>",
            "8",
            [((2, 3, 1), 2), ((2, 1, 1), 3)],
        ),
        # What is left out, or comes twice, is no part of a map.
        (
            "%c = cnn.gather %a dimension 1 indices 0 to 1 "
            ": tensor<2x3x1xui8> -> tensor<2x1x1xui8> "
            "%v = cnn.concat %c, %b : tensor<2x1x1xui8>, tensor<2x1x1xui8> -> tensor<4x1x1xui8>",
            "4x1x1",
            [((4, 1, 1), 2, 3)],
        ),
        (
            "%v = cnn.concat %b, %b : tensor<2x1x1xui8>, tensor<2x1x1xui8> -> tensor<4x1x1xui8>",
            "4x1x1",
            [((4, 1, 1), 3, 3)],
        ),
        # Channels of several maps leave position by position anyway.
        (
            "%v = cnn.concat %a, %a : tensor<2x3x1xui8>, tensor<2x3x1xui8> -> tensor<4x3x1xui8>",
            "4x3x1",
            [((4, 3, 1), 2, 2)],
        ),
    ],
)
def test_an_output_leaves_map_by_map(views: str, shape: str, leaving: list[object]) -> None:
    dataflow = dataflow_of(parse_module(LEAVING.format(views=views, shape=shape)))
    assert [(node.shape, *node.sources) for node in dataflow.outputs] == leaving
    assert [node.name for node in dataflow.outputs] == ["output", "output1"][: len(leaving)]


def test_the_host_computes_what_precedes_a_quantisation() -> None:
    nodes = dataflow_of(
        parse_module("""
cnn.network @net(%x: tensor<4xf32>) {
  %s = cnn.leaky_relu @s %x slope 0.5 : tensor<4xf32> -> tensor<4xf32>
  %c = cnn.quantize %s : tensor<4xf32> -> tensor<4xui8>
  cnn.output %c : tensor<4xui8>
}
""")
    ).nodes
    assert [node.name for node in nodes] == ["input", "output"]


FUSE = (
    "works on float32 on the host, but {} on the chip reads its result; run fuse-quantization, "
    "which makes it an operator on quantised tensors"
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "%y = cnn.sigmoid @y %f : tensor<4xf32> -> tensor<4xf32> "
            "%q = cnn.quantize %y : tensor<4xf32> -> tensor<4xui8> "
            "%v = cnn.flatten %q : tensor<4xui8> -> tensor<2x2x1xui8> "
            "%z = cnn.relu @z %v : tensor<2x2x1xui8> -> tensor<2x2x1xui8> "
            "cnn.output %z : tensor<2x2x1xui8>",
            "cnn.sigmoid @y " + FUSE.format("cnn.relu @z"),
        ),
        (
            "%q = cnn.quantize %f : tensor<4xf32> -> tensor<4xui8> "
            "%z = cnn.concat %r, %q : tensor<4xui8>, tensor<4xui8> -> tensor<8xui8> "
            "cnn.output %z : tensor<8xui8>",
            "cnn.dequantize " + FUSE.format("cnn.concat"),
        ),
        (
            "%v = cnn.flatten %r : tensor<4xui8> -> tensor<2x2x1x1xui8> "
            "%z = cnn.softmax @z %v : tensor<2x2x1x1xui8> -> tensor<2x2x1x1xui8> "
            "cnn.output %z : tensor<2x2x1x1xui8>",
            "cnn.softmax @z works on a tensor of 4 dimensions; the machine has operators on "
            "feature maps of 3 dimensions, and on more element by element only",
        ),
    ],
)
def test_operators_that_have_no_place_on_the_machine(body: str, message: str) -> None:
    with pytest.raises(SpatemError) as caught:
        dataflow_of(parse_module(on_host(body)))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (
            "MOST_POSITIONS_READ",
            "@m is too large for the machine: with it windows read 13 pos",
        ),
        ("MOST_ELEMENTS_READ", "@m is too large for the machine: it has or reads 32 elements"),
    ],
)
def test_networks_that_are_too_large(
    limit: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
cnn.network @net(%x: tensor<4x2x2xui8>, %y: tensor<4x1x1xui8>) {
  %m = cnn.mul @m %x, %y : tensor<4x2x2xui8>, tensor<4x1x1xui8> -> tensor<4x2x2xui8>
  cnn.output %m : tensor<4x2x2xui8>
}
"""
    most = 31 if limit == "MOST_ELEMENTS_READ" else 12
    monkeypatch.setattr(f"spatem_ir.dialects.dataflow.{limit}", most)
    with pytest.raises(SpatemError) as caught:
        dataflow_of(parse_module(text))
    assert message in str(caught.value)
