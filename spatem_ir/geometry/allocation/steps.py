"""A pipeline step by step: the check of the model, behaviour-level simulation in the paper.

[R, from the paper's drawing] In every step each layer may make one batch, the next R of its
results.  It does so in the first step after that of its last batch in which the last result that it
needs is there, made in the same step or before; a batch waits as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spatem_ir.geometry.allocation.pipeline import Ints, LayerPipeline


def batch_steps(pipeline: LayerPipeline, copies: Sequence[int] | Ints) -> list[Ints]:
    """The step, from 1, in which each batch of each layer is made."""
    made: list[Ints] = []
    for layer, own in zip(pipeline.layers, copies, strict=True):
        batches = np.arange(-(-layer.results // own))
        counts = np.minimum((batches + 1) * own, layer.results)
        earliest = np.ones_like(batches)
        for read in layer.reads:
            last = -(-read.needed_in_full(counts) // copies[read.producer]) - 1
            np.maximum(earliest, made[read.producer][last], out=earliest)
        made.append(np.maximum.accumulate(earliest - batches) + batches)
    return made


def pipeline_steps(pipeline: LayerPipeline, copies: Sequence[int] | Ints) -> int:
    """The steps of an image: until the layers that no other reads have made their last batches."""
    made = batch_steps(pipeline, copies)
    return int(max(made[number][-1] for number in pipeline.last_layers))
