"""What energy, area and traffic consist of, as bars, beside those of another run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bokeh.models import (
    ColumnDataSource,
    DataRange1d,
    FactorRange,
    HoverTool,
    NumeralTickFormatter,
)
from bokeh.plotting import figure
from bokeh.transform import dodge

from spatem_ir.report.page.drawn import Drawn
from spatem_ir.report.page.palette import HATCHED, NO_LINE, category

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

TRAFFIC = ("input_bytes", "activation_bytes", "partial_sum_bytes", "call_bytes", "io_bytes")
"""The parts of the communication."""


def split_figures(drawn: Drawn, other: Mapping[str, Any] | None) -> dict[str, Figure]:
    """The parts of energy, traffic and area."""
    values = drawn.metrics.values
    against = other or {}
    traffic = {name.removesuffix("_bytes"): values[name] for name in TRAFFIC}
    theirs = {name.removesuffix("_bytes"): against.get(name) for name in TRAFFIC}
    parts = "energy_parts_nj", "area_parts_mm2"
    energy, area = ((values[name], against.get(name) or {}) for name in parts)
    return {
        "energy": bars("energy", "nJ", *energy),
        "traffic": bars("traffic", "bytes", traffic, theirs if other else {}),
        "area": bars("area", "mm²", *area),
    }


def bars(
    name: str, unit: str, values: Mapping[str, float | None], theirs: Mapping[str, float | None]
) -> Figure:
    """A bar for each part, from the largest down; a hatched one of the other run below it."""
    sizes = {key: (values.get(key) or 0, theirs.get(key) or 0) for key in {*values, *theirs}}
    order = sorted((key for key in sizes if any(sizes[key])), key=lambda key: (sizes[key], key))
    labels = [key.replace("_", " ") for key in order]
    found = figure(
        name=name,
        title=f"{name}, {unit}",
        x_range=DataRange1d(start=0),
        y_range=FactorRange(factors=labels),
        height=70 + len(order) * (34 if theirs else 22),
        sizing_mode="stretch_width",
        tools="",
        toolbar_location=None,
    )
    series: list[tuple[str, Mapping[str, float | None], float, str | None]]
    series = [("this run", values, 0.2 if theirs else 0.0, None)]
    if theirs:
        series.append(("other run", theirs, -0.2, HATCHED))
    for number, (label, own, offset, hatch) in enumerate(series):
        source = ColumnDataSource(
            {"part": labels, "value": [float(own.get(key) or 0) for key in order]}
        )
        named: dict[str, Any] = {"legend_label": label} if theirs else {}
        drawn = found.hbar(
            dodge("part", offset, range=found.y_range) if theirs else "part",
            right="value",
            height=0.36 if theirs else 0.7,
            fill_color=category(number),
            hatch_pattern=hatch,
            hatch_color="#ffffff",
            **NO_LINE,
            **named,
            source=source,
        )
        tooltips = [(label, f"@value{{0,0.[000]}} {unit}"), ("part", "@part")]
        found.add_tools(HoverTool(renderers=[drawn], tooltips=tooltips))
    found.xaxis.formatter = NumeralTickFormatter(format="0,0.[00]")
    if theirs:
        found.legend.location = "bottom_right"
    return found
