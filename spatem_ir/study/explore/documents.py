"""What an exploration found: the front as a table, all points as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from spatem_ir.runtime.metrics.register import all_metrics
from spatem_ir.study.explore.exploration import scores_of
from spatem_ir.study.explore.space_file import SHARES
from spatem_ir.study.markdown import MISSING, table

if TYPE_CHECKING:
    from spatem_ir.study.explore.axes import SpacePoint
    from spatem_ir.study.explore.exploration import Explored, ExploredPoint

FIRST = ("point", "on the front", "failure", "doubt", "pipeline")
"""The columns of the CSV before the axes and metrics."""


def metric_names(exploration: Explored) -> list[str]:
    """The names of what is measured of each point."""
    metrics = [name for name, each in all_metrics().items() if each.scalar]
    return metrics + [name for name in SHARES if exploration.space.values is not None]


def csv_of(exploration: Explored) -> str:
    """All points as a table with comma-separated values; what there is not is left empty.

    The same for the same space and code, however many workers there were.
    """
    text, front = io.StringIO(), set(exploration.front)
    axes = [axis.name for axis in exploration.space.axes]
    names = metric_names(exploration)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*FIRST, *axes, *names])
    for number, explored in enumerate(exploration.points):
        metrics = explored.finding.metrics
        writer.writerow(
            [
                number,
                "yes" if number in front else "no",
                explored.finding.failure or "",
                "; ".join(explored.doubts),
                metrics.get("pipeline", ""),
                *(explored.point.get(name, "") for name in axes),
                *(metrics.get(name, "") for name in names),
            ]
        )
    return text.getvalue()


def dict_of(exploration: Explored) -> dict[str, Any]:
    """All points as a dictionary for JSON."""
    space, front = exploration.space, set(exploration.front)
    return {
        "space": space.file.name,
        "method": str(space.choosing),
        "seed": space.seed,
        "objectives": {goal.metric: goal.direction for goal in space.goals},
        "front": sorted(front),
        "points": [
            {
                "point": dict(explored.point),
                "on_the_front": number in front,
                "failure": explored.finding.failure,
                "doubts": list(explored.doubts),
                "metrics": dict(explored.finding.metrics),
            }
            for number, explored in enumerate(exploration.points)
        ],
    }


def json_of(exploration: Explored) -> str:
    """All points as JSON."""
    return json.dumps(dict_of(exploration), indent=2) + "\n"


def front_table(exploration: Explored) -> str:
    """The front in Markdown, best in the first objective first; with axes of several values."""
    space = exploration.space
    axes = free_axes(exploration)
    header = ["point", *axes, *(goal_label(exploration, goal.metric) for goal in space.goals)]
    rows = []
    for number in front_in_order(exploration):
        explored = exploration.points[number]
        rows.append(
            [str(number), *axis_texts(explored.point, axes), *goal_texts(exploration, explored)]
        )
    return table(header, rows, texts=1 + len(axes))


def free_axes(exploration: Explored) -> list[str]:
    """The axes that have several values of their own."""
    return [axis.name for axis in exploration.space.axes if len(axis.values) > 1]


def axis_texts(point: SpacePoint, axes: list[str]) -> list[str]:
    """The values of a point on some axes."""
    return [str(point.get(name, MISSING)) for name in axes]


def goal_label(exploration: Explored, name: str) -> str:
    """What an objective's column is called: with its unit, and an arrow to what is better."""
    metrics = all_metrics()
    unit = f", {metrics[name].unit}" if name in metrics and metrics[name].unit else ""
    better = next(goal.is_maximised for goal in exploration.space.goals if goal.metric == name)
    return f"{name}{unit} {'↑' if better else '↓'}"


def goal_texts(exploration: Explored, explored: ExploredPoint) -> list[str]:
    """The values of all objectives at a point."""
    values = [explored.finding.metrics.get(goal.metric) for goal in exploration.space.goals]
    return [MISSING if value is None else _number(value) for value in values]


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def front_in_order(exploration: Explored) -> list[int]:
    """The points of the front, the best in the first objective first."""

    def score(number: int) -> tuple[float, ...]:
        scores = scores_of(exploration.space, exploration.points[number].finding) or ()
        goals = exploration.space.goals
        return tuple(-s if goal.is_maximised else s for s, goal in zip(scores, goals, strict=True))

    return sorted(exploration.front, key=lambda number: (score(number), number))


def summary(exploration: Explored) -> str:
    """How many points there are, how many have no results, and the commonest reason."""
    failures: dict[str, int] = {}
    for explored in exploration.points:
        if explored.finding.failure is not None:
            reason = explored.finding.failure
            failures[reason] = failures.get(reason, 0) + 1
    total, failed = len(exploration.points), sum(failures.values())
    text = f"{total:,} points, {len(exploration.front):,} on the front"
    if failed:
        commonest = max(failures, key=lambda reason: failures[reason])
        text += f", {failed:,} without results ({failures[commonest]:,}: {commonest})"
    return text


def page_of(exploration: Explored) -> str:
    """What is printed: the summary and the front, in Markdown."""
    return f"{summary(exploration)}\n\n{front_table(exploration)}\n"
