"""Rules of thumb for copies with which Li, Han and Chen compare theirs.

The formulas are theirs; each gives at least one copy, so that the result may exceed the crossbars
where they are few, as the published ones do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.geometry.allocation.pipeline import LayerPipeline


def results_copies(pipeline: LayerPipeline, crossbars: int) -> list[int]:
    """WoHo: copies in proportion to results: R = max(1, ⌊total · W / Σ (W · set)⌋)."""
    return shared(pipeline, crossbars, pipeline.results.tolist())


def stride_copies(pipeline: LayerPipeline, crossbars: int, strides: Sequence[int]) -> list[int]:
    """Sc²: a layer has stride² as many copies as its reader, whose stride it is.

    `strides` are those of the layers; in front of them, by choice, those of poolings.
    """
    weights = [1]
    for stride in reversed(strides[1:]):
        weights.append(weights[-1] * stride**2)
    return shared(pipeline, crossbars, weights[::-1])


def identical_copies(pipeline: LayerPipeline, crossbars: int) -> list[int]:
    """The same number of copies of every layer: R = ⌊total / Σ set⌋."""
    return shared(pipeline, crossbars, [1] * len(pipeline))


def shared(pipeline: LayerPipeline, crossbars: int, weights: Sequence[int]) -> list[int]:
    """R = max(1, ⌊total · weight / Σ (weight · set)⌋)."""
    per_copy = int(pipeline.sets @ np.asarray(weights, np.int64))
    return [max(1, crossbars * weight // per_copy) for weight in weights]
