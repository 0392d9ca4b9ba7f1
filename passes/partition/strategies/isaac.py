"""ISAAC's balanced pipeline (Shafiee et al., ISCA 2016) on whole crossbars."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.passes.partition.strategy import DealingStrategy, Problem
from spatem_ir.passes.partition.whole_crossbars import WholeCrossbars, copied, whole_crossbars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.passes.partition.partitions import Partition


@dataclass(frozen=True)
class Isaac(DealingStrategy):
    """ISAAC's balanced pipeline: copies of whole crossbars in proportion to work.

    [P] Layers are replicated so that all of them take equally long and the pipeline is balanced.
    [R] The copies of a layer are proportional to its work, i_l ~ W_l · T_l(one copy), with the
    largest factor for which all copies fit; a number of copies is rounded down to the next useful
    one and is at least 1.
    """

    name = "isaac"
    packing = "exclusive"

    def partitions(self, problem: Problem) -> list[Partition]:
        return partition_isaac(problem.layers, problem.accelerator, Deal(self.deal))


def partition_isaac(layers: list[Layer], accelerator: Accelerator, deal: Deal) -> list[Partition]:
    """The partition with copies in proportion to work, and smaller ones."""
    mapped = whole_crossbars(layers, accelerator)
    shares = [layer.operations for layer in mapped]
    return copied(mapped, partial(proportional_copies, mapped, shares), accelerator, deal)


def proportional_copies(
    mapped: list[WholeCrossbars], shares: Sequence[int], crossbars: int
) -> list[int]:
    """The largest copies in proportion to `shares` that fit, as numbers of useful copies.

    Layer l has the most useful copies that do not exceed factor · shares[l], at least the first.
    """
    choices = [0] * len(mapped)
    left = crossbars - sum(layer.crossbars for layer in mapped)
    steps = sorted(
        (Fraction(int(copies), share), number, choice)
        for number, (layer, share) in enumerate(zip(mapped, shares, strict=True))
        for choice, copies in enumerate(layer.copies)
        if choice
    )
    for _, together in groupby(steps, key=lambda step: step[0]):
        raised = [(number, choice) for _, number, choice in together]
        left -= sum(mapped[number].extra_crossbars(choice) for number, choice in raised)
        if left < 0:
            break
        for number, choice in raised:
            choices[number] = choice
    return choices
