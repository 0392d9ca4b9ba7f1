"""Cuts of networks into stages: against every way to cut, and what cannot be cut."""

from __future__ import annotations

from itertools import combinations, pairwise
from random import Random

import numpy as np
import pytest

from spatem_ir.geometry.staging.cuts import MapBytes, StageCosts, best_cuts
from spatem_ir.support.errors import DoesNotFitError, SpatemError


def random_costs(random: Random) -> StageCosts:
    units = random.randint(1, 7)
    maps = []
    for _ in range(random.randint(1, 9)):
        maker = random.randint(-1, units - 1)
        readers = sorted({random.randint(maker + 1, units) for _ in range(2)})
        maps.append(MapBytes(maker, tuple(readers), random.randint(1, 500)))
    return StageCosts(
        crossbars=np.array([random.randint(1, 6) for _ in range(units)]),
        work=np.array([random.randint(1, 999) for _ in range(units)]),
        maps=maps,
        chip=random.randint(6, 16),
        port=random.choice([1, 8]),
        memory=random.choice([1, 4]),
        write=random.choice([0, 50]),
    )


def total(costs: StageCosts, cut: list[int]) -> float:
    return sum(costs.cost(*pair) for pair in pairwise([*cut, costs.units]))


@pytest.mark.parametrize("seed", range(40))
def test_cuts_are_the_best_of_all(seed: int) -> None:
    random = Random(seed)
    costs = random_costs(random)
    begins = [0, *(unit for unit in range(1, costs.units) if random.random() < 0.8)]
    ways = [[0, *others] for n in range(len(begins)) for others in combinations(begins[1:], n)]
    stages = random.choice([None, random.randint(1, len(begins))])
    possible = [way for way in ways if stages in (None, len(way))]
    least = min(total(costs, way) for way in possible)
    if np.isinf(least):
        with pytest.raises(DoesNotFitError):
            best_cuts(costs, begins, stages)
        return
    found = best_cuts(costs, begins, stages)
    assert found in possible
    assert total(costs, found) == pytest.approx(least)


@pytest.mark.parametrize("seed", range(20))
def test_copies_are_the_best_that_there_is_room_for(seed: int) -> None:
    """The closed form against bisection: in less time the copies have no room."""
    costs = random_costs(Random(seed))
    cycles = costs.compute(0, costs.units)
    if np.isinf(cycles):
        assert costs.crossbars.sum() > costs.chip
        return
    low, high = 0.0, float(costs.work.max())
    for _ in range(60):
        middle = (low + high) / 2
        taken = (np.maximum(1, costs.work / middle) * costs.crossbars).sum()
        low, high = (low, middle) if taken <= costs.chip else (middle, high)
    assert cycles == pytest.approx(high)


def test_maps_that_cross_a_cut_are_moved() -> None:
    costs = StageCosts(
        crossbars=np.array([1, 1, 1]),
        work=np.array([1, 1, 1]),
        maps=[MapBytes(-1, (0, 2), 10), MapBytes(0, (1, 2), 20), MapBytes(2, (3,), 40)],
        chip=3,
        port=5,
        memory=2,
        write=0,
    )
    assert costs.moved(0, 3) == (2, 8)
    assert costs.moved(0, 1) == (2, 10)
    assert costs.moved(1, 2) == (10, 0)
    assert costs.moved(2, 3) == (12, 8)


def test_what_cannot_be_cut_is_named() -> None:
    costs = random_costs(Random(0))
    with pytest.raises(SpatemError, match="can be cut into at most 1 stages, not 2"):
        best_cuts(costs, [0], 2)
    large = StageCosts(np.array([9, 1]), np.array([1, 1]), [], chip=8, port=1, memory=1, write=0)
    with pytest.raises(DoesNotFitError, match="layers of 9 crossbars, the chip has 8"):
        best_cuts(large, [0, 1])
    several = StageCosts(np.array([5, 5]), np.array([1, 1]), [], chip=8, port=1, memory=1, write=0)
    with pytest.raises(DoesNotFitError, match="in 1 stages: its layers need 10 crossbars"):
        best_cuts(several, [0, 1], 1)
