"""The write model: segments, distance, drivers, verify loops, levels; against a loop over cells."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
import pytest

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.component import Actions
from spatem_ir.hardware.components import energy_parts
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.hardware.overrides import overridden
from spatem_ir.hardware.parameters import LevelScheme


def machine(side: tuple[int, int] = (16, 16), bits: int = 1, **write: Any) -> Accelerator:
    """The preset `tiny`, of a clock of 500 MHz, with other cells."""
    tiny = load_accelerator("tiny")
    crossbar = replace(tiny.crossbar, wordlines=side[0], bitlines=side[1], bits_per_cell=bits)
    chip = replace(tiny.chip, clock_mhz=500)
    write_table = replace(tiny.write, **write)
    return replace(tiny, crossbar=crossbar, chip=chip, write=write_table)


def by_hand(accelerator: Accelerator, old: np.ndarray, new: np.ndarray) -> int:
    """The cycles of a crossbar of single-bit cells, written cell by cell as the page says."""
    own, (rows, columns) = accelerator.write, old.shape
    drivers: dict[int, int] = {}
    for row in range(rows):
        for first in range(0, columns, own.segment_cells):
            cells = range(first, min(first + own.segment_cells, columns))
            ns = own.reset_ns * own.reset_ratio ** ((row + cells[-1]) / (rows + columns - 2))
            pulses = [
                (any(old[row, c] < new[row, c] for c in cells), own.set_ns),
                (any(old[row, c] > new[row, c] for c in cells), ns),
            ]
            group = row // ceil(rows / own.drivers)
            for is_needed, pulse in pulses:
                cycles = ceil(round((pulse + own.verify_ns) * own.verify_loops / 2, 6))
                drivers[group] = drivers.get(group, 0) + is_needed * cycles
    return max(drivers.values())


@pytest.mark.parametrize(
    "write",
    [
        {},
        {"segment_cells": 4, "reset_ratio": 200.0},
        {"segment_cells": 5, "drivers": 3},
        {"verify_ns": 3.0, "verify_loops": 1.7, "set_ns": 25.0},
    ],
)
def test_cycles_of_single_bits_are_those_of_the_formula(write: dict[str, Any]) -> None:
    accelerator = machine((10, 12), **write)
    draw = np.random.default_rng(0)
    old, new = draw.integers(0, 2, (2, 7, 10, 12), dtype=np.uint8)
    written = accelerator.components.cells.written(old, new)
    assert written.cycles.tolist() == [
        by_hand(accelerator, *pair) for pair in zip(old, new, strict=True)
    ]
    assert written.set_pulses.tolist() == (old < new).sum((1, 2)).tolist()
    assert written.reset_pulses.tolist() == (old > new).sum((1, 2)).tolist()
    assert written.cells.tolist() == (old != new).sum((1, 2)).tolist()


def test_the_default_is_the_published_model() -> None:
    cells = machine((512, 512)).components.cells
    assert cells.set_cycles == 5
    assert cells.segments == 64
    assert cells.reset_cycles[0, 0] == 6  # the last of 8 cells is 7 away: a little over 10 ns
    assert cells.reset_cycles[511, 63] == 350


def test_nothing_is_written_where_nothing_changes() -> None:
    cells = machine().components.cells
    levels = np.ones((16, 16), np.uint8)
    assert cells.written(levels, levels) == (0, 0, 0, 0)


def test_one_array_of_old_levels_serves_many_crossbars() -> None:
    cells = machine().components.cells
    new = np.zeros((2, 3, 16, 16), np.uint8)
    new[1, 2, 0, 0] = 1
    written = cells.written(np.zeros((16, 16), np.uint8), new)
    assert written.cycles.tolist() == [[0, 0, 0], [0, 0, 5]]


def test_several_drivers_write_at_the_same_time() -> None:
    new = np.ones((16, 16), np.uint8)
    old = np.zeros_like(new)
    one, four = (machine(drivers=n).components.cells.written(old, new) for n in (1, 4))
    assert (one.cycles, four.cycles) == (16 * 2 * 5, 4 * 2 * 5)


@pytest.mark.parametrize(
    ("levels", "sets", "resets"),
    [
        (LevelScheme.STEPS, [3, 0, 1, 0], [0, 2, 0, 0]),
        (LevelScheme.ERASE, [3, 1, 1, 0], [0, 1, 0, 0]),
    ],
)
def test_levels_of_cells_of_several_bits(
    levels: LevelScheme, sets: list[int], resets: list[int]
) -> None:
    """0 → 3, 3 → 1, 2 → 3, 2 → 2: by steps, or over the lowest level on the way down."""
    cells = machine(bits=2, levels=levels).components.cells
    old, new = np.array([0, 3, 2, 2], np.uint8), np.array([3, 1, 3, 2], np.uint8)
    found = cells.pulses(old, new)
    assert [each.tolist() for each in found] == [sets, resets]


def test_pulses_of_a_segment_go_together() -> None:
    """The longest of the rises, then the longest of the falls."""
    cells = machine((1, 4), bits=2, reset_ratio=1.0, segment_cells=4).components.cells
    old, new = np.array([[0, 3, 2, 2]], np.uint8), np.array([[3, 1, 3, 2]], np.uint8)
    assert cells.written(old, new) == (3 * 5 + 2 * 5, 4, 2, 3)


def test_energy_and_life() -> None:
    cells = machine(set_pj=1.0, reset_pj=3.0, verify_pj=0.5, verify_loops=2.0).components.cells
    (part,) = cells.energy_pj(Actions(set_pulses=10, reset_pulses=1)).items()
    assert part == (energy_parts()["cell_writes"], 2 * (10 * 1.5 + 3.5))
    assert cells.energy_pj(Actions()) == {}
    assert cells.life_seconds(2, 50) == 1e7
    assert cells.life_seconds(0, 50) == float("inf")


def test_parameters_are_set_like_all_others() -> None:
    tiny = load_accelerator("tiny")
    changed = overridden(tiny, {("write", "drivers"): 4})
    assert changed.tables["write"] == {"drivers": 4}
    assert "write" not in tiny.tables
