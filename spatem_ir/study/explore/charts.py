"""The page of an exploration: every pair of objectives as a chart, linked, in one HTML file."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal, cast

from bokeh.embed import file_html
from bokeh.layouts import column, gridplot
from bokeh.models import ColumnDataSource, DataTable, Div, HoverTool, TableColumn
from bokeh.plotting import figure
from bokeh.resources import INLINE

from spatem_ir.study.explore.documents import (
    axis_texts,
    free_axes,
    front_in_order,
    goal_label,
    goal_texts,
    summary,
)

if TYPE_CHECKING:
    from bokeh.models import UIElement

    from spatem_ir.study.explore.exploration import Explored

OTHERS, FRONT = "#0072b2", "#d55e00"
"""Okabe and Ito's blue and vermilion, which people with any colour vision can tell apart."""

SIDE, TABLE_WIDTH, TABLE_HEIGHT = 360, 1080, 400
"""Sizes in pixels."""

LARGE_FACTOR = 20
"""Between the smallest and the largest value; beyond it an axis is logarithmic."""

TOOLS = "pan,wheel_zoom,box_zoom,box_select,tap,reset,save"


def page_html(exploration: Explored) -> str:
    """One HTML file that needs nothing else: a chart for each pair of objectives, and the front.

    Points that are selected in one chart are selected in all.
    """
    source = source_of(exploration)
    goals = [goal.metric for goal in exploration.space.goals]
    pairs = list(combinations(goals, 2)) or [(goals[0], goals[0])]
    charts: list[UIElement | None] = [chart(exploration, source, x, y) for x, y in pairs]
    title = f"Design space {exploration.space.file.name}"
    page = column(
        Div(text=f"<h1>{title}</h1><p>{escaped(summary(exploration))}.</p>"),
        gridplot(charts, ncols=min(3, len(charts)), merge_tools=True),
        Div(text="<h2>The front</h2>"),
        front_rows(exploration),
    )
    return file_html(page, INLINE, title)


def escaped(text: str) -> str:
    """Text as it stands in HTML."""
    from html import escape

    return escape(text)


def source_of(exploration: Explored) -> ColumnDataSource:
    """All points with results, those of the front last, so that they are drawn on top."""
    front = set(exploration.front)
    measured = [n for n, each in enumerate(exploration.points) if not each.finding.failure]
    numbers = sorted(measured, key=lambda number: (number in front, number))
    points = [exploration.points[number] for number in numbers]
    data: dict[str, Any] = {
        "point": numbers,
        "colour": [FRONT if number in front else OTHERS for number in numbers],
        "size": [9 if number in front else 5 for number in numbers],
    }
    for axis in free_axes(exploration):
        data[axis] = [str(each.point.get(axis, "–")) for each in points]
    for goal in exploration.space.goals:
        data[goal.metric] = [each.finding.metrics.get(goal.metric) for each in points]
    return ColumnDataSource(data)


def chart(exploration: Explored, source: ColumnDataSource, x: str, y: str) -> figure:
    """One pair of objectives; hovering a point says which it is."""
    drawn = figure(
        width=SIDE,
        height=SIDE,
        tools=TOOLS,
        x_axis_type=scale_of(source, x),
        y_axis_type=scale_of(source, y),
    )
    drawn.xaxis.axis_label, drawn.yaxis.axis_label = (goal_label(exploration, n) for n in (x, y))
    drawn.scatter(x, y, source=source, color="colour", size="size", alpha=0.7)
    shown = ["point", *free_axes(exploration), *(goal.metric for goal in exploration.space.goals)]
    drawn.add_tools(HoverTool(tooltips=[(name, f"@{{{name}}}") for name in shown]))
    return drawn


def scale_of(source: ColumnDataSource, name: str) -> Literal["log", "linear"]:
    """Whether an axis is linear, or logarithmic since its values differ by a large factor."""
    values = cast("list[float]", source.data[name])
    low, high = min(values, default=0), max(values, default=0)
    return "log" if low > 0 and high > LARGE_FACTOR * low else "linear"


def front_rows(exploration: Explored) -> DataTable:
    """The front as a table that can be sorted."""
    axes, numbers = free_axes(exploration), front_in_order(exploration)
    points = [exploration.points[number] for number in numbers]
    rows = [[*axis_texts(each.point, axes), *goal_texts(exploration, each)] for each in points]
    names = [*axes, *(goal.metric for goal in exploration.space.goals)]
    titles = [*axes, *(goal_label(exploration, goal.metric) for goal in exploration.space.goals)]
    data: dict[str, Any] = {name: [row[n] for row in rows] for n, name in enumerate(names)}
    columns = [
        TableColumn(field=name, title=title) for name, title in zip(names, titles, strict=True)
    ]
    columns.insert(0, TableColumn(field="point", title="point"))
    return DataTable(
        source=ColumnDataSource({"point": numbers, **data}),
        columns=columns,
        width=TABLE_WIDTH,
        height=TABLE_HEIGHT,
        index_position=None,
    )
