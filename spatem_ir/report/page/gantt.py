"""What works when: activity over time, layers with the critical path, the busiest resources."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    LinearColorMapper,
    NumeralTickFormatter,
    PanTool,
    Range1d,
    ResetTool,
    Span,
    WheelZoomTool,
)
from bokeh.plotting import figure

from spatem_ir.report.critical_path import LABELS
from spatem_ir.report.names import shortened
from spatem_ir.report.page.drawn import BUSIEST, Drawn, busiest
from spatem_ir.report.page.palette import INK, PARTS, SHADES, category
from spatem_ir.runtime.critical_path import PathPart, Segment
from spatem_ir.runtime.machine.log import KINDS
from spatem_ir.runtime.machine.steps import ResourceKind

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

    from spatem_ir.report.page.drawn import Ints

ROW = 22
"""Pixels of a row."""

LABEL, LEFT = 24, 190
"""Characters of a row's name, and pixels left of the time, the same in all figures."""

INVISIBLE = "rgba(0, 0, 0, 0)"
"""The colour of nothing."""

STEPS = 4000
"""Parts of the time that the critical path is drawn in: what is shorter is not told apart."""

VISIBLE_TURNS = 300
"""Turns of the critical path whose line is drawn dark; more of them would hide what is below."""

MOST_BARS = 800
"""Bars of a row."""

SHOWN = {
    ResourceKind.CROSSBAR: "solid",
    ResourceKind.PORT: "dashed",
    ResourceKind.LINK: "dotted",
    ResourceKind.WRITE: "dashdot",
}
"""The kinds of resources whose activity is drawn, and the dashes of their lines."""


def time_range(drawn: Drawn) -> Range1d:
    """The time that all figures show together."""
    return Range1d(start=0, end=drawn.execution.ended, bounds=(0, drawn.execution.ended))


def time_figure(drawn: Drawn, times: Range1d, rows: int, **options: Any) -> Figure:
    """A figure over time, in which the wheel zooms; lines where stages begin, but the first."""
    wheel = WheelZoomTool(dimensions="width")
    found = figure(
        x_range=times,
        height=rows * ROW + 80,
        min_border_left=LEFT,
        min_border_right=24,
        sizing_mode="stretch_width",
        tools=[wheel, PanTool(dimensions="width"), BoxZoomTool(dimensions="width"), ResetTool()],
        active_scroll=wheel,
        toolbar_location="above",
        x_axis_label="cycle",
        **options,
    )
    found.xaxis.formatter = NumeralTickFormatter(format="0,0")
    found.toolbar.logo = None
    for stage in drawn.stages[1:]:
        line = Span(location=stage.begins, dimension="height", line_dash="dashed", **INK)
        found.add_layout(line)
    return found


def activity_figure(drawn: Drawn, times: Range1d) -> Figure:
    """Which share of the resources of a kind, of those that are used, is busy when."""
    found = time_figure(drawn, times, 8, name="activity", y_axis_label="busy")
    activity, width = drawn.activity_of_kinds, drawn.bin_cycles
    edges = np.arange(activity.shape[1]) * float(width)
    for number, (kind, dash) in enumerate(SHOWN.items()):
        used = int((drawn.worked(kind) > 0).sum())
        if used:
            found.step(
                edges,
                (activity[KINDS.index(kind)] / (width * used)).astype(np.float32),
                mode="after",
                line_color=category(number),
                line_dash=dash,
                line_width=1.5,
                legend_label=f"{kind.value} ({used:,} used)",
            )
    found.yaxis.formatter = NumeralTickFormatter(format="0 %")
    legend_beside(found, "above")
    return found


def layers_figure(drawn: Drawn, times: Range1d) -> Figure:
    """A row for each node: how much works for it when, and the critical path."""
    width, count = drawn.bin_cycles, len(drawn.nodes)
    busy = drawn.activity / width
    found = time_figure(
        drawn,
        times,
        count,
        name="layers",
        y_range=Range1d(start=count - 0.5, end=-0.5),
        y_axis_label=None,
    )
    label_rows(found, drawn.names)
    most = busy.max(axis=1, keepdims=True)
    shown = np.where(busy > 0, 1 + 254 * busy / np.maximum(most, 1e-9), 0)
    mapper = LinearColorMapper(SHADES, low=1, high=255, low_color=INVISIBLE)
    shading: dict[str, Any] = {
        "image": [np.ceil(shown).astype(np.uint8)],
        "color_mapper": mapper,
    }
    found.image(
        x=0,
        y=-0.5,
        dw=busy.shape[1] * width,
        dh=count,
        **shading,
    )
    path = [*shown_path(drawn)]
    source = ColumnDataSource(
        {
            "left": np.array([part.start for part in path], np.int64).astype(float),
            "right": np.array([part.stop for part in path], np.int64).astype(float),
            "y": np.array([part.node for part in path], np.int32),
            "name": [drawn.names[part.node] for part in path],
            "part": [LABELS[part.part] for part in path],
            "color": [PARTS[part.part] for part in path],
        }
    )
    ends = np.stack([source.data["left"], source.data["right"]], axis=1).reshape(-1)
    alpha = min(0.7, VISIBLE_TURNS / len(path))
    found.line(ends, np.repeat(source.data["y"], 2), line_width=1, **INK, line_alpha=alpha)
    bars = found.hbar(
        y="y",
        left="left",
        right="right",
        height=0.4,
        fill_color="color",
        line_color="color",
        legend_group="part",
        source=source,
    )
    found.add_tools(
        HoverTool(
            renderers=[bars],
            tooltips=[("critical path", "@part, for @name"), ("cycles", "@left{0,0}–@right{0,0}")],
        )
    )
    legend_beside(found, "below")
    return found


class PathBar(NamedTuple):
    """A stretch of the critical path: what takes most of it, for which node."""

    start: int
    stop: int
    node: int
    part: PathPart


def shown_path(drawn: Drawn) -> Iterator[PathBar]:
    """The critical path in steps, each what takes most of it; equal neighbours are one."""
    width = -(-drawn.path.cycles // STEPS)
    steps: list[tuple[int, Segment]] = []
    for step, several in groupby(drawn.path.segments, key=lambda segment: segment.start // width):
        steps.append((step, max(several, key=lambda segment: segment.cycles)))
    for (node, part), equal in groupby(steps, key=lambda step: (step[1].node, step[1].part)):
        run = [segment for _, segment in equal]
        yield PathBar(run[0].start, run[-1].start + run[-1].cycles, node, part)


def resources_figure(drawn: Drawn, times: Range1d) -> Figure:
    """A row for each of the busiest crossbars, ports and so on: for which nodes they work when."""
    rows = [
        (kind, number)
        for kind, count in BUSIEST.items()
        for number in busiest(drawn.worked(kind), count).tolist()
    ]
    found = time_figure(
        drawn, times, len(rows), name="resources", y_range=Range1d(start=len(rows) - 0.5, end=-0.5)
    )
    label_rows(found, [resource_name(drawn, *row) for row in rows])
    columns: dict[str, list[Ints]] = {"left": [], "right": [], "node": [], "y": []}
    names: list[str] = []
    for y, (kind, number) in enumerate(rows):
        merged = merged_bars(*drawn.work_of(kind, number))
        for name, column in zip(columns, (*merged, np.full(len(merged[0]), y)), strict=True):
            columns[name].append(column)
        writes = kind is ResourceKind.WRITE
        names += [f"stage {n}" if writes else drawn.names[n] for n in merged[2].tolist()]
    joined = {name: np.concatenate(parts).astype(np.int32) for name, parts in columns.items()}
    source = ColumnDataSource(
        {
            **joined,
            "name": names,
            "color": [category(node) for node in joined["node"].tolist()],
        }
    )
    bars = found.hbar(
        y="y", left="left", right="right", height=0.8, fill_color="color", line_color=None,
        source=source,
    )  # fmt: skip
    found.add_tools(
        HoverTool(
            renderers=[bars], tooltips=[("for", "@name"), ("cycles", "@left{0,0}–@right{0,0}")]
        )
    )
    return found


def merged_bars(starts: Ints, ends: Ints, nodes: Ints) -> tuple[Ints, Ints, Ints]:
    """Stretches of work for a node, at most :data:`MOST_BARS`.

    If there are more, those for the same node that are near to each other are one; if there are
    more still, of each part of the time the longest one is drawn.
    """
    if len(starts) <= MOST_BARS:
        return starts, ends, nodes
    part = -(-int(ends.max()) // MOST_BARS)
    joins = (nodes[1:] == nodes[:-1]) & (starts[1:] - ends[:-1] <= part // 2)
    first = np.flatnonzero(np.append(True, ~joins))
    ends, starts, nodes = ends[np.append(first[1:], len(starts)) - 1], starts[first], nodes[first]
    if len(starts) <= MOST_BARS:
        return starts, ends, nodes
    order = np.lexsort((starts - ends, starts // part))
    _, longest = np.unique(starts[order] // part, return_index=True)
    kept = order[longest]
    return starts[kept], ends[kept], nodes[kept]


def resource_name(drawn: Drawn, kind: ResourceKind, number: int) -> str:
    """What a resource is called."""
    if kind is ResourceKind.CROSSBAR:
        return f"crossbar {number}"
    if kind is ResourceKind.WRITE:
        return f"drivers of crossbar {number}"
    if kind is ResourceKind.LINK:
        return drawn.accelerator.components.interconnect.link_name(number)
    return f"port of PE {number}"


def legend_beside(found: Figure, place: Literal["above", "below"]) -> None:
    """Put the legend in a line above or below a figure."""
    (legend,) = found.legend
    legend.orientation, legend.spacing = "horizontal", 14
    found.add_layout(legend, place)


def label_rows(found: Figure, names: list[str]) -> None:
    """Names for rows 0, 1, …."""
    short = shortened(names, LABEL)
    found.yaxis.ticker = FixedTicker(ticks=[*range(len(names))])
    found.yaxis.major_label_overrides = dict(enumerate(short))
    found.ygrid.visible = False
