"""One strategy against the others: the figures of the paper, and how good the estimate is."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatem_ir.study.points import Outcome


@dataclass(frozen=True)
class Limits:
    """What a strategy could gain over a baseline at most, in the measures of a comparison."""

    latency_reduction: float
    communication_reduction: float
    cells_ratio: float
    parallelism_ratio: float


@dataclass(frozen=True)
class Comparison:
    """A strategy against a baseline on one network.

    Reductions are 1 − ours / baseline's.  `cells_ratio` is our reading of the paper's 3.19 [R]:
    cells that hold weights, ours / baseline's.  `exploited_share` is the share of the cells that
    the baseline leaves unused which the strategy uses: (ours − baseline's) / (cells on the chip −
    baseline's), 0 if it uses fewer than the baseline.  `additional_ratio` compares what both use of
    the cells that are unused when the weights are stored once: (ours − least) / (baseline's −
    least); None if the baseline uses none.

    No strategy can gain more than the `limits`: for latency by the lower bound, for communication
    by what passes the chip's port, for cells and parallelism by what is on the chip.
    """

    network: str
    baseline: str
    latency_reduction: float
    communication_reduction: float
    cells_ratio: float
    exploited_share: float
    additional_ratio: float | None
    parallelism_ratio: float
    limits: Limits


@dataclass(frozen=True)
class Average:
    """Means of comparisons with one baseline over networks.

    `additional_ratio` is None unless every network has one.
    """

    baseline: str
    networks: tuple[str, ...]
    latency_reduction: float
    communication_reduction: float
    cells_ratio: float
    exploited_share: float
    additional_ratio: float | None
    parallelism_higher: tuple[str, ...]


def compared(outcome: Outcome, baseline: Outcome) -> Comparison | None:
    """The comparison of two outcomes of one network; None if one of them failed."""
    ours, theirs = outcome.metrics, baseline.metrics
    if ours is None or theirs is None or outcome.least_cells is None:
        return None
    assert ours.latency_cycles and theirs.latency_cycles
    assert ours.communication_bytes and theirs.communication_bytes
    assert ours.computation_parallelism and theirs.computation_parallelism
    unused = theirs.cells_total - theirs.cells_used
    least = outcome.least_cells
    additional = theirs.cells_used - least
    return Comparison(
        network=outcome.point.network,
        baseline=baseline.point.strategy,
        latency_reduction=1 - ours.latency_cycles / theirs.latency_cycles,
        communication_reduction=1 - ours.communication_bytes / theirs.communication_bytes,
        cells_ratio=ours.cells_used / theirs.cells_used,
        exploited_share=max(ours.cells_used - theirs.cells_used, 0) / unused if unused else 0.0,
        additional_ratio=(ours.cells_used - least) / additional if additional else None,
        parallelism_ratio=ours.computation_parallelism / theirs.computation_parallelism,
        limits=Limits(
            latency_reduction=1 - theirs.lower_bound_cycles / theirs.latency_cycles,
            communication_reduction=1 - (theirs.io_bytes or 0) / theirs.communication_bytes,
            cells_ratio=theirs.cells_total / theirs.cells_used,
            parallelism_ratio=theirs.crossbars_total / theirs.computation_parallelism,
        ),
    )


def average(comparisons: Sequence[Comparison]) -> Average:
    """The means of at least one comparison with one baseline."""
    additional = [c.additional_ratio for c in comparisons if c.additional_ratio is not None]
    return Average(
        baseline=comparisons[0].baseline,
        networks=tuple(c.network for c in comparisons),
        latency_reduction=mean(c.latency_reduction for c in comparisons),
        communication_reduction=mean(c.communication_reduction for c in comparisons),
        cells_ratio=mean(c.cells_ratio for c in comparisons),
        exploited_share=mean(c.exploited_share for c in comparisons),
        additional_ratio=mean(additional) if len(additional) == len(comparisons) else None,
        parallelism_higher=tuple(c.network for c in comparisons if c.parallelism_ratio > 1),
    )


@dataclass(frozen=True)
class EstimateAccuracy:
    """Estimated against simulated latency over `points` points.

    Errors are |estimated − simulated| / simulated; the rank correlation is Spearman's, None for
    fewer than two points or where all are equal.
    """

    points: int
    mean_absolute_error: float
    largest_error: float
    rank_correlation: float | None


def estimate_accuracy(outcomes: Sequence[Outcome]) -> EstimateAccuracy | None:
    """How good the estimate is over all outcomes that have one; None if none has."""
    known = [o for o in outcomes if o.metrics is not None and o.estimate_error is not None]
    if not known:
        return None
    errors = [abs(o.estimate_error or 0) for o in known]
    estimated = np.array([o.estimated_cycles for o in known], float)
    simulated = np.array([o.metrics.latency_cycles for o in known if o.metrics], float)
    return EstimateAccuracy(
        points=len(known),
        mean_absolute_error=mean(errors),
        largest_error=max(errors),
        rank_correlation=rank_correlation(estimated, simulated),
    )


def rank_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    """Spearman's rank correlation of two samples of equal length; equal values share their rank.

    None where it is not defined: fewer than two values, or all values of a sample equal.
    """
    ranks = [ranks_of(sample) for sample in (first, second)]
    centred = [rank - rank.mean() for rank in ranks]
    norm = float(np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum()))
    return float((centred[0] * centred[1]).sum()) / norm if norm else None


def ranks_of(sample: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ranks of a sample, ascending from 0; equal values have the mean of their ranks."""
    _, inverse, counts = np.unique(sample, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts + 1) / 2)[inverse]
