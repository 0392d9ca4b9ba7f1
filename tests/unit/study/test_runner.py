"""Points in parallel processes: the outcomes do not depend on the processes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from spatem_ir.frontend.load import ImportOptions
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.study.points import Outcome, Point, Setting
from spatem_ir.study.runner import LOST, longest_first, run_points

NETWORK = """\
cnn.network @net(%x: tensor<12xui8>) {
  %fc = cnn.dense @fc %x weights #cnn.seeded<1, tensor<5x12xsi4>> scale 0.01
    : tensor<12xui8> -> tensor<5xsi8>
  cnn.output %fc : tensor<5xsi8>
}
"""
SETTING = Setting(load_accelerator("tiny"), ImportOptions(), "reference")
FAILING = Point("lenet-digits", "minimum", (), ((("pe", "buffer_bytes"), 64),))


class Deadly(Point):
    """A point that ends the process that receives it."""

    def __reduce__(self) -> tuple[object, ...]:
        return os._exit, (1,)


@pytest.fixture
def network(tmp_path: Path) -> str:
    path = tmp_path / "net.mlir"
    path.write_text(NETWORK, encoding="utf-8")
    return str(path)


def timeless(outcomes: dict[Point, Outcome]) -> dict[Point, Outcome]:
    return {point: replace(outcome, seconds=None) for point, outcome in outcomes.items()}


def test_processes_give_the_same(network: str) -> None:
    link = ((("noc", "link_bytes_per_cycle"), 1),)
    points = [
        Point(network, "minimum"),
        Point(network, "spatem"),
        Point(network, "spatem", ("pack", "assign")),
        Point(network, "spatem", (), link),
        FAILING,
        Point(network, "minimum"),
    ]
    heard: list[Point] = []
    alone = run_points(points, SETTING, 1, lambda outcome: heard.append(outcome.point))
    assert sorted(map(str, heard)) == sorted(map(str, set(points)))
    assert timeless(alone) == timeless(run_points(points, SETTING, 2))
    failure = alone[FAILING].failure
    assert failure is not None
    assert failure.startswith("order: the buffer of PE 0 is too small")
    measured = [outcome.metrics for outcome in alone.values() if outcome.failure is None]
    assert len(measured) == 4
    assert all(metrics is not None and metrics.latency_cycles for metrics in measured)


def test_an_unknown_parameter_value_fails_one_point(network: str) -> None:
    large = Point(network, "spatem", (), ((("ou", "wordlines"), 99),))
    outcomes = run_points([large, Point(network, "spatem")], SETTING, 1)
    assert outcomes[large].failure == (
        "'tiny' with the options of this run: ou.wordlines = 99 exceeds crossbar.wordlines = 16"
    )
    assert outcomes[Point(network, "spatem")].failure is None


def test_a_killed_process_fails_its_own_point_only(network: str) -> None:
    deadly = Deadly("deadly", "spatem")
    outcomes = run_points([Point(network, "minimum"), deadly], SETTING, 2)
    assert outcomes[deadly].failure == LOST
    assert outcomes[Point(network, "minimum")].failure is None


def test_the_last_network_runs_first() -> None:
    points = [Point("small", "a"), Point("large", "a"), Point("small", "b"), Point("large", "b")]
    assert [str(point) for point in longest_first(points)] == [
        "large, a",
        "large, b",
        "small, a",
        "small, b",
    ]
