"""Allocation by dynamic programming over layers and crossbars (Li, Han, Chen).

[P] The best allocation of the first i layers in G crossbars extends one of the first i − 1 layers
by j crossbars for layer i.  [R] The published allocations use exactly G crossbars, take the numbers
of copies in ascending order, and the first of those with the shortest time; a chip's crossbars are
used up even where fewer would do better.  With `spare` crossbars, those that are left over, an
allocation counts for all larger G as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.allocation.model import Allocations
from spatem_ir.support.errors import DoesNotFitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.geometry.allocation.bandwidth import Times
    from spatem_ir.geometry.allocation.model import PipelineModel
    from spatem_ir.geometry.allocation.pipeline import Ints, LayerPipeline


def numbers_of_copies(pipeline: LayerPipeline, crossbars: int) -> list[Ints]:
    """All numbers of copies that each layer may have: not more than it has results."""
    free = crossbars - pipeline.sets.sum()
    return [
        np.arange(1, min(layer.results, free // layer.crossbars + 1) + 1)
        for layer in pipeline.layers
    ]


def allocated(
    model: PipelineModel,
    crossbars: int,
    *,
    spare: bool,
    choices: Sequence[Ints] | None = None,
    unit: int = 1,
) -> list[int]:
    """The copies of each layer in so many crossbars; `choices` are those to choose from, ascending.

    Crossbars beyond one copy of each layer are counted in units of so many, what a layer has of
    them rounded up; of numbers of copies with as many units the largest is taken.

    Raises:
        SpatemError: one copy of each layer needs more crossbars.
    """
    pipeline = model.pipeline
    check_fits(pipeline, crossbars)
    choices = numbers_of_copies(pipeline, crossbars) if choices is None else choices
    columns = (crossbars - int(pipeline.sets.sum())) // unit + 1
    found, known = Allocations.empty(columns), np.zeros(columns, bool)
    known[0] = True
    for number, layer in enumerate(pipeline.layers):
        best = np.full(columns, np.inf)
        source, chosen = np.zeros(columns, np.int64), np.ones(columns, np.int64)
        for copies, units in _by_units(choices[number], layer.crossbars, unit):
            if units >= columns:
                break
            before = np.flatnonzero(known[: columns - units])
            promising = _least_times(model, number, found, copies)[before] < best[before + units]
            before = before[promising]
            if not len(before):
                continue
            times = model.extended(found.select(before), np.full(len(before), copies)).times
            better = times < best[before + units]
            before, times = before[better], times[better]
            best[before + units], source[before + units] = times, before
            chosen[before + units] = copies
        known = np.isfinite(best)
        if spare:
            shortest = np.minimum.accumulate(best)
            improved = np.append(True, best[1:] < shortest[:-1])
            last = np.maximum.accumulate(np.where(improved, np.arange(len(best)), 0))
            source, chosen, known = source[last], chosen[last], np.isfinite(shortest)
        found = model.extended(found.select(source), chosen)
    return found.copies[:, np.flatnonzero(known)[-1]].tolist()


def _by_units(copies: Ints, crossbars: int, unit: int) -> list[tuple[int, int]]:
    """Numbers of copies, of so many crossbars each, and the units beyond the first copy."""
    units = -(-(copies - 1) * crossbars // unit)
    last = np.append(units[1:] != units[:-1], True)
    return list(zip(copies[last].tolist(), units[last].tolist(), strict=True))


def check_fits(pipeline: LayerPipeline, crossbars: int) -> None:
    """Check that there is an allocation.

    Raises:
        SpatemError: one copy of each layer needs more crossbars.
    """
    needed = pipeline.sets.sum()
    if needed > crossbars:
        raise DoesNotFitError(
            f"the network does not fit: one copy of each layer needs {needed} crossbars, there are "
            f"{crossbars}; take more crossbars"
        )


def _least_times(model: PipelineModel, number: int, found: Allocations, copies: int) -> Times:
    """What the times with so many copies of the next layer are at least: shape [allocations]."""
    layer = model.pipeline.layers[number]
    ends = np.maximum(found.operations, -(-layer.results // copies))
    for read in layer.reads:
        np.maximum(ends, found.ends[read.producer] + -(-layer.trailing // copies), out=ends)
    return ends * found.steps if number else ends * 0
