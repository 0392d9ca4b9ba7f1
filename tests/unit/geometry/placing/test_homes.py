"""Homes: where most of the data is, ties in turn, poolings with what they read."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.geometry.strategies import partitions

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind, Operand
from spatem_ir.geometry.placing.homes import home_tables, layer_homes, plurality
from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.placement import Placement
from spatem_ir.geometry.shapes.reach import Reach
from spatem_ir.geometry.shapes.window import Window

PIXELS = Layer("conv", (1, 2, 2), 4, Window((1, 1)), weight_bits=2)
"""Four windows of one matrix of 1 x 4."""
COPIES = Grid(hwm=1, wwm=2, iw=4, ib=1, tile_rows=1, tile_columns=2)
"""Four copies of two column slices: tile = copy · 2 + slice."""


def placement(crossbars: list[int]) -> Placement:
    """Tile n on the n-th of the given crossbars."""
    zeros = np.zeros(len(crossbars), np.int64)
    return Placement(np.arange(len(crossbars)), np.array(crossbars), zeros, zeros)


def layer_node(number: int, layer: Layer, grid: Grid, source: int) -> Node:
    slices = grid.slices(layer)
    shape = (layer.out_channels, *layer.output_size)
    operand = Operand((source,), layer.input_shape)
    return Node(
        number, layer.name, NodeKind.LAYER, shape, 8, slices, (operand,), layer=layer, grid=grid
    )


def test_plurality() -> None:
    groups = np.array([0, 0, 0, 1, 1, 2])
    pes = np.array([5, 3, 5, 4, 4, 0])
    assert plurality(groups, pes, 1, 0).tolist() == [5, 4, 0]
    assert plurality(groups, pes, np.array([1, 3, 1, 1, 1, 1]), 0).tolist() == [3, 4, 0]


def test_ties_are_taken_in_turns() -> None:
    groups = np.repeat(np.arange(5), 3)
    pes = np.tile([7, 2, 4], 5)
    assert plurality(groups, pes, 1, np.arange(5)).tolist() == [2, 4, 7, 2, 4]
    assert plurality(groups, pes, 1, np.arange(5) + 1).tolist() == [4, 7, 2, 4, 7]


@examples(60)
@given(
    st.dictionaries(
        st.integers(0, 9),
        st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4)), min_size=1, max_size=6),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 7),
)
def test_plurality_is_the_most_frequent(
    groups: dict[int, list[tuple[int, int]]], turn: int
) -> None:
    numbers = np.repeat([*groups], [len(group) for group in groups.values()])
    pes, counts = np.array([entry for group in groups.values() for entry in group]).T
    found = plurality(numbers, pes, counts, np.arange(len(groups)) + turn)
    assert len(found) == len(groups)
    for rank, number in enumerate(sorted(groups)):
        members = Counter[int]()
        for pe, count in groups[number]:
            members[pe] += count
        tied = sorted(pe for pe in members if members[pe] == max(members.values()))
        assert found[rank] == tied[(rank + turn) % len(tied)]


def test_a_layer_is_at_home_where_its_copies_are() -> None:
    node = layer_node(0, PIXELS, COPIES, 0)
    homes = layer_homes(node, placement([0, 4, 1, 5, 8, 8, 12, 0]), crossbars_per_pe=4)
    assert homes.tolist() == [[0, 0, 2, 3], [1, 1, 2, 0]]


def test_most_tiles_of_a_slice_decide() -> None:
    layer = Layer("fc", (3, 1, 1), 2, Window((1, 1)), weight_bits=2)
    grid = Grid(hwm=3, wwm=2, iw=1, ib=1, tile_rows=1, tile_columns=1)
    node = layer_node(0, layer, grid, 0)
    homes = layer_homes(node, placement([3, 0, 2, 0, 1, 2]), crossbars_per_pe=2)
    assert homes.tolist() == [[1], [0]]


@examples(60)
@given(partitions(), st.integers(1, 3), st.data())
def test_the_home_of_every_piece_holds_most_tiles_that_feed_it(
    case: tuple[Layer, Grid], crossbars_per_pe: int, data: st.DataObject
) -> None:
    layer, grid = case
    tiles = grid.tiles(layer)
    chip = st.integers(0, 11)
    crossbars = data.draw(st.lists(chip, min_size=tiles, max_size=tiles))
    node = layer_node(0, layer, grid, 0)
    homes = layer_homes(node, placement(crossbars), crossbars_per_pe)
    assert homes.shape == (len(node.slices), node.positions)
    feeding: dict[tuple[int, int], Counter[int]] = {}
    for tile in range(tiles):
        at = grid.coordinates(tile)
        part = at.column + (at.matrix * grid.wwm if layer.region is None else 0)
        positions = layer.window_positions(at.matrix)
        for window in grid.copy_windows(layer, at.copy):
            counts = feeding.setdefault((part, int(positions[window])), Counter())
            counts[crossbars[tile] // crossbars_per_pe] += 1
    assert len(feeding) == homes.size
    for piece, counts in feeding.items():
        assert counts[int(homes[piece])] == max(counts.values())


CONV = Operand((1,), (4, 2, 2))
"""The result of node 1, the four-copy convolution."""


def operator(number: int, kind: NodeKind, *operands: Operand) -> Node:
    """An element-wise operator on operands of two slices."""
    shape = operands[0].shape
    reaches = tuple(Reach.of_elements(operand.shape, shape) for operand in operands)
    return Node(number, f"n{number}", kind, shape, 8, (0, 2), operands, reaches)


def pooled_network(*readers: NodeKind) -> Dataflow:
    """Input, the four-copy convolution, a pooling of all its positions, and other readers of it."""
    nodes = [
        Node(0, "input", NodeKind.INPUT, (1, 2, 2), 8, (0,)),
        layer_node(1, PIXELS, COPIES, 0),
        Node(
            2,
            "pool",
            NodeKind.POOL,
            (4, 1, 1),
            8,
            (0, 2),
            (CONV,),
            (Reach.of_window(CONV.shape, Window((2, 2))),),
        ),
    ]
    for kind in readers:
        nodes.append(operator(len(nodes), kind, CONV))
    nodes.append(operator(len(nodes), NodeKind.OUTPUT, Operand((2,), (4, 1, 1))))
    return Dataflow(tuple(nodes))


MOSTLY_PE_2 = {"conv": placement([8, 0, 8, 4, 0, 8, 12, 12])}
"""Slice 0 of the four positions in PEs 2, 2, 0, 3; slice 1 in PEs 0, 1, 2, 3."""


def test_a_pooling_is_where_most_of_its_inputs_would_be_and_its_layer_moves_there() -> None:
    homes = home_tables(pooled_network(), MOSTLY_PE_2, 4)
    # all four PEs tie for slice 1, which takes the second of them
    assert {name: table.tolist() for name, table in homes.items()} == {
        "conv": [[2] * 4, [1] * 4],
        "pool": [[2], [1]],
    }


def test_a_layer_stays_where_its_tiles_are_if_told_so() -> None:
    homes = home_tables(pooled_network(), MOSTLY_PE_2, 4, pool_at_home=False)
    assert homes["conv"].tolist() == [[2, 2, 0, 3], [0, 1, 2, 3]]
    assert homes["pool"].tolist() == [[2], [1]]


def test_a_layer_with_another_reader_stays_and_an_operator_follows_its_input() -> None:
    homes = home_tables(pooled_network(NodeKind.ACTIVATE), MOSTLY_PE_2, 4)
    assert homes["conv"].tolist() == [[2, 2, 0, 3], [0, 1, 2, 3]]
    assert homes["n3"].tolist() == homes["conv"].tolist()


def test_positions_that_no_pooling_window_reads_stay_and_the_first_window_decides() -> None:
    """A row of six positions, windows of three at 0 and 2: position 2 is in both, 5 in none."""
    layer = Layer("conv", (1, 1, 6), 1, Window((1, 1)), weight_bits=2)
    grid = Grid(hwm=1, wwm=1, iw=6, ib=1, tile_rows=1, tile_columns=1)
    nodes = (
        Node(0, "input", NodeKind.INPUT, (1, 1, 6), 8, (0,)),
        layer_node(1, layer, grid, 0),
        Node(
            2,
            "pool",
            NodeKind.POOL,
            (1, 1, 2),
            8,
            (0,),
            (Operand((1,), (1, 1, 6)),),
            (Reach.of_window((1, 1, 6), Window((1, 3), (1, 2))),),
        ),
    )
    homes = home_tables(Dataflow(nodes), {"conv": placement([1, 1, 2, 3, 3, 4])}, 1)
    assert homes["pool"].tolist() == [[1, 3]]
    assert homes["conv"].tolist() == [[1, 1, 1, 3, 3, 4]]


def test_an_operator_of_several_operands_is_where_most_of_its_inputs_are() -> None:
    """Slice 0 of the four positions in PEs 2, 2, 0, 3; all of the input in PE 0."""
    image = Operand((0,), (4, 2, 2))
    nodes = (
        Node(0, "input", NodeKind.INPUT, (4, 2, 2), 8, (0,)),
        layer_node(1, replace(PIXELS, input_shape=(4, 2, 2)), COPIES, 0),
        operator(2, NodeKind.ACTIVATE, CONV, image),
        operator(3, NodeKind.ACTIVATE, image, image, CONV),
        operator(4, NodeKind.ACTIVATE, CONV, image, CONV),
    )
    homes = home_tables(Dataflow(nodes), MOSTLY_PE_2, 4)
    # As many elements in PE 0 as in the layer's home: the first position takes the lower of the
    # two, the second the higher, and so on; in slice 1 the other way round.
    assert homes["n2"].tolist() == [[0, 2, 0, 3], [0, 0, 2, 0]]
    assert homes["n3"].tolist() == [[0] * 4] * 2
    assert homes["n4"].tolist() == homes["conv"].tolist()


def test_what_all_positions_read_does_not_decide() -> None:
    """A factor of each channel, which is sent to a PE once, leaves a feature map where it is."""
    image, factor = Operand((0,), (4, 2, 2)), Operand((2,), (4, 1, 1))
    reach = Reach.of_window(image.shape, Window((2, 2)))
    operands = CONV, factor
    reaches = tuple(Reach.of_elements(operand.shape, CONV.shape) for operand in operands)
    nodes = (
        Node(0, "input", NodeKind.INPUT, (4, 2, 2), 8, (0,)),
        layer_node(1, PIXELS, COPIES, 0),
        Node(2, "factor", NodeKind.POOL, (4, 1, 1), 8, (0,), (image,), (reach,)),
        Node(3, "scaled", NodeKind.ACTIVATE, (4, 2, 2), 8, (0,), operands, reaches),
        Node(4, "spread", NodeKind.ACTIVATE, (4, 2, 2), 8, (0, 2), (factor,), (reaches[1],)),
    )
    homes = home_tables(Dataflow(nodes), MOSTLY_PE_2, 4)
    assert homes["factor"].tolist() == [[0]]
    # In one slice, each half of a position's channels is elsewhere, and the factor all in PE 0.
    assert homes["conv"].tolist() == [[2, 2, 0, 3], [0, 1, 2, 3]]
    assert homes["scaled"].tolist() == [[0, 2, 0, 3]]
    assert homes["spread"].tolist() == [[0] * 4] * 2


def test_padding_alone_is_where_most_of_its_slice_is() -> None:
    """A column before and after the four positions of each slice."""
    nodes = (
        Node(0, "input", NodeKind.INPUT, (1, 2, 2), 8, (0,)),
        layer_node(1, PIXELS, COPIES, 0),
        Node(
            2,
            "pad",
            NodeKind.ACTIVATE,
            (4, 2, 4),
            8,
            (0, 2),
            (CONV,),
            (Reach.of_padding(CONV.shape, ((0, 0), (0, 0), (1, 1))),),
        ),
    )
    placed = {"conv": placement([8, 0, 8, 0, 0, 0, 12, 12])}
    homes = home_tables(Dataflow(nodes), placed, 4)
    assert homes["conv"].tolist() == [[2, 2, 0, 3], [0, 0, 0, 3]]
    assert homes["pad"].tolist() == [[2, 2, 2, 2, 2, 0, 3, 2], [0, 0, 0, 0, 0, 0, 3, 0]]


@pytest.mark.parametrize(
    "operand",
    [
        Operand((1,), (4, 2, 2), np.arange(16).reshape(2, 2, 2, 2).swapaxes(0, 1).reshape(-1)),
        Operand((1,), (2, 2, 4)),
    ],
)
def test_a_layer_stays_if_a_view_permutes_it_or_changes_its_positions(operand: Operand) -> None:
    pool = Node(
        2,
        "pool",
        NodeKind.POOL,
        (operand.shape[0], 1, 1),
        8,
        (0,),
        (operand,),
        (Reach.of_window(operand.shape, Window(operand.shape[1:])),),
    )
    homes = home_tables(Dataflow((*pooled_network().nodes[:2], pool)), MOSTLY_PE_2, 4)
    assert homes["conv"].tolist() == [[2, 2, 0, 3], [0, 1, 2, 3]]
