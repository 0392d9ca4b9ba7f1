"""What waits for what, so that nothing is made long before it is needed."""

from __future__ import annotations

from unit.runtime.machine.programs import convolution, deployment, parse

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.search.pacing import (
    Lead,
    input_waits,
    leaving_waits,
    lowered,
    output_waits,
    positions_needed,
    waits_of,
)

TWO_LAYERS = deployment(
    input="1x4x4xui8",
    ops=[
        convolution("a", "input", "1x4x4xui8 -> 1x3x3xui8", "2x2"),
        convolution("b", "a", "1x3x3xui8 -> 1x2x2xui8", "2x2"),
    ],
    places=["@a tiles 0 crossbars 0 at [0, 0]", "@b tiles 0 crossbars 0 at [4, 0]"],
    homes=["@a pes 0", "@b pes 0"],
    streams=["crossbars 0 { ou.mvm @a windows 0 to 9 \n ou.mvm @b windows 0 to 4 }"],
)

NAMES = ("short", "long", "last")

BRANCHES = deployment(
    input="1x6x1xui8",
    ops=[
        convolution("short", "input", "1x6x1xui8 -> 1x6x1xui8", "1x1"),
        convolution("long", "input", "1x6x1xui8 -> 1x6x1xui8", "3x1", window=", pads [1, 0, 1, 0]"),
        "%both = cnn.concat %short, %long "
        ": tensor<1x6x1xui8>, tensor<1x6x1xui8> -> tensor<2x6x1xui8>",
        convolution("last", "both", "2x6x1xui8 -> 1x6x1xui8", "1x1"),
    ],
    places=[f"@{name} tiles 0 crossbars 0 at [{4 * n}, 0]" for n, name in enumerate(NAMES)],
    homes=[f"@{name} pes 0" for name in NAMES],
    streams=[
        "crossbars 0 { " + " \n ".join(f"ou.mvm @{name} windows 0 to 6" for name in NAMES) + " }"
    ],
)


def test_the_inputs_are_needed_through_all_layers_between() -> None:
    dataflow = dataflow_of(parse(TWO_LAYERS))
    _, a, b, *_ = dataflow.nodes
    needed = positions_needed(dataflow)
    assert needed[a.number].tolist() == [5, 6, 7, 9, 10, 11, 13, 14, 15]
    assert needed[b.number].tolist() == [10, 11, 14, 15]


def test_inputs_are_needed_as_if_they_went_on() -> None:
    dataflow = dataflow_of(parse(BRANCHES))
    needed = positions_needed(dataflow)
    assert needed[dataflow.by_name["short"].number].tolist() == [0, 1, 2, 3, 4, 5]
    assert needed[dataflow.by_name["long"].number].tolist() == [1, 2, 3, 4, 5, 6]
    assert needed[dataflow.by_name["last"].number].tolist() == [1, 2, 3, 4, 5, 6]


def test_what_is_made_waits_for_its_readers() -> None:
    """It may need at most one of the six positions of the input more."""
    dataflow = dataflow_of(parse(BRANCHES))
    image, short, last = dataflow.nodes[0], dataflow.by_name["short"], dataflow.by_name["last"]
    waits = {(wait.node, wait.other): wait.until.tolist() for wait in waits_of(dataflow, 1 / 6)}
    assert waits[short.number, last.number] == [0, 0, 0, 1, 2, 3]
    assert waits[image.number, short.number] == [0, 0, 1, 2, 3, 4]
    assert {node for node, _ in waits} == {node.number for node in dataflow.nodes[:3]}


def test_nothing_waits_for_what_needs_all_of_it() -> None:
    layers = {"a": convolution("a", "input", "1x4x1xui8 -> 1x4x1xui8", "1x1")}
    layers["b"] = convolution("b", "a", "1x4x1xui8 -> 1x1x1xui8", "4x1")
    text = deployment(
        input="1x4x1xui8",
        ops=list(layers.values()),
        places=["@a tiles 0 crossbars 0 at [0, 0]", "@b tiles 0 crossbars 0 at [4, 0]"],
        homes=["@a pes 0", "@b pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 to 4 \n ou.mvm @b windows 0 to 1 }"],
    )
    dataflow = dataflow_of(parse(text))
    a = dataflow.by_name["a"]
    assert positions_needed(dataflow)[a.number].tolist() == [0, 1, 2, 3]
    assert all(wait.node != a.number for wait in waits_of(dataflow, 1 / 4))


def test_the_next_image_waits_for_readers_or_outputs() -> None:
    dataflow = dataflow_of(parse(TWO_LAYERS))
    image, a, _, output = dataflow.nodes
    (wait,) = input_waits(dataflow)
    assert (wait.node, wait.other, wait.until.max()) == (image.number, a.number, 0)
    (wait,) = output_waits(dataflow)
    assert (wait.node, wait.other, wait.until.max()) == (image.number, output.number, 0)
    assert [wait.until.max() for wait in waits_of(dataflow, None)] == [0]


def test_outputs_are_made_as_they_leave() -> None:
    """Half of 4 bytes are two positions of b."""
    dataflow = dataflow_of(parse(TWO_LAYERS))
    *_, b, output = dataflow.nodes
    (wait,) = leaving_waits(dataflow, 4)
    assert (wait.node, wait.other, wait.until.tolist()) == (b.number, output.number, [0, 0, 0, 1])
    assert leaving_waits(dataflow, 8) == []


def test_leads_become_ever_smaller() -> None:
    """Any at first, then half of six rows and of the depth, at last a row."""
    found = [(None, 0.8), (1 / 2, 0.4), (1 / 4, 0.2), (1 / 6, 0.1)]
    assert list(lowered(Lead(None, 0.8), 6)) == found
    assert list(lowered(Lead(1 / 8, 0.8), 8)) == [(1 / 8, 0.8)]
