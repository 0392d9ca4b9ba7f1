"""Costs of blocks in slots: the same as writing whole crossbars, by every kernel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spatem_ir.geometry.writing import numpy_kernels
from spatem_ir.geometry.writing.blocks import BlockShape, CellSlots, chip_slots
from spatem_ir.geometry.writing.costs import cost_matrix, cost_rows, pair_costs, pair_cycles
from spatem_ir.geometry.writing.kernels import BitPairs, LevelPairs
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.support.errors import SpatemError


def machine(
    bits: int = 1, ou: tuple[int, int] = (4, 8), segment: int = 4, drivers: int = 1
) -> Accelerator:
    """The preset `tiny`, 16 crossbars of 16 × 16, with other cells."""
    tiny = load_accelerator("tiny")
    return replace(
        tiny,
        crossbar=replace(tiny.crossbar, bits_per_cell=bits),
        ou=replace(tiny.ou, wordlines=ou[0], bitlines=ou[1]),
        write=replace(tiny.write, segment_cells=segment, drivers=drivers),
    )


def drawn(slots: CellSlots, seed: int) -> np.ndarray:
    """Levels of a block for each slot."""
    shape = slots.shape
    draw = np.random.default_rng(seed)
    return draw.integers(0, shape.levels, (len(slots), shape.rows, shape.columns), dtype=np.uint8)


def on_crossbars(blocks: np.ndarray, accelerator: Accelerator) -> np.ndarray:
    """Blocks in all slots of a chip as levels of crossbars."""
    rows, columns = blocks.shape[1:]
    side = accelerator.crossbar.wordlines
    grid = blocks.reshape(accelerator.crossbars, side // rows, side // columns, rows, columns)
    return grid.transpose(0, 1, 3, 2, 4).reshape(accelerator.crossbars, side, side)


@pytest.mark.parametrize("segment", [2, 4, 8])
@pytest.mark.parametrize("bits", [1, 2, 3])
@pytest.mark.parametrize("drivers", [1, 2])
def test_blocks_cost_what_their_crossbar_costs(bits: int, segment: int, drivers: int) -> None:
    accelerator = machine(bits, segment=segment, drivers=drivers)
    slots = chip_slots(accelerator)
    old, new = (drawn(slots, seed) for seed in (0, 1))
    costs = pair_costs(slots.shape.coded(old), slots.shape.coded(new), slots)
    written = accelerator.components.cells.written(
        on_crossbars(old, accelerator), on_crossbars(new, accelerator)
    )
    loads = np.bincount(slots.writers, costs.cycles).reshape(-1, drivers)
    assert loads.max(1).tolist() == written.cycles.tolist()
    assert costs.set_pulses.sum() == written.set_pulses.sum()
    assert costs.reset_pulses.sum() == written.reset_pulses.sum()
    assert costs.cells.sum() == written.cells.sum()


@pytest.mark.parametrize(("bits", "segment"), [(1, 8), (1, 4), (2, 4)])
def test_matrix_and_pairs_agree(bits: int, segment: int) -> None:
    slots = chip_slots(machine(bits, segment=segment))
    old, new = (slots.shape.coded(drawn(slots, seed)) for seed in (0, 1))
    matrix = cost_matrix(old, new, slots)
    assert matrix.diagonal().tolist() == pair_cycles(old, new, slots).tolist()
    assert matrix.diagonal().tolist() == pair_costs(old, new, slots).cycles.tolist()
    parts = np.concatenate([rows for _, rows in cost_rows(old, new, slots)])
    assert (parts == matrix).all()
    other = np.empty_like(matrix)
    if slots.shape.is_exact:
        pairs = BitPairs(old, new.T, slots.reset_cycles, slots.pulses.set_cycles)
        numpy_kernels.bit_costs(pairs, other)
    else:
        levels = slots.shape.decoded(old), slots.shape.decoded(new)
        pairs = LevelPairs(*levels, slots.reset_cycles, *slots.pulses)
        numpy_kernels.level_costs(pairs, other)
    assert (other == matrix).all()


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_codes_say_all_levels(bits: int) -> None:
    shape = BlockShape(3, 20, 10, bits)
    levels = np.random.default_rng(0).integers(0, shape.levels, (5, 3, 20), dtype=np.uint8)
    decoded = shape.decoded(shape.coded(levels))
    assert (decoded.reshape(levels.shape) == levels).all()


def test_segments_do_not_reach_over_blocks() -> None:
    with pytest.raises(SpatemError, match=r"write\.segment_cells that divides ou\.bitlines"):
        BlockShape.of(machine(segment=3))
    with pytest.raises(SpatemError, match=r"crossbar\.bits_per_cell must be at most 4"):
        BlockShape.of(machine(bits=5))
