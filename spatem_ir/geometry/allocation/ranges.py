"""How many copies each layer must and can have if an image is to take so many operations [R].

Nothing here is proven by search: if one layer has few copies, or starts late, then too many
operations follow whatever the others have.  The ranges bound each other, and narrow until they do
not any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spatem_ir.geometry.allocation.model import PipelineModel
    from spatem_ir.geometry.allocation.pipeline import Ints


@dataclass(frozen=True)
class CopyRanges:
    """What holds of every allocation with which an image takes at most some operations.

    Attributes: arrays [layers]
        least: copies of each layer, at least.
        most: copies of each layer, at most.
        starts: PreOp, at least.
        after: operations from the end of the layer to that of the last one, at least.
    """

    least: Ints
    most: Ints
    starts: Ints
    after: Ints

    def choices(self, number: int) -> Ints:
        """The numbers of copies of a layer."""
        return np.arange(self.least[number], self.most[number] + 1)

    def earliest(self, model: PipelineModel, number: int, counts: Ints) -> Ints:
        """PreOp of a layer at least, for each of some numbers of copies: shape [counts]."""
        layers = model.pipeline.layers
        wanted, earliest = {number: counts}, np.zeros_like(counts)
        for reader in range(number, -1, -1):
            if reader not in wanted:
                continue
            for read in layers[reader].reads:
                producer = read.producer
                needed = read.needed(wanted[reader], clamp=model.clamp)
                batches = -(-needed // self.most[producer])
                np.maximum(earliest, batches - 1 + self.starts[producer], out=earliest)
                results = np.maximum(needed, self.least[producer])
                known = wanted.get(producer)
                wanted[producer] = results if known is None else np.maximum(known, results)
        return earliest


def copy_ranges(
    model: PipelineModel, crossbars: int, operations: int, longest_step: float
) -> CopyRanges | None:
    """The ranges for so many crossbars and operations, and steps of at most so long.

    None if there is no such allocation.
    """
    pipeline = model.pipeline
    results, sets = pipeline.results, pipeline.sets
    least = np.ones(len(pipeline), np.int64)
    most = np.minimum(results, (crossbars - sets.sum()) // sets + 1)
    while True:
        ranges = _with_starts(model, least, most)
        room = operations - ranges.after - ranges.starts
        if room.min() < 1:
            return None
        needed = np.maximum(least, -(-results // room))
        left = crossbars - sets @ needed
        if left < 0:
            return None
        possible = _of_short_steps(
            model, needed, np.minimum(most, needed + left // sets), longest_step
        )
        if (possible < needed).any():
            return None
        if (needed == least).all() and (possible == most).all():
            return ranges
        least, most = needed, possible


def _of_short_steps(model: PipelineModel, least: Ints, most: Ints, longest_step: float) -> Ints:
    """The most copies of each layer with which its steps, and those of its readers, are short.

    Below the least where even those make them longer.
    """
    if model.buses is None:
        return most
    most = most.copy()
    for number, layer in enumerate(model.pipeline.layers):
        for other in {number, *(read.producer for read in layer.reads)}:
            tried = np.arange(least[other], most[other] + 1)
            copies = {each: least[each : each + 1] for each in range(number + 1)} | {other: tried}
            steps = model.buses.step_times(model.pipeline, number, copies)
            most[other] = least[other] + np.count_nonzero(steps <= longest_step) - 1
    return most


def _with_starts(model: PipelineModel, least: Ints, most: Ints) -> CopyRanges:
    """The ranges of copies with what follows from them."""
    layers = model.pipeline.layers
    starts, after = np.zeros_like(least), np.zeros_like(least)
    ranges = CopyRanges(least, most, starts, after)
    for number in range(len(layers)):
        starts[number] = ranges.earliest(model, number, least[number : number + 1])[0]
    for number in range(len(layers) - 1, -1, -1):
        tail = -(-layers[number].trailing // most[number])
        for read in layers[number].reads:
            after[read.producer] = max(after[read.producer], after[number] + tail)
    return ranges
