"""HitM's crossbar allocation for throughput (ICCAD 2020) on whole crossbars."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.passes.partition.strategy import DealingStrategy, Problem
from spatem_ir.passes.partition.whole_crossbars import WholeCrossbars, copied, whole_crossbars

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.passes.partition.partitions import Partition

NEVER = np.iinfo(np.int64).max
"""The period of layers that do not fit."""


@dataclass(frozen=True)
class Hitm(DealingStrategy):
    """HitM's allocation: copies of whole crossbars for the largest throughput.

    [P] Copies are chosen by dynamic programming so that the pipeline's throughput is largest under
    the chip's number of crossbars.  [R] The recurrence: with the first l layers in at most c
    crossbars,

        F(l, c) = max over r of min(F(l-1, c - r · set_l), r / (W_l · t_l)),

    where windows are dealt whole, so that r copies take ⌈W_l / r⌉ · t_l; the DP minimises the
    longest of these periods.  [R] The layer that limits the throughput may leave crossbars over:
    they go to the slowest layer that they can shorten, one step at a time, because they cost
    nothing.
    """

    name = "hitm"
    packing = "exclusive"

    def partitions(self, problem: Problem) -> list[Partition]:
        return partition_hitm(problem.layers, problem.accelerator, Deal(self.deal))


def partition_hitm(layers: list[Layer], accelerator: Accelerator, deal: Deal) -> list[Partition]:
    """The partition with the largest throughput, and smaller ones."""
    mapped = whole_crossbars(layers, accelerator)
    return copied(mapped, partial(throughput_copies, mapped), accelerator, deal)


def throughput_copies(mapped: list[WholeCrossbars], crossbars: int) -> list[int]:
    """The copies of each layer in so many crossbars, as numbers of useful copies."""
    return rest_spent(mapped, fastest_pipeline(mapped, crossbars), crossbars)


def fastest_pipeline(mapped: list[WholeCrossbars], crossbars: int) -> list[int]:
    """The fewest copies with the shortest longest period, as numbers of useful copies."""
    period = np.zeros(crossbars + 1, np.int64)
    chosen = []
    for layer in mapped:
        best, choice = np.full(crossbars + 1, NEVER), np.zeros(crossbars + 1, np.int64)
        for number, needed in enumerate((layer.crossbars * layer.copies).tolist()):
            if needed > crossbars:
                break
            reached = np.maximum(period[: crossbars + 1 - needed], layer.periods[number])
            shorter = reached < best[needed:]
            best[needed:][shorter] = reached[shorter]
            choice[needed:][shorter] = number
        chosen.append(choice)
        period = best
    choices, left = [], crossbars
    for layer, choice in zip(reversed(mapped), reversed(chosen), strict=True):
        choices.append(int(choice[left]))
        left -= layer.crossbars * int(layer.copies[choices[-1]])
    return choices[::-1]


def rest_spent(mapped: list[WholeCrossbars], choices: list[int], crossbars: int) -> list[int]:
    """Choices after the crossbars left over went, step by step, to the slowest layer they help."""
    choices = list(choices)
    left = crossbars - sum(
        layer.crossbars * int(layer.copies[choice])
        for layer, choice in zip(mapped, choices, strict=True)
    )
    periods = {n: int(mapped[n].periods[choice]) for n, choice in enumerate(choices)}
    while periods:
        slowest = max(periods, key=periods.__getitem__)
        layer, choice = mapped[slowest], choices[slowest] + 1
        if choice == len(layer.copies) or layer.extra_crossbars(choice) > left:
            del periods[slowest]
            continue
        left -= layer.extra_crossbars(choice)
        choices[slowest] = choice
        periods[slowest] = int(layer.periods[choice])
    return choices
