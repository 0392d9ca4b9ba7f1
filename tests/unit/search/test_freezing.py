"""How far the input may be ahead: of what each layer could have made of it."""

from __future__ import annotations

from unit.runtime.machine.programs import convolution, deployment, parse

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.search.evaluator import leads
from spatem_ir.search.freezing import input_waits, output_waits, positions_needed

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


def test_the_input_is_needed_through_all_layers_between() -> None:
    dataflow = dataflow_of(parse(TWO_LAYERS))
    image, a, b, *_ = dataflow.nodes
    needed = positions_needed(dataflow, image)
    assert needed[a.number].tolist() == [5, 6, 7, 9, 10, 11, 13, 14, 15]
    assert needed[b.number].tolist() == [10, 11, 14, 15]


def test_the_input_waits_for_what_can_be_made_of_earlier_rows() -> None:
    """Nothing waits for what needs itself: before row 3 enters, rows 0 and 1 make 3 positions."""
    dataflow = dataflow_of(parse(TWO_LAYERS))
    of_a, of_b = input_waits(dataflow, 1, for_all=True)
    assert of_a.until.reshape(4, 4)[:, 0].tolist() == [0, 0, 0, 3]
    assert of_b.until.tolist() == [0] * 16
    assert [wait.other for wait in input_waits(dataflow, 1)] == [of_a.other]
    (of_b,) = (wait for wait in input_waits(dataflow, 0, for_all=True) if wait.other == of_b.other)
    assert of_b.until.reshape(4, 4)[:, 0].tolist() == [0, 0, 0, 2]


def test_the_next_image_waits_for_readers_or_outputs() -> None:
    dataflow = dataflow_of(parse(TWO_LAYERS))
    image, a, _, output = dataflow.nodes
    (wait,) = input_waits(dataflow, None)
    assert (wait.node, wait.other, wait.until.max()) == (image.number, a.number, 0)
    (wait,) = output_waits(dataflow)
    assert (wait.node, wait.other, wait.until.max()) == (image.number, output.number, 0)


def test_the_input_is_held_back_ever_more() -> None:
    """By any number of rows at first, then by a quarter of the four; of readers, then of all."""
    dataflow = dataflow_of(parse(TWO_LAYERS))
    found = [tuple(lead) for lead in leads(dataflow, 0.2)]
    assert found == [(None, 0.2, False), (1, 0.05, False), (1, 0.05, True)]
