"""The least steps of a layer: merging against all merging trees, steps by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from spatem_ir.geometry.bounds.steps import LayerSteps, most_copies
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.loader import load_accelerator

TINY = load_accelerator("tiny")


def partitions(total: int, largest: int) -> Iterator[list[int]]:
    """All ways to write a number as a sum of parts of at most `largest`."""
    if total == 0:
        yield []
    for part in range(min(total, largest), 0, -1):
        for rest in partitions(total - part, part):
            yield [part, *rest]


def set_partitions(items: list[int]) -> Iterator[list[list[int]]]:
    """All ways to put different items into sets."""
    if not items:
        yield []
        return
    first, *others = items
    for sets in set_partitions(others):
        yield [[first], *sets]
        for number, own in enumerate(sets):
            yield [*sets[:number], [first, *own], *sets[number + 1 :]]


def added(arrivals: list[int]) -> int:
    """When a place has added contributions, one per cycle; a lone one passes free."""
    if len(arrivals) == 1:
        return arrivals[0]
    time = 0
    for arrival in sorted(arrivals):
        time = max(time, arrival) + 1
    return time


@cache
def in_cus(count: int, spacing: int) -> list[list[int]]:
    """When the CUs of a PE have merged contributions, over all ways to put them into CUs."""
    valid = [number * spacing for number in range(count)]
    return [[added(own) for own in cus] for cus in set_partitions(valid)]


@cache
def in_pe(count: int, spacing: int) -> int:
    """The least time in which a PE merges contributions, over all ways to put them into CUs."""
    return min(added(sums) for sums in in_cus(count, spacing))


def at_home(count: int, transit: int, spacing: int) -> int:
    """The least time at home, over all ways to put contributions into PEs, one of them home."""
    times = []
    for pes in partitions(count, count):
        sent = [transit + in_pe(part, spacing) for part in pes]
        for own, part in enumerate(pes):
            others = sent[:own] + sent[own + 1 :]
            times.append(added([in_pe(part, spacing), *others]))
            times += [added([*others, *sums]) for sums in in_cus(part, spacing)]
    return min(times)


@pytest.mark.parametrize("spacing", [1, 2])
@pytest.mark.parametrize("hop", [1, 3])
def test_no_tree_merges_faster(hop: int, spacing: int) -> None:
    """The last of a packet's 4 bytes arrives a cycle after its head, on links of 2 bytes."""
    machine = replace(TINY, noc=replace(TINY.noc, hop_cycles=hop))
    accumulation = machine.components.accumulation
    transit = machine.components.interconnect.least_transit(accumulation.sum_bytes)
    most = accumulation.most_merged(100, transit, spacing, 1)
    for count in range(1, 9):
        bound = next(time for time, merged in enumerate(most) if merged >= count)
        assert bound <= at_home(count, hop + 1, spacing) <= bound + 1
    assert accumulation.most_merged(100, 2, 1, 1)[:6] == [1, 1, 2, 4, 6, 9]
    assert accumulation.most_merged(100, 2, 1, 3)[:6] == [1, 3, 6, 10, 16, 25]


def test_a_dense_layer_trades_visits_for_merging() -> None:
    """8 rows of 4 bits, OUs of 4 rows: 8 parts of an operation merge in 5 cycles, 4 of 2 in 3.

    Copies are bits: with two copies, 2 row parts of 2 bits each merge their 4 results in 3 cycles.
    """
    layer = Layer("fc", (8, 1, 1), 4, Window((1, 1)), input_bits=4, weight_bits=2)
    around = 1 + TINY.ou.pipeline_cycles + 1
    assert LayerSteps(layer, TINY, 4).least(8, 8, 1) == around + TINY.ou.cycles + 5
    assert LayerSteps(layer, TINY, 2).least(8, 8, 1) == around + 2 * TINY.ou.cycles + 3
    assert LayerSteps(layer, TINY, 1).least(8, 8, 1) == around + 4 * TINY.ou.cycles + 2


def test_a_late_row_spoils_the_parts_of_its_bits_only() -> None:
    """One late row: 4 parts of a bit merge in 3 cycles."""
    layer = Layer("fc", (8, 1, 1), 4, Window((1, 1)), input_bits=4, weight_bits=2)
    steps = LayerSteps(layer, TINY, 4)
    assert steps.least(1, 1, 1) == 1 + TINY.ou.cycles + TINY.ou.pipeline_cycles + 3 + 1


def test_copies_share_the_cells_that_are_left() -> None:
    """16 crossbars of 256 cells; layers of 1,024 and 2,048 cells leave 1,024."""
    small = Layer("a", (32, 1, 1), 32, Window((1, 1)), weight_bits=2)
    large = Layer("b", (64, 1, 1), 32, Window((1, 1)), weight_bits=2)
    assert most_copies([small, large], TINY) == [2, 1]
    assert most_copies([small, large, large], TINY) == [8, 8, 8]
