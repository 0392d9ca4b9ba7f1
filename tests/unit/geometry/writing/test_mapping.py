"""Strategies: what each makes better, by how much, and that shares of crossbars stay."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from spatem_ir.geometry.writing import assignment, mapping, numba_kernels, numpy_kernels
from spatem_ir.geometry.writing.balance import writer_loads
from spatem_ir.geometry.writing.blocks import CellSlots, chip_slots
from spatem_ir.geometry.writing.costs import cost_matrix, pair_costs, pair_cycles
from spatem_ir.geometry.writing.kernels import MOST_BIAS, Choice
from spatem_ir.geometry.writing.mapping import STRATEGIES, Effort, StageProblem, mean_falls
from spatem_ir.geometry.writing.schedule import (
    StageBlocks,
    between,
    kept_rounds,
    lower_bound,
    measured,
    scheduled,
    stage_sizes,
)
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.support.errors import SpatemError

EFFORT = Effort(candidates=64, group=32)


def chip(drivers: int = 1) -> CellSlots:
    """The slots of 8 crossbars of 64 × 64 single-bit cells, 16 × 8 each: 32 a crossbar."""
    tiny = load_accelerator("tiny")
    return chip_slots(
        replace(
            tiny,
            chip=replace(tiny.chip, pe_rows=2, pe_columns=1),
            crossbar=replace(tiny.crossbar, wordlines=64, bitlines=64, bits_per_cell=1),
            ou=replace(tiny.ou, wordlines=16, bitlines=8),
            write=replace(tiny.write, drivers=drivers),
        )
    )


def drawn(slots: CellSlots, seed: int, count: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return draw.integers(0, 256, (count, slots.shape.units), dtype=np.uint8)


def problem(slots: CellSlots, blocks: int = 250) -> StageProblem:
    old, new, following = (drawn(slots, seed, n) for seed, n in enumerate((len(slots), blocks, 99)))
    classes = np.repeat([0, 1, 2], [blocks // 2, blocks // 3, blocks - blocks // 2 - blocks // 3])
    return StageProblem(slots, old, new, classes, following)


def cycles(own: StageProblem, places: np.ndarray) -> int:
    slots = own.slots.chosen(places)
    return int(writer_loads(pair_cycles(own.old[places], own.new, slots), slots).max())


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("drivers", [1, 2])
def test_each_block_has_a_slot_and_each_crossbar_its_share(strategy: str, drivers: int) -> None:
    own = problem(chip(drivers))
    places = STRATEGIES[strategy](own, EFFORT)
    assert len(np.unique(places)) == len(places) == len(own.new)
    shares = np.zeros_like(own.quotas)
    np.add.at(shares, (own.slots.crossbars[places], own.classes), 1)
    assert (shares == own.quotas).all()


def test_every_idea_does_what_it_is_for() -> None:
    own = problem(chip(), 200)
    found = {name: each(own, EFFORT) for name, each in STRATEGIES.items()}
    changed = {
        name: int(pair_costs(own.old[p], own.new, own.slots.chosen(p)).cells.sum())
        for name, p in found.items()
    }
    assert changed["similarity"] < 0.9 * changed["sequential"]
    distances = {name: own.slots.distance[p].sum() for name, p in found.items()}
    assert distances["gao"] == distances["distance"] < distances["sequential"]
    times = {name: cycles(own, p) for name, p in found.items()}
    assert times["balance"] < times["sequential"]
    assert times["gao"] == min(times.values()) < 0.85 * times["sequential"]


def test_balance_leaves_little_to_gain() -> None:
    own = problem(chip())
    loads = [
        writer_loads(pair_cycles(own.old[p], own.new, own.slots.chosen(p)), own.slots.chosen(p))
        for p in (own.sequential, STRATEGIES["balance"](own, EFFORT))
    ]
    assert loads[1].max() / loads[1].mean() < 1 + 0.5 * (loads[0].max() / loads[0].mean() - 1)


def test_assignment_within_groups_is_the_cheapest() -> None:
    """Every exchange of two blocks of a group costs more, or as much."""
    own = problem(chip(), 32)
    classes = np.zeros(32, np.int64)
    slots, old = own.slots.chosen(own.sequential), own.old[own.sequential]
    order = assignment.assigned(old, own.new, slots, classes, 32)
    matrix = cost_matrix(old, own.new[order], slots)
    gain = matrix.diagonal()[:, None] + matrix.diagonal() - matrix - matrix.T
    assert (gain <= 0).all()


def test_a_missing_solver_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assignment.util, "find_spec", lambda name: None)
    with pytest.raises(SpatemError, match=r"needs scipy; install the extra: spatem-ir\[assign"):
        STRATEGIES["similarity"](problem(chip()), EFFORT)


@pytest.mark.parametrize("strategy", ["distance", "gao"])
def test_plain_kernels_choose_the_same(strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = problem(chip())
    compiled = STRATEGIES[strategy](own, EFFORT)

    def plain() -> ModuleType:
        return numpy_kernels

    monkeypatch.setattr(mapping, "kernels", plain)
    assert (STRATEGIES[strategy](own, EFFORT) == compiled).all()


@pytest.mark.parametrize("width", [5, 16, 20, 48, 70])
@pytest.mark.parametrize("limit", [1.0, 700.0, 1e6])
def test_kernels_choose_the_same_from_many_tiles(width: int, limit: float) -> None:
    """Tiles of 512 candidates that are filled, emptied and filled anew; every size of a code."""
    draw = np.random.default_rng(width)
    count = 1800
    old, codes = (draw.integers(0, 256, (count, width), dtype=np.uint8) for _ in range(2))
    choice = Choice(
        old,
        np.linspace(2 * limit, 1, count),
        np.arange(count) % 3,
        codes,
        draw.integers(0, MOST_BIAS + 1, count, dtype=np.uint8),
        np.array([0, 900, 950, count]),
        np.array([[300, 20, 280], [300, 20, 280], [300, 10, 290]]),
    )
    found = numba_kernels.chosen_blocks(choice)
    assert (np.sort(found) == np.arange(count)).all()
    assert (numpy_kernels.chosen_blocks(choice) == found).all()


def test_mean_falls_are_those_of_each_pair() -> None:
    own, others = drawn(chip(), 0, 9), drawn(chip(), 1, 31)
    falling = np.count_nonzero(own[:, None] & ~others, axis=2)
    assert np.allclose(mean_falls(own, others), falling.mean(1))
    assert not mean_falls(own, others[:0]).any()


def test_where_resets_are_as_short_as_sets_both_count() -> None:
    slots = chip()
    flat = replace(slots, reset_cycles=np.full_like(slots.reset_cycles, slots.pulses.set_cycles))
    own = problem(flat, 256)
    both = cycles(own, STRATEGIES["gao"](own, EFFORT))
    far = problem(slots, 256)
    falls_only = cycles(own, STRATEGIES["gao"](far, EFFORT))
    assert both < falls_only < cycles(own, own.sequential)


def test_too_many_blocks_for_a_stage() -> None:
    with pytest.raises(SpatemError, match="a stage of 300 blocks does not fit 256 slots"):
        STRATEGIES["sequential"](problem(chip(), 300), EFFORT)


def stages_of(slots: CellSlots, sizes: list[int]) -> list[StageBlocks]:
    return [
        StageBlocks(drawn(slots, seed, size), np.zeros(size, np.int64))
        for seed, size in enumerate(sizes)
    ]


def test_stages_are_full_or_filled_evenly() -> None:
    assert stage_sizes(600, 256, "sequential") == [256, 256, 88]
    assert stage_sizes(601, 256, "gao") == [200, 200, 201]
    assert stage_sizes(256, 256, "gao") == [256]


def test_room_is_used_by_blocks_that_stay_in_the_farthest_slots() -> None:
    """8 crossbars of 32 slots; 3 stages with 120 slots left: 7 rounds of 8 blocks can stay."""
    slots = chip()
    assert kept_rounds([216] * 3, slots) == [2, 2, 3]
    stages = stages_of(slots, [216] * 3)
    own = scheduled(stages, slots, "gao", EFFORT)
    counts = np.bincount(np.concatenate(own.places), minlength=len(slots))
    kept = np.flatnonzero(counts == 1)
    assert len(kept) == 7 * 8
    assert slots.distance[kept].min() >= slots.distance[counts > 1].max()
    assert np.bincount(slots.crossbars[kept]).tolist() == [7] * 8
    written = sum(stage.changed > 0 for stage in own.stages)
    assert written == 3
    assert max(len(np.unique(p)) for p in own.places) == 216
    for places in own.places:
        assert np.bincount(slots.crossbars[places]).tolist() == [27] * 8


def test_writes_are_counted_from_image_to_image() -> None:
    """Of a single stage nothing is written again; of two, each is written over the other."""
    slots = chip()
    assert scheduled(stages_of(slots, [256]), slots, "sequential", EFFORT).cycles == 0
    own = scheduled(stages_of(slots, [256, 200]), slots, "sequential", EFFORT)
    assert own.stages[0].changed == own.stages[1].changed
    assert own.stages[0].set_pulses == own.stages[1].reset_pulses
    assert own.most_cell_writes == 2


def test_a_stage_between_two_costs_what_both_writes_cost() -> None:
    slots = chip()
    before, after = drawn(slots, 0, len(slots)), drawn(slots, 1, len(slots))
    (stage,) = stages_of(slots, [256])
    own = between(stage, slots, before, after)
    both = pair_cycles(before, stage.codes, slots) + pair_cycles(stage.codes, after, slots)
    assert (pair_cycles(own.old, own.new, own.slots) == both).all()


def test_of_two_stages_both_writes_are_better_than_the_baseline() -> None:
    slots = chip()
    stages = stages_of(slots, [240, 240])
    base, best = (scheduled(stages, slots, name, EFFORT) for name in ("sequential", "gao"))
    for one, other in zip(best.stages, base.stages, strict=True):
        assert one.cycles < 0.95 * other.cycles


def test_gao_is_between_the_baseline_and_the_bound() -> None:
    slots = chip()
    stages = stages_of(slots, [240, 240, 240])
    base, best = (scheduled(stages, slots, name, EFFORT) for name in ("sequential", "gao"))
    assert best.cycles < 0.9 * base.cycles
    contents = np.zeros_like(stages[0].codes, shape=(len(slots), slots.shape.units))
    for stage, places in zip(stages, best.places, strict=True):
        contents[places] = stage.codes
    bound, error = lower_bound(contents, stages[0].codes, slots, len(slots))
    assert error == 0
    assert 0 < bound < best.stages[0].mean <= best.stages[0].cycles
    assert measured(stages, slots, best.places) == best
