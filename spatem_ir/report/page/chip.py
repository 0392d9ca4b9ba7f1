"""The chip: PEs as a heat map with links by load, a PE's crossbars, a crossbar's tiles."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from bokeh.models import (
    ColorBar,
    ColumnDataSource,
    HoverTool,
    LinearColorMapper,
    NumeralTickFormatter,
    Range1d,
    TapTool,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from spatem_ir.report.page.drawn import Drawn
from spatem_ir.report.page.palette import CATEGORIES, SELECTED, SHADES, category

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

COMPRESSION = 9
"""Of zlib: the best."""

WIDEST_LINK = 7
"""Pixels of a link that is always busy."""


class Shade(NamedTuple):
    """A figure of each PE that can shade the chip: what it is called and means, and its unit."""

    key: str
    label: str
    unit: str
    definition: str
    values: NDArray[Any]


def shades_of(drawn: Drawn) -> list[Shade]:
    """All that can shade the chip."""
    buffer = drawn.accelerator.components.memory.buffer_bytes
    return [
        Shade(
            "busy",
            "busy share",
            "%",
            "The share of the time in which crossbars of the PE work, on average over all of them",
            100 * drawn.busy_by_pe,
        ),
        Shade(
            "cells",
            "cells used",
            "cells",
            "Cells of the PE that are programmed with weights",
            drawn.by_pe(drawn.cells_by_crossbar),
        ),
        Shade(
            "peak",
            "buffer peak",
            "bytes",
            f"The most bytes that the PE's buffer holds at a time (R10), of {buffer:,}",
            drawn.peak_by_pe,
        ),
        Shade(
            "energy",
            "energy",
            "nJ",
            " ".join((type(drawn).energy_by_pe.__doc__ or "").split()),
            drawn.energy_by_pe,
        ),
    ]


def chip_figure(drawn: Drawn, shades: list[Shade]) -> Figure:
    """All PEs, shaded by the first figure, and all links, as thick as they are busy."""
    interconnect, pes = drawn.accelerator.components.interconnect, drawn.accelerator.pes
    places = np.array([interconnect.place(pe) for pe in range(pes)])
    lines = [interconnect.line(link) for link in range(interconnect.links)]
    loads = drawn.load_of_links
    shown = [link for link, line in enumerate(lines) if line is not None and loads[link] > 0]
    ends = np.array([lines[link] for link in shown]).reshape(-1, 4)
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
    mapper = LinearColorMapper(SHADES, low=0, high=_most(shades[0].values), name="shade")
    squares = found.rect(
        "x",
        "y",
        width=0.86,
        height=0.86,
        source=source,
        fill_color={"field": "shown", "transform": mapper},
        line_color=None,
        **SELECTED,
    )
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
                "width": 0.5 + WIDEST_LINK * loads[shown],
                "name": [interconnect.link_name(link) for link in shown],
                "load": 100 * loads[shown],
            }
        ),
    )
    tooltips = [("PE", "@pe"), *((s.label, f"@{s.key}{{0,0.[00]}} {s.unit}") for s in shades)]
    found.add_tools(
        HoverTool(renderers=[squares], tooltips=tooltips),
        HoverTool(renderers=[links], tooltips=[("link", "@name"), ("busy", "@load{0.0} %")]),
        TapTool(renderers=[squares]),
    )
    found.add_layout(color_bar(mapper), "right")
    return found


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
    mapper = LinearColorMapper(SHADES, low=0, high=_most(100 * drawn.busy_by_crossbar))
    source = ColumnDataSource(
        {name: [] for name in ("x", "y", "crossbar", "busy", "cells", "tiles")}, name="crossbars"
    )
    squares = found.rect(
        "x",
        "y",
        width=0.9,
        height=0.9,
        source=source,
        fill_color={"field": "busy", "transform": mapper},
        line_color="#808080",
        **SELECTED,
    )
    found.add_tools(
        HoverTool(
            renderers=[squares],
            tooltips=[
                ("crossbar", "@crossbar{0,0}"),
                ("busy", "@busy{0.0} %"),
                ("cells", "@cells{0,0}"),
                ("tiles", "@tiles{0,0}"),
            ],
        ),
        TapTool(renderers=[squares]),
    )
    found.add_layout(color_bar(mapper), "right")
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
    columns = ("left", "right", "top", "bottom", "x", "y", "tile", "name", "color", "label")
    source = ColumnDataSource({name: [] for name in columns}, name="tiles")
    tiles = found.quad(
        "left", "right", "top", "bottom", source=source, fill_color="color", fill_alpha=0.75,
        line_color="#404040",
    )  # fmt: skip
    found.text(
        "x",
        "y",
        text="label",
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


def chip_data(drawn: Drawn) -> dict[str, Any]:
    """What the page shows of PEs and crossbars that are chosen, packed."""
    layers, columns = [], {name: [] for name in ("layer", "tile", "crossbar", *EXTENTS)}
    for number, (name, placed) in enumerate(drawn.placements.items()):
        node = drawn.dataflow.by_name[name]
        layer, grid = node.partitioned
        rows, cells = placed.extents(layer, grid, drawn.accelerator)
        layers.append({"name": name, "color": category(number)})
        values = placed.tiles, placed.crossbars, placed.rows, placed.columns, rows, cells
        columns["layer"].append(np.full(len(placed.tiles), number))
        for key, column in zip(("tile", "crossbar", *EXTENTS), values, strict=True):
            columns[key].append(column)
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    order = np.argsort(joined["crossbar"], kind="stable")
    return {
        "layers": layers,
        "crossbarsPerCu": drawn.accelerator.crossbars_per_cu,
        "cusPerPe": drawn.accelerator.cus_per_pe,
        "busy": packed(np.round(100 * drawn.busy_by_crossbar, 2).astype("<f4")),
        "cells": packed(drawn.cells_by_crossbar),
        "tiles": {name: packed(column[order]) for name, column in joined.items()},
    }


EXTENTS = ("row", "column", "height", "width")
"""Where a tile is in its crossbar, in cells."""


def packed(values: NDArray[Any]) -> dict[str, str]:
    """Numbers for the page's script: their type, and their bytes, compressed, as base64."""
    if values.dtype.kind != "f":
        values = values.astype("<i4" if int(values.max(initial=0)) >= 1 << 15 else "<i2")
    kinds = {"f4": "Float32Array", "i4": "Int32Array", "i2": "Int16Array"}
    text = base64.b64encode(zlib.compress(values.tobytes(), COMPRESSION)).decode()
    return {"type": kinds[values.dtype.str[1:]], "data": text}


def color_bar(mapper: LinearColorMapper) -> ColorBar:
    """What the colours of a heat map stand for."""
    return ColorBar(color_mapper=mapper, width=8, formatter=NumeralTickFormatter(format="0,0.[00]"))


def without_axes(found: Figure) -> None:
    """A drawing whose coordinates mean nothing."""
    found.axis.visible = False
    found.grid.visible = False
    found.toolbar.logo = None


def _most(values: NDArray[Any]) -> float:
    return float(values.max(initial=0)) or 1.0
