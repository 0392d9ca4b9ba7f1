"""The model of a pipeline's time (Li, Han, Chen): recurrences over layers, for many allocations.

With R copies a layer has a *batch* of R results per operation.  It starts PreOp operations after
the first layer, when its first batch has what it reads, and ends at Op [P]:

    NormalOp_i = ⌈W_i / R_i⌉
    PreOp_i    = max over k of (PreOpInterval(i, k) + PreOp_k),  PreOp_1 = 0
    Op_i       = max(NormalOp_i + PreOp_i, Op_(i−1) + Tail_i),   Tail_i = ⌈Wo_i · ⌊P_i / S_i⌋ / R_i⌉

PreOpInterval(i, k) follows the R_i first results of layer i back to layer k, in whole batches of
each layer on the way, and is the batches of layer k that they need, without the last.  The time of
an image is T_step · Op of the last layer.

[R] Where a layer has several producers, or readers on the way back, each takes part and the largest
counts; the paper has chains only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.geometry.allocation.bandwidth import Buses, Times
    from spatem_ir.geometry.allocation.pipeline import Ints, LayerPipeline


@dataclass(frozen=True)
class Allocations:
    """Many allocations of the first layers of a pipeline.

    Attributes:
        copies: R, shape [layers, allocations].
        starts: PreOp, shape [layers, allocations].
        ends: Op, shape [layers, allocations].
        steps: the longest T_step so far, shape [allocations]; all 1 where there are no buses.
    """

    copies: Ints
    starts: Ints
    ends: Ints
    steps: Times

    @staticmethod
    def empty(number: int) -> Allocations:
        """So many allocations of no layer."""
        none = np.zeros((0, number), np.int64)
        return Allocations(none, none, none, np.zeros(number))

    @property
    def operations(self) -> Ints:
        """Op of all layers so far: shape [allocations]."""
        return self.ends.max(axis=0, initial=0)

    @property
    def times(self) -> Times:
        """T_step · Op so far: shape [allocations]."""
        return self.operations * self.steps

    def select(self, chosen: Ints) -> Allocations:
        """Some of the allocations."""
        return Allocations(
            self.copies[:, chosen], self.starts[:, chosen], self.ends[:, chosen], self.steps[chosen]
        )


@dataclass(frozen=True)
class PipelineModel:
    """The model of a pipeline; `clamp` limits what is read to the map, `buses` limit steps."""

    pipeline: LayerPipeline
    clamp: bool = False
    buses: Buses | None = None

    def evaluated(self, copies: Sequence[int] | Ints) -> Allocations:
        """Allocations of all layers: shape [layers] for one, [layers, allocations] for many."""
        table = np.asarray(copies, np.int64).reshape(len(self.pipeline), -1)
        found = Allocations.empty(table.shape[1])
        for own in table:
            found = self.extended(found, own)
        return found

    def time(self, copies: Sequence[int] | Ints) -> float:
        """The time of one allocation: T_step · Op, or Op where there are no buses."""
        return float(self.evaluated(copies).times[0])

    def operations(self, copies: Sequence[int] | Ints) -> int:
        """Op of one allocation."""
        return int(self.evaluated(copies).operations[0])

    def extended(self, before: Allocations, own: Ints) -> Allocations:
        """Allocations with the next layer, of `own` copies: shape [allocations]."""
        number = len(before.copies)
        layer = self.pipeline.layers[number]
        copies = np.vstack([before.copies, own])
        starts = self.ready(number, own, copies, before.starts)
        ends = -(-layer.results // own) + starts
        tail = -(-layer.trailing // own)
        for read in layer.reads:
            np.maximum(ends, before.ends[read.producer] + tail, out=ends)
        if self.buses is None:
            steps = np.ones(len(own))
        else:
            steps = np.maximum(before.steps, self.buses.step_times(self.pipeline, number, copies))
        return Allocations(
            copies, np.vstack([before.starts, starts]), np.vstack([before.ends, ends]), steps
        )

    def ready(self, number: int, counts: Ints, copies: Ints, starts: Ints) -> Ints:
        """When all is there that the first `counts` results of a layer need.

        In operations from the start of the first layer, PreOp of the batch behind.  `counts` has
        shape [allocations] or [any, allocations], and so has the result; `copies` and `starts`
        have [layers, allocations].
        """
        wanted = {number: counts}
        ready = np.zeros_like(counts)
        for reader in range(number, -1, -1):
            if reader not in wanted:
                continue
            for read in self.pipeline.layers[reader].reads:
                producer = read.producer
                batch = copies[producer]
                batches = -(-read.needed(wanted[reader], clamp=self.clamp) // batch)
                np.maximum(ready, batches - 1 + starts[producer], out=ready)
                results = batches * batch
                known = wanted.get(producer)
                wanted[producer] = results if known is None else np.maximum(known, results)
        return ready
