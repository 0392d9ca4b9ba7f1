"""Programs of crossbars: classes with the same program, visits in order of their ready times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.geometry.strategies import partitions

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.scheduling.coarsening import coarsened
from spatem_ir.geometry.scheduling.sequencing import (
    CopiesDue,
    Due,
    ProgramClass,
    Slot,
    due_in_grains,
    due_programs,
    grain_of,
    program_classes,
    visit_orders,
)
from spatem_ir.geometry.shapes.grid import Deal, Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.placement import Placement
from spatem_ir.geometry.shapes.repeats import maximal_runs
from spatem_ir.geometry.shapes.window import Window


def orders(slots: Sequence[Slot], dues: Mapping[str, Due]) -> np.ndarray:
    """The slot of each visit of each crossbar."""
    nodes = {slot.node.name: slot.node for slot in slots}
    return visit_orders(slots, {n: CopiesDue.of(node, dues[n]) for n, node in nodes.items()})


def node(number: int, layer: Layer, grid: Grid) -> Node:
    shape = (layer.out_channels, *layer.output_size)
    name = f"{layer.name}{number}"
    return Node(number, name, NodeKind.LAYER, shape, 8, (0,), layer=layer, grid=grid)


def placement(tiles: list[int], crossbars: list[int]) -> Placement:
    zeros = np.zeros(len(tiles), np.int64)
    return Placement(np.array(tiles), np.array(crossbars), zeros, zeros)


@st.composite
def deployments(draw: st.DrawFn) -> tuple[Dataflow, dict[str, Placement]]:
    """One to three layers, each with its tiles on any of eight crossbars."""
    cases = draw(st.lists(partitions(), min_size=1, max_size=3))
    dataflow = Dataflow(tuple(node(n, layer, grid) for n, (layer, grid) in enumerate(cases)))
    placements = {}
    for member in dataflow.nodes:
        assert member.layer is not None and member.grid is not None
        tiles = member.grid.tiles(member.layer)
        crossbars = draw(st.lists(st.integers(0, 7), min_size=tiles, max_size=tiles))
        placements[member.name] = placement(list(range(tiles)), crossbars)
    return dataflow, placements


def windows_of(member: Node, tile: int) -> int:
    layer, grid = member.layer, member.grid
    assert layer is not None and grid is not None
    return len(grid.copy_windows(layer, grid.coordinates(tile).copy))


@examples(60)
@given(deployments())
def test_classes_hold_every_tile_once_where_it_sits(
    deployment: tuple[Dataflow, dict[str, Placement]],
) -> None:
    dataflow, placements = deployment
    found = Counter(
        (slot.node.name, int(tile), int(crossbar))
        for members in program_classes(dataflow, placements)
        for slot in members.slots
        for tile, crossbar in zip(slot.tiles, members.crossbars, strict=True)
    )
    assert found == Counter(
        (name, int(tile), int(crossbar))
        for name, placed in placements.items()
        for tile, crossbar in zip(placed.tiles, placed.crossbars, strict=True)
    )


@examples(60)
@given(deployments())
def test_crossbars_are_in_one_class_exactly_if_their_programs_are_equal(
    deployment: tuple[Dataflow, dict[str, Placement]],
) -> None:
    dataflow, placements = deployment
    programs: dict[int, list[tuple[str, int]]] = {}
    for member in dataflow.layers:
        placed = placements[member.name]
        for tile, crossbar in zip(placed.tiles.tolist(), placed.crossbars.tolist(), strict=True):
            programs.setdefault(crossbar, []).append((member.name, windows_of(member, tile)))
    classes = program_classes(dataflow, placements)
    signatures = []
    for members in classes:
        signature = [(slot.node.name, slot.windows) for slot in members.slots]
        for crossbar in members.crossbars.tolist():
            assert sorted(programs.pop(crossbar)) == sorted(signature)
        signatures.append(tuple(signature))
    assert not programs
    assert len(set(signatures)) == len(signatures)


@examples(60)
@given(deployments())
def test_crossbars_of_a_class_are_in_the_order_of_their_first_tiles(
    deployment: tuple[Dataflow, dict[str, Placement]],
) -> None:
    for members in program_classes(*deployment):
        first = list(zip(members.slots[0].tiles, members.crossbars, strict=True))
        assert first == sorted(first)
        assert [slot.node.number for slot in members.slots] == sorted(
            slot.node.number for slot in members.slots
        )


def ready_times(dataflow: Dataflow, seed: int) -> dict[str, Due]:
    """Any ready times, by layer."""
    random = np.random.default_rng(seed)
    ready = {}
    for member in dataflow.layers:
        assert member.layer is not None and member.grid is not None
        shape = (member.grid.matrices(member.layer), member.layer.windows)
        ready[member.name] = Due(random.integers(0, 20, shape), bool(random.integers(0, 2)))
    return ready


@examples(60)
@given(deployments(), st.integers(0, 2**32 - 1))
def test_every_crossbar_visits_in_the_order_of_its_own_ready_times(
    deployment: tuple[Dataflow, dict[str, Placement]], seed: int
) -> None:
    ready = ready_times(deployment[0], seed)
    for several in program_classes(*deployment):
        programs: dict[int, list[tuple[str, int]]] = {}
        found = []
        own_orders = due_programs([several], ready)
        assert own_orders is not None
        for members, order in own_orders:
            found.append(order.tobytes())
            for number, crossbar in enumerate(members.crossbars.tolist()):
                own = members.select([number]).slots
                assert orders(own, ready)[0].tolist() == order.tolist()
                programs[crossbar] = [(slot.node.name, int(slot.tiles[0])) for slot in own]
        assert len(set(found)) == len(found)
        assert programs == tiles_by_crossbar(several)


@examples(60)
@given(deployments(), st.integers(0, 2**32 - 1))
def test_programs_within_a_number_of_bursts(
    deployment: tuple[Dataflow, dict[str, Placement]], seed: int
) -> None:
    classes, ready = program_classes(*deployment), ready_times(deployment[0], seed)
    programs = due_programs(classes, ready)
    assert programs is not None
    bursts = sum(len(program.members.slots) for program in programs)
    assert due_programs(classes, ready, bursts) is not None
    assert due_programs(classes, ready, bursts - 1) is None


@examples(120)
@given(deployments(), st.integers(0, 2**32 - 1))
def test_coarse_times_put_visits_in_the_same_order(
    deployment: tuple[Dataflow, dict[str, Placement]], seed: int
) -> None:
    classes = program_classes(*deployment)
    dues = ready_times(deployment[0], seed)
    coarse = coarsened(dues, classes)
    before, after = due_programs(classes, dues), due_programs(classes, coarse)
    assert before is not None and after is not None
    assert [(p.members.crossbars.tolist(), p.order.tolist()) for p in before] == [
        (p.members.crossbars.tolist(), p.order.tolist()) for p in after
    ]
    for name, due in dues.items():
        runs = [len(maximal_runs(d.times.reshape(-1))[0]) for d in (due, coarse[name])]
        assert runs[1] <= runs[0]


@examples(60)
@given(deployments(), st.integers(0, 9))
def test_crossbars_of_a_class_share_a_program_if_all_copies_keep_step(
    deployment: tuple[Dataflow, dict[str, Placement]], pace: int
) -> None:
    """Windows become ready `pace` cycles apart, all copies at once."""
    dataflow, placements = deployment
    ready = {}
    for member in dataflow.layers:
        layer, grid = member.layer, member.grid
        assert layer is not None and grid is not None
        times = np.zeros((grid.matrices(layer), layer.windows), np.int64)
        for copy in range(grid.iw):
            share = grid.copy_windows(layer, copy)
            times[:, np.array(share, np.int64)] = np.arange(len(share)) * pace
        ready[member.name] = times
    classes = program_classes(dataflow, placements)
    dues = due_in_grains(ready, grain_of(ready))
    programs = due_programs(classes, dues)
    assert programs is not None
    assert [program.members.crossbars.tolist() for program in programs] == [
        members.crossbars.tolist() for members in classes
    ]
    for members, order in programs:
        own = orders(members.slots, dues)
        assert (own == own[0]).all()
        assert order.tolist() == own[0].tolist()


def tiles_by_crossbar(members: ProgramClass) -> dict[int, list[tuple[str, int]]]:
    return {
        crossbar: [(slot.node.name, int(slot.tiles[number])) for slot in members.slots]
        for number, crossbar in enumerate(members.crossbars.tolist())
    }


@st.composite
def programs(draw: st.DrawFn) -> tuple[list[Slot], dict[str, Due]]:
    """The slots of one crossbar, and any ready times."""
    slots, ready = [], {}
    for number, (layer, grid) in enumerate(draw(st.lists(partitions(), min_size=1, max_size=3))):
        member = node(number, layer, grid)
        shape = (grid.matrices(layer), layer.windows)
        seed = draw(st.integers(0, 2**32 - 1))
        times = np.random.default_rng(seed).integers(0, 20, shape)
        ready[member.name] = Due(times, draw(st.booleans()))
        tiles = st.integers(0, grid.tiles(layer) - 1)
        for tile in draw(st.lists(tiles, min_size=1, max_size=2, unique=True)):
            slots.append(Slot(member, windows_of(member, tile), np.array([tile])))
    return slots, ready


def visits_in_order(slots: list[Slot], ready: dict[str, Due]) -> list[tuple[int, ...]]:
    """(ready time, layer, window, slot) of each visit; a slot's visits wait for those before.

    By tile, the slot comes before the window.
    """
    counts = Counter[int]()
    latest = dict.fromkeys(range(len(slots)), 0)
    visits = []
    for number in orders(slots, ready)[0].tolist():
        slot = slots[number]
        due = ready[slot.node.name]
        layer, grid = slot.node.layer, slot.node.grid
        assert layer is not None and grid is not None
        at = grid.coordinates(int(slot.tiles[0]))
        ordinal = counts[number]
        window = grid.copy_windows(layer, at.copy)[ordinal]
        latest[number] = max(latest[number], int(due.times[at.matrix, window]))
        ties = (number, ordinal) if due.by_tile else (ordinal, number)
        visits.append((latest[number], slot.node.number, *ties))
        counts[number] += 1
    assert counts == {number: slot.windows for number, slot in enumerate(slots)}
    return visits


@examples(60)
@given(programs())
def test_visits_are_in_order_of_due_time_then_layer_then_window_then_slot(
    program: tuple[list[Slot], dict[str, Due]],
) -> None:
    visits = visits_in_order(*program)
    assert all(before < after for before, after in pairwise(visits))


PIXELS = Layer("conv", (1, 1, 4), 1, Window((1, 1)), weight_bits=2)


@pytest.mark.parametrize(
    ("deal", "order"), [(Deal.CYCLIC, [0, 1, 0, 1]), (Deal.BLOCKS, [0, 0, 1, 1])]
)
def test_copies_on_one_crossbar(deal: Deal, order: list[int]) -> None:
    """Two copies share a crossbar: windows arrive one by one."""
    grid = Grid(hwm=1, wwm=1, iw=2, ib=1, tile_rows=1, tile_columns=1, deal=deal)
    member = node(0, PIXELS, grid)
    slots = [Slot(member, 2, np.array([tile])) for tile in range(2)]
    assert orders(slots, {"conv0": Due(np.array([[1, 2, 3, 4]]))})[0].tolist() == order


def test_a_window_does_not_overtake_the_one_before() -> None:
    """Window 0 of the first layer is late: those after it wait, the second layer goes first."""
    grid = Grid(hwm=1, wwm=1, iw=1, ib=1, tile_rows=1, tile_columns=1)
    slots = [Slot(node(number, PIXELS, grid), 4, np.array([0])) for number in range(2)]
    ready = {"conv0": Due(np.array([[9, 1, 1, 12]])), "conv1": Due(np.array([[2, 9, 10, 11]]))}
    assert orders(slots, ready)[0].tolist() == [1, 0, 0, 0, 1, 1, 1, 0]
