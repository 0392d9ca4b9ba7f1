"""Comparisons and accuracies, with numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from unit.study.outcomes import outcome

from spatem_ir.study.points import Outcome, Point
from spatem_ir.study.summary import (
    Comparison,
    Limits,
    average,
    compared,
    estimate_accuracy,
    rank_correlation,
    ranks_of,
)

OURS, THEIRS = Point("lenet", "spatem"), Point("lenet", "isaac")


def test_comparison() -> None:
    ours = outcome(OURS, latency=700, communication=500, cells=2200)
    theirs = outcome(THEIRS, latency=1000, communication=400, cells=400, io_bytes=50)
    assert compared(ours, theirs) == Comparison(
        network="lenet",
        baseline="isaac",
        latency_reduction=pytest.approx(0.3),  # type: ignore[arg-type]
        communication_reduction=pytest.approx(-0.25),  # type: ignore[arg-type]
        cells_ratio=5.5,
        exploited_share=1800 / 9600,
        additional_ratio=7.0,  # (2200 - 100) / (400 - 100)
        parallelism_ratio=pytest.approx(10 / 7),  # type: ignore[arg-type]
        limits=Limits(
            latency_reduction=0.9,
            communication_reduction=0.875,  # 50 bytes pass the port
            cells_ratio=25.0,
            parallelism_ratio=10.0,
        ),
    )


def test_no_comparison_with_a_failure() -> None:
    ours = outcome(OURS, latency=700)
    assert compared(ours, Outcome(THEIRS, failure="does not fit")) is None
    assert compared(Outcome(OURS, failure="does not fit"), ours) is None


def test_a_baseline_that_stores_the_weights_once_uses_nothing_additional() -> None:
    comparison = compared(
        outcome(OURS, latency=700, cells=300), outcome(THEIRS, latency=1000, cells=100)
    )
    assert comparison is not None
    assert comparison.additional_ratio is None
    assert average([comparison]).additional_ratio is None


def test_fewer_cells_than_the_baseline() -> None:
    comparison = compared(
        outcome(OURS, latency=700, cells=300), outcome(THEIRS, latency=1000, cells=9000)
    )
    assert comparison is not None
    assert (comparison.exploited_share, comparison.cells_ratio) == (0, 300 / 9000)


def test_average() -> None:
    pairs = [(500, 100, 800), (1000, 300, 500), (2000, 200, 400)]
    comparisons = []
    for number, (latency, communication, cells) in enumerate(pairs):
        network = f"net{number}"
        comparison = compared(
            outcome(Point(network, "spatem"), latency, communication=communication, cells=cells),
            outcome(Point(network, "isaac"), latency=1000, communication=200, cells=200),
        )
        assert comparison is not None
        comparisons.append(comparison)
    mean = average(comparisons)
    assert (mean.baseline, mean.networks) == ("isaac", ("net0", "net1", "net2"))
    assert mean.latency_reduction == pytest.approx((0.5 + 0 - 1) / 3)
    assert mean.communication_reduction == pytest.approx((0.5 - 0.5 + 0) / 3)
    assert mean.cells_ratio == pytest.approx((4 + 2.5 + 2) / 3)
    assert mean.exploited_share == pytest.approx((600 + 300 + 200) / 9800 / 3)
    assert mean.additional_ratio == pytest.approx((7 + 4 + 3) / 3)
    assert mean.parallelism_higher == ("net0",)


def test_accuracy() -> None:
    accuracy = estimate_accuracy(
        [
            outcome(Point("a", "spatem"), latency=100, estimated=110),
            outcome(Point("b", "spatem"), latency=200, estimated=100),
            outcome(Point("c", "spatem"), latency=300, estimated=330),
            Outcome(Point("d", "spatem"), failure="does not fit"),
        ]
    )
    assert accuracy is not None
    assert accuracy.points == 3
    assert accuracy.mean_absolute_error == pytest.approx((0.1 + 0.5 + 0.1) / 3)
    assert accuracy.largest_error == pytest.approx(0.5)
    assert accuracy.rank_correlation == pytest.approx(0.5)  # ranks 1 0 2 against 0 1 2
    assert estimate_accuracy([]) is None


def test_ranks() -> None:
    assert ranks_of(np.array([30.0, 10, 20, 10])).tolist() == [3, 0.5, 2, 0.5]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ([1.0, 2, 3, 4], 1.0),
        ([1e9, 2, 1, 0], -1.0),
        ([2.0, 1, 4, 3], 0.6),
        ([1.0, 1, 2, 2], 0.8**0.5),  # ranks 0.5 0.5 2.5 2.5
        ([5.0, 5, 5, 5], None),
    ],
)
def test_rank_correlation(second: list[float], expected: float | None) -> None:
    first = np.array([10.0, 20, 30, 40])
    found = rank_correlation(first, np.array(second))
    assert found == (expected if expected is None else pytest.approx(expected))


def test_one_point_has_no_rank_correlation() -> None:
    assert rank_correlation(np.array([1.0]), np.array([2.0])) is None
