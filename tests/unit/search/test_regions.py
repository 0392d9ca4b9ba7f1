"""Regions: every layer stands in one, and together they have all PEs."""

from __future__ import annotations

import random

import numpy as np
import pytest

from spatem_ir.geometry.packing.regions import Regions
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.packings import FloorPlanPacking
from spatem_ir.search.floor_plans import region_counts
from spatem_ir.search.pacing import Lead
from spatem_ir.search.prices import Prices
from spatem_ir.search.regions import RegionChooser, Served, dealt, moved, visits
from spatem_ir.search.residence import Need
from spatem_ir.search.strips import STRIPS, StripFlow

ISAAC = load_accelerator("isaac-ou")
ROOM = ISAAC.components.memory.buffer_bytes
PRICES = Prices(0.1, 0.1, 0.1, 0.1, 1.0)
PADDED = Window((3, 3), pads=(1, 1, 1, 1))
LAYERS = tuple(Layer(name, (64, 32, 32), 64, PADDED) for name in "abcd")
EACH = np.arange(1, STRIPS + 1)
FLOW = StripFlow(((Need(4, EACH),), *((Need(n, EACH),) for n in range(3))), np.zeros((1, STRIPS)))


def test_layers_are_dealt_out_in_turn() -> None:
    assert dealt(np.array([4.0, 1.0, 1.0, 3.0, 1.0]), 2) == (0, 1, 1, 1, 0)


def test_moves_keep_all_layers_and_pes() -> None:
    draw, regions = random.Random(0), Regions((1, 2, 4), (0, 1, 2, 0, 1))
    for _ in range(100):
        regions = moved(regions, draw)
        assert sum(regions.pes) == 7
        assert min(regions.pes) >= 1
        assert len(regions.of_layer) == 5
        assert max(regions.of_layer) < 3


def test_the_plan_of_regions_is_what_pack_does() -> None:
    chooser = RegionChooser(LAYERS, ISAAC, ISAAC.pes - 1, FLOW, ROOM)
    planned = chooser.choose(PRICES, 3)
    assert planned is not None
    packing = FloorPlanPacking(ISAAC, 1, planned.regions)
    placements = packing.placements(list(LAYERS), list(planned.grids))
    assert placements is not None
    in_line = ISAAC.components.interconnect.pes_in_line
    for placed, region in zip(placements, planned.regions.of_layer, strict=True):
        first = 1 + planned.regions.first_pe(region)
        own = in_line[first : first + planned.regions.pes[region]]
        assert set(placed.crossbars // ISAAC.crossbars_per_pe) <= set(own)


def test_larger_regions_have_fewer_layers_and_visits() -> None:
    chooser = RegionChooser(LAYERS, ISAAC, ISAAC.pes - 1, FLOW, ROOM)
    large = PRICES._replace(fetch=0.3)
    few, many = (chooser.choose(large, count) for count in (4, 1))
    assert few is not None and many is not None
    assert visits(few.grids, LAYERS) < visits(many.grids, LAYERS)
    assert few.events < many.events


def test_weights_that_a_region_cannot_hold_are_not_moved_there() -> None:
    chooser = RegionChooser(LAYERS, ISAAC, 3, FLOW, ROOM)
    large = Layer("fc", (4096, 1, 1), 4096, Window((1, 1)))
    assert chooser.has_room(Regions((1, 2), (0, 1, 1, 0)))
    crowded = RegionChooser((large, large), ISAAC, 100, FLOW, ROOM)
    assert crowded.has_room(Regions((50, 50), (0, 1)))
    assert not crowded.has_room(Regions((50, 50), (0, 0)))


def test_each_region_has_a_pe() -> None:
    assert list(region_counts(layers=9, pes=3)) == [1, 2, 3]
    assert list(region_counts(layers=13, pes=100)) == [1, 2, 3, 4, 6, 8, 12]
    assert list(region_counts(layers=2, pes=1)) == [1]


def test_strips_wait_for_the_links_of_the_chip() -> None:
    costs, regions = np.array([640.0] * len(LAYERS)), np.zeros(len(LAYERS), np.int64)
    alone = FLOW.ends(costs, regions, 0.2).max()
    hardly = np.full(len(LAYERS), 1e-6)
    assert FLOW.ends(costs, regions, 0.2, hardly).max() == pytest.approx(alone)
    slow = np.full(len(LAYERS), 6400.0)
    assert FLOW.ends(costs, regions, 0.2, slow).max() >= slow.sum()


def test_the_best_lead_has_the_fewest_cycles_with_what_buffers_cannot_hold() -> None:
    chooser = RegionChooser(LAYERS, ISAAC, ISAAC.pes, FLOW, ROOM)

    def served(number: int, cycles: float, share: float) -> Served:
        return Served(Lead(None, float(number)), cycles, share * ROOM)

    crowded, fitting, alike, scarce = (
        served(0, 100, 1.5),
        served(1, 120, 0.9),
        served(2, 119.5, 0.5),
        served(3, 150, 0.3),
    )
    assert chooser.best([crowded, fitting, alike, scarce]) == fitting
    assert chooser.best([crowded, alike, fitting, scarce]) == alike
    assert chooser.best([crowded, scarce]) == crowded
    assert chooser.penalised(crowded.cycles, crowded.held) == pytest.approx(150)
    assert chooser.penalised(fitting.cycles, fitting.held) == 120
