"""Bands of row parts: what PEs read of a map, where sums come from, in what order tiles follow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spatem_ir.geometry.packing.bands import InLine, banded_tiles
from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.interconnect.bus import BusParameters
from spatem_ir.hardware.loader import load_accelerator

ISAAC = load_accelerator("isaac-ou")
PER_PE = ISAAC.crossbars_per_pe
POINTWISE = Layer("conv", (8, 4, 4), 8, Window((1, 1)))


def in_line(layer: Layer, copies: int, tiles: int, crossbars: int = 100 * PER_PE) -> InLine:
    """Copies of so many column parts."""
    cuts = map(np.array, (1, tiles, copies, 1, 1))
    return InLine(layer, ISAAC, crossbars, 1, *cuts)


def test_a_value_is_read_at_the_pes_of_the_copies_of_its_windows() -> None:
    """Two copies a PE and one window: what one copy reads, a PE; what a matrix of 3 PEs does, 3."""
    one = np.array(1)
    assert in_line(POINTWISE, 16, 1).reading(one) == 1
    assert in_line(POINTWISE, 1, 3 * PER_PE).reading(one) == pytest.approx(4, abs=0.02)
    small = in_line(POINTWISE, 4, 100 * PER_PE, 2 * PER_PE)
    assert small.reading(one) == pytest.approx(3, abs=0.02)
    overlapping = replace(POINTWISE, window=Window((3, 3), pads=(1, 1, 1, 1)))
    assert 9 <= in_line(overlapping, 16, PER_PE).reading(one) <= 13


def test_bands_divide_what_pes_read_and_multiply_what_is_sent() -> None:
    cuts = map(np.array, (64, 96, 1, 1, 2))
    line = InLine(POINTWISE, ISAAC, ISAAC.crossbars, 1, *cuts)
    reading = [float(line.reading(np.array(bands))) for bands in (1, 2, 4)]
    assert reading == pytest.approx([64, 32, 16], rel=0.07)
    sending = [float(line.sending(np.array(bands))) for bands in (1, 2, 4)]
    assert sending == pytest.approx([1.66, 2, 4], abs=0.01)


def test_the_tiles_of_a_band_follow_each_other() -> None:
    """Rows 0 and 1 of both columns, then rows 2 and 3; a copy after the other."""
    layer = Layer("dense", (8, 4, 4), 4, Window((1, 1)))
    grid = Grid(hwm=4, wwm=2, iw=2, ib=1, tile_rows=2, tile_columns=2)
    assert banded_tiles(layer, grid, 4).tolist() == list(range(16))
    assert banded_tiles(layer, grid, 2).tolist()[:8] == [0, 1, 4, 5, 2, 3, 6, 7]
    assert banded_tiles(layer, grid, 3).tolist()[8:] == [8, 9, 10, 12, 13, 14, 11, 15]
    assert banded_tiles(layer, grid, 1).tolist()[:8] == [0, 4, 1, 5, 2, 6, 3, 7]


def test_a_layer_of_many_channels_is_cut_in_bands_where_packets_hold_links() -> None:
    """Of 1,152 channels PEs read few; of 8 all; and all of any number on a bus, which all hear."""
    many = Layer("conv", (1152, 7, 7), 192, Window((1, 1)))
    grid = Grid(hwm=64, wwm=96, iw=1, ib=1, tile_rows=18, tile_columns=2)
    assert InLine.of(many, grid, ISAAC, ISAAC.crossbars).bands >= 4
    few = Grid(hwm=2, wwm=8, iw=1, ib=1, tile_rows=4, tile_columns=1)
    assert InLine.of(POINTWISE, few, ISAAC, ISAAC.crossbars).bands == 1
    bus = replace(ISAAC, noc=BusParameters(bytes_per_cycle=4, request_cycles=2))
    assert InLine.of(many, grid, bus, bus.crossbars).bands == 1
