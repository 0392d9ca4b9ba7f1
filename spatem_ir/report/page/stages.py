"""When crossbars are written for the stages of a run, and when these compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bokeh.models import ColumnDataSource, HoverTool, Range1d

from spatem_ir.report.page.drawn import Drawn, span
from spatem_ir.report.page.gantt import label_rows, legend_beside, time_figure
from spatem_ir.report.page.palette import HATCHED, NO_LINE, category

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure


def stages_figure(drawn: Drawn, times: Range1d) -> Figure:
    """A row for each stage: when crossbars are written for it, and when it computes."""
    count = len(drawn.stages)
    rows = Range1d(start=count - 0.5, end=-0.5)
    found = time_figure(drawn, times, count + 2, name="stages", y_range=rows, y_axis_label=None)
    label_rows(found, [f"stage {stage.number}" for stage in drawn.stages])
    computing = [(stage.number, stage.begins, stage.ends, 0) for stage in drawn.stages]
    writing = []
    for stage in drawn.stages:
        if stage.writes:
            starts, ends = zip(*map(span, stage.writes), strict=True)
            writing.append((stage.number, min(starts), max(ends), len(starts)))
    add_bars(found, "computing", computing, fill_color=category(0))
    style = {"hatch_pattern": HATCHED, "hatch_color": "#ffffff"}
    add_bars(
        found, "writing", writing, ("crossbars", "@count{0,0}"), fill_color=category(1), **style
    )
    legend_beside(found, "above")
    return found


def add_bars(
    found: Figure,
    label: str,
    bars: list[tuple[int, int, int, int]],
    *tooltips: tuple[str, str],
    **style: Any,
) -> None:
    """Draw bars: the row of each, its first cycle, that after its last, and how many it is of."""
    columns = zip(*bars, strict=True) if bars else [[]] * 4
    source = ColumnDataSource(dict(zip(("y", "left", "right", "count"), columns, strict=True)))
    drawn = found.hbar(
        "y",
        left="left",
        right="right",
        height=0.7,
        legend_label=label,
        source=source,
        **{**NO_LINE, **style},
    )
    shown = [(label, "cycles @left{0,0}–@right{0,0}"), *tooltips]
    found.add_tools(HoverTool(renderers=[drawn], tooltips=shown))
