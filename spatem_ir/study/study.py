"""A study: which points belong to it, and the views on their outcomes that are reported."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from spatem_ir.frontend.load import network_names
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.study.ablation import ablation_points
from spatem_ir.study.points import Outcome, Point
from spatem_ir.study.sensitivity import sensitivity_points
from spatem_ir.study.summary import (
    Average,
    Comparison,
    EstimateAccuracy,
    average,
    compared,
    estimate_accuracy,
)
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from spatem_ir.runtime.metrics.metric import Metrics
    from spatem_ir.study.points import Setting

    Measure = Callable[[Metrics], float | None]

COMPARISON, ABLATION, SENSITIVITY = PARTS = ("comparison", "ablation", "sensitivity")
"""What a study consists of."""


@dataclass(frozen=True)
class Plan:
    """What is studied.

    The first strategy is compared with all others; its ablation is made, and the sensitivity of it
    and of the first baseline, the latter on networks of their own.
    """

    setting: Setting
    networks: tuple[str, ...]
    strategies: tuple[str, ...]
    parts: tuple[str, ...]
    sensitivity_networks: tuple[str, ...]

    @property
    def sensitivity_strategies(self) -> tuple[str, ...]:
        """The strategies of the sensitivity sweep."""
        return self.strategies[:2]

    def points(self) -> dict[str, list[Point]]:
        """The points of each part, in the order in which they are reported."""
        made = {
            COMPARISON: lambda: [
                Point(network, strategy)
                for network in self.networks
                for strategy in self.strategies
            ],
            ABLATION: lambda: ablation_points(self.networks, self.strategies[0]),
            SENSITIVITY: lambda: sensitivity_points(
                self.setting.accelerator, self.sensitivity_networks, self.sensitivity_strategies
            ),
        }
        return {part: make() for part, make in made.items() if part in self.parts}


@dataclass(frozen=True)
class Study:
    """A plan with the outcomes of all its points; `command` is what made it."""

    plan: Plan
    command: str
    outcomes: Mapping[Point, Outcome] = field(repr=False)

    @property
    def subject(self) -> str:
        """The strategy that is compared with the others."""
        return self.plan.strategies[0]

    @property
    def baselines(self) -> tuple[str, ...]:
        """The strategies that it is compared with."""
        return self.plan.strategies[1:]

    @cached_property
    def rows(self) -> list[tuple[str, Outcome]]:
        """Part and outcome of every point, in the order of the plan."""
        return [
            (part, self.outcomes[point])
            for part, points in self.plan.points().items()
            for point in points
        ]

    def of_part(self, part: str) -> list[Outcome]:
        """The outcomes of one part."""
        return [outcome for which, outcome in self.rows if which == part]

    @property
    def failures(self) -> list[Outcome]:
        """The outcomes of points that have no results, each once."""
        points = dict.fromkeys(outcome.point for _, outcome in self.rows)
        return [self.outcomes[point] for point in points if self.outcomes[point].failure]

    def value(self, point: Point, measure: Measure) -> float | None:
        """A measure of a point; None if it has no results."""
        metrics = self.outcomes[point].metrics
        return None if metrics is None else measure(metrics)

    def ratio(self, point: Point, base: Point, measure: Measure) -> float | None:
        """A measure of a point relative to another point; None if one of them has no results."""
        value, unit = self.value(point, measure), self.value(base, measure)
        return None if value is None or not unit else value / unit

    @cached_property
    def comparisons(self) -> dict[str, list[Comparison]]:
        """The comparisons with each baseline on the networks where neither failed."""
        return {baseline: list(self._compared(baseline)) for baseline in self.baselines}

    def _compared(self, baseline: str) -> Iterator[Comparison]:
        for network in self.plan.networks:
            ours, theirs = Point(network, self.subject), Point(network, baseline)
            comparison = compared(self.outcomes[ours], self.outcomes[theirs])
            if comparison is not None:
                yield comparison

    @property
    def averages(self) -> list[Average]:
        """The averages over networks for each baseline with which there is a comparison."""
        return [average(several) for several in self.comparisons.values() if several]

    @property
    def accuracy(self) -> EstimateAccuracy | None:
        """How good the latency estimate is over all networks and strategies."""
        return estimate_accuracy(self.of_part(COMPARISON))


def check_names(plan: Plan) -> None:
    """Check that there are such networks and strategies.

    Raises:
        SpatemError: naming the one that is not known, and those that are.
    """
    if not plan.networks or not plan.strategies:
        raise SpatemError("name at least one network and one strategy")
    known = network_names()
    for network in (*plan.networks, *plan.sensitivity_networks):
        is_file = network.endswith((".onnx", ".mlir")) and Path(network).is_file()
        if network not in known and not is_file:
            raise SpatemError(
                f"unknown network '{network}': neither an .onnx or .mlir file nor one of "
                f"{', '.join(known)}"
            )
    for strategy in plan.strategies:
        partition, *_ = Point("", strategy).passes
        try:
            PartitionPass.from_spec(partition)
        except ValueError as error:
            raise SpatemError(f"strategy '{strategy}': {error}") from error
