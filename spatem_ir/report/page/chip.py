"""The chip: PEs as a heat map with links by load, a PE's crossbars, a crossbar's tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from spatem_ir.report.page.drawn import Drawn
from spatem_ir.report.page.palette import CATEGORIES
from spatem_ir.report.page.shaded import shaded_rectangles, without_axes
from spatem_ir.report.page.stretches import Stretch

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

WIDEST_LINK = 7
"""Pixels of a link that is always busy."""


class Shade(NamedTuple):
    """A figure of each PE that can shade the chip: what it is called and means, and its unit."""

    key: str
    label: str
    unit: str
    definition: str
    values: NDArray[Any]


def shades_of(stretch: Stretch) -> list[Shade]:
    """All that can shade the chip."""
    buffer = stretch.accelerator.components.memory.buffer_bytes
    return [
        Shade(
            "busy",
            "busy share",
            "%",
            "The share of the time in which crossbars of the PE work, on average over all of them",
            100 * stretch.busy_by_pe,
        ),
        Shade(
            "cells",
            "cells used",
            "cells",
            "Cells of the PE that are programmed with weights",
            stretch.by_pe(stretch.cells_by_crossbar),
        ),
        Shade(
            "peak",
            "buffer peak",
            "bytes",
            f"The most bytes that the PE's buffer holds at a time (R10), of {buffer:,}",
            stretch.peak_by_pe,
        ),
        Shade(
            "energy",
            "energy",
            "nJ",
            " ".join((type(stretch).energy_by_pe.__doc__ or "").split()),
            stretch.energy_by_pe,
        ),
    ]


def chip_figure(drawn: Drawn) -> Figure:
    """All PEs, shaded by the first figure, and all links, as thick as they are busy."""
    interconnect, pes = drawn.accelerator.components.interconnect, drawn.accelerator.pes
    places = np.array([interconnect.place(pe) for pe in range(pes)])
    whole = drawn.stretches[0]
    shades, shown, loads = shades_of(whole), shown_links(drawn), whole.load_of_links
    ends = np.array([interconnect.line(link) for link in shown]).reshape(-1, 4)
    right = max(places[:, 0].max(), ends[:, 2].max(initial=0)) + 0.6
    bottom = max(places[:, 1].max(), ends[:, 3].max(initial=0)) + 0.6
    found = figure(
        name="chip",
        x_range=Range1d(start=-0.6, end=right),
        y_range=Range1d(start=bottom, end=-0.6),
        match_aspect=True,
        aspect_ratio=float((right + 0.6) / (bottom + 0.6)) if right < 4 * bottom else None,
        sizing_mode="scale_width" if right < 4 * bottom else "stretch_width",
        min_height=220,
        tools="pan,wheel_zoom,box_zoom,reset",
        toolbar_location="above",
    )
    without_axes(found)
    source = ColumnDataSource(
        {
            "pe": np.arange(pes, dtype=np.int32),
            "x": places[:, 0].astype(float),
            "y": places[:, 1].astype(float),
            "shown": np.asarray(shades[0].values, float),
            **{shade.key: np.asarray(shade.values, float) for shade in shades},
        },
        name="pes",
    )
    tooltips = [("PE", "@pe"), *((s.label, f"@{s.key}{{0,0.[00]}} {s.unit}") for s in shades)]
    most = most_of(shades[0].values)
    mapper = shaded_rectangles(found, source, "shown", most, tooltips, width=0.86, height=0.86)
    mapper.name = "shade"
    links = found.segment(
        "x0",
        "y0",
        "x1",
        "y1",
        line_width="width",
        line_color=CATEGORIES[5],
        line_alpha=0.85,
        source=ColumnDataSource(
            {
                **dict(zip(("x0", "y0", "x1", "y1"), ends.T, strict=True)),
                "width": widths(loads[shown]),
                "name": [interconnect.link_name(link) for link in shown],
                "load": 100 * loads[shown],
            },
            name="links",
        ),
    )
    tooltips = [("link", "@name"), ("busy", "@load{0.0} %")]
    found.add_tools(HoverTool(renderers=[links], tooltips=tooltips))
    return found


def shown_links(drawn: Drawn) -> list[int]:
    """The links that are drawn: those that are ever busy."""
    interconnect = drawn.accelerator.components.interconnect
    busy = np.flatnonzero(drawn.stretches[0].load_of_links)
    return [link for link in busy.tolist() if interconnect.line(link) is not None]


def widths(loads: NDArray[np.float64]) -> NDArray[np.float64]:
    """How thick links are drawn that are busy such shares of the time: pixels."""
    return np.where(loads > 0, 0.5 + WIDEST_LINK * loads, 0)


def pe_figure(drawn: Drawn) -> Figure:
    """The crossbars of one PE, CU by CU, shaded by how busy they are; filled by the page."""
    cus, crossbars = drawn.accelerator.cus_per_pe, drawn.accelerator.crossbars_per_cu
    found = figure(
        name="pe",
        title="crossbars of a PE",
        x_range=Range1d(start=-0.6, end=crossbars - 0.4),
        y_range=Range1d(start=cus - 0.4, end=-0.6),
        height=min(110 + 22 * cus, 480),
        sizing_mode="stretch_width",
        tools="",
        toolbar_location=None,
        x_axis_label="crossbar of the CU",
        y_axis_label="CU",
    )
    for axis in (found.xaxis[0], found.yaxis[0]):
        axis.formatter = NumeralTickFormatter(format="0")
    found.grid.visible = False
    source = ColumnDataSource(
        {name: [] for name in ("x", "y", "crossbar", "busy", "cells", "tiles")}, name="crossbars"
    )
    most = max(most_of(100 * stretch.busy_by_crossbar) for stretch in drawn.stretches)
    tooltips = [
        ("crossbar", "@crossbar{0,0}"),
        ("busy", "@busy{0.0} %"),
        ("cells", "@cells{0,0}"),
        ("tiles", "@tiles{0,0}"),
    ]
    style = {"width": 0.9, "height": 0.9, "line_color": "#808080"}
    shaded_rectangles(found, source, "busy", most, tooltips, **style)
    return found


def crossbar_figure(drawn: Drawn) -> Figure:
    """The tiles of one crossbar where they are; filled by the page."""
    size = drawn.accelerator.crossbar
    found = figure(
        name="crossbar",
        title="tiles of a crossbar",
        x_range=Range1d(start=0, end=size.bitlines),
        y_range=Range1d(start=size.wordlines, end=0),
        height=400,
        sizing_mode="stretch_width",
        tools="pan,wheel_zoom,reset",
        toolbar_location="above",
        x_axis_label="bitline",
        y_axis_label="wordline",
    )
    found.toolbar.logo = None
    place, text = ("left", "right", "top", "bottom", "x", "y"), ("label", "angle")
    columns = (*place, "tile", "name", "color", *text)
    source = ColumnDataSource({name: [] for name in columns}, name="tiles")
    tiles = found.quad(
        "left", "right", "top", "bottom", source=source, fill_color="color", fill_alpha=0.75,
        line_color="#404040",
    )  # fmt: skip
    found.text(
        "x",
        "y",
        text="label",
        angle="angle",
        source=source,
        text_align="center",
        text_baseline="middle",
        text_font_size="11px",
        text_color="#000000",
    )
    found.add_tools(
        HoverTool(
            renderers=[tiles],
            tooltips=[
                ("layer", "@name"),
                ("tile", "@tile"),
                ("wordlines", "@top–@bottom"),
                ("bitlines", "@left–@right"),
            ],
        )
    )
    return found


def most_of(values: NDArray[Any]) -> float:
    """The end of a scale of shades: the largest value, or 1 if all are 0."""
    return float(values.max(initial=0)) or 1.0
