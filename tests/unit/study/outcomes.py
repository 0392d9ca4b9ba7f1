"""Made-up results of points, for tests of what a study makes of them."""

from __future__ import annotations

from typing import Any

from spatem_ir.frontend.load import ImportOptions
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.runtime.critical_path import CriticalPath, PathPart, PathShare
from spatem_ir.runtime.metrics.metric import Metrics
from spatem_ir.runtime.metrics.register import all_metrics
from spatem_ir.study.points import Outcome, Point, Setting
from spatem_ir.study.study import PARTS, Plan, Study

LEAST_CELLS = 100


def metrics(latency: int, communication: int = 1000, cells: int = 400, **others: Any) -> Metrics:
    """Metrics of a chip of 10,000 cells."""
    values: dict[str, Any] = {
        **dict.fromkeys(all_metrics()),
        "latency_cycles": latency,
        "computation_parallelism": 100_000 / latency,
        "communication_bytes": communication,
        "input_bytes": 0,
        "activation_bytes": communication // 4,
        "partial_sum_bytes": communication - communication // 4,
        "io_bytes": 0,
        "byte_hops": 3 * communication,
        "cells_used": cells,
        "cells_total": 10_000,
        "crossbars_used": 5,
        "crossbars_total": 1000,
        "lower_bound_cycles": 100,
        "lower_bound_name": "work",
        "optimality_gap": latency / 100,
        "energy_nj": 7.0,
        "layers": (),
        "stages": (),
    }
    return Metrics(values | others)


def path(latency: int) -> CriticalPath:
    """A critical path: a quarter links, half of it queueing; a quarter in the layer fc."""
    links = latency // 4

    def share(name: str, cycles: dict[PathPart, int], queueing: dict[PathPart, int]) -> PathShare:
        nothing = dict.fromkeys(PathPart, 0)
        return PathShare(name, nothing | cycles, nothing | queueing)

    on_links = {PathPart.LINKS: links}, {PathPart.LINKS: links // 2}
    on_crossbars = {PathPart.CROSSBARS: latency - links}, {}
    return CriticalPath(
        cycles=latency,
        total=share("total", {**on_crossbars[0], **on_links[0]}, on_links[1]),
        layers=(share("fc", *on_links), share("conv", *on_crossbars)),
        busy={},
        segments=(),
    )


def outcome(point: Point, latency: int, estimated: int | None = None, **others: Any) -> Outcome:
    """A point with results."""
    return Outcome(
        point,
        metrics=metrics(latency, **others),
        estimated_cycles=latency if estimated is None else estimated,
        least_cells=LEAST_CELLS,
        partial_sums={"conv": 600, "fc": 150},
        path=path(latency) if point.is_compared else None,
        seconds={"compile": 1.0, "simulate": 0.5},
    )


def plan(networks: str, strategies: str, parts: tuple[str, ...] = PARTS) -> Plan:
    """A plan for the preset `tiny`; networks and strategies with spaces between them."""
    names = tuple(networks.split())
    setting = Setting(load_accelerator("tiny"), ImportOptions(), "fast")
    return Plan(setting, names, tuple(strategies.split()), parts, names[:1])


def study(made: Plan, *known: Outcome, latency: int = 1000) -> Study:
    """A study with the given outcomes, and the same made-up one at all other points."""
    outcomes = {
        point: outcome(point, latency) for points in made.points().values() for point in points
    }
    outcomes |= {one.point: one for one in known}
    return Study(made, "spatem-bench study", outcomes)
