"""Drawings that PEs, crossbars and networks have in common: shaded rectangles to be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bokeh.models import (
    ColorBar,
    ColumnDataSource,
    HoverTool,
    LinearColorMapper,
    NumeralTickFormatter,
    TapTool,
)

from spatem_ir.report.page.palette import SELECTED, SHADES

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure


def shaded_rectangles(
    found: Figure,
    source: ColumnDataSource,
    shade: str,
    most: float,
    tooltips: Sequence[tuple[str, str]],
    **options: Any,
) -> LinearColorMapper:
    """Draw rectangles at columns x and y that a click chooses; what shades them.

    The shade is that of a column from 0 to `most`; `options` are those of `rect`.
    """
    mapper = LinearColorMapper(SHADES, low=0, high=most)
    color = {"fill_color": {"field": shade, "transform": mapper}, "line_color": None}
    rectangles = found.rect("x", "y", source=source, **{**color, **SELECTED, **options})
    found.add_tools(
        HoverTool(renderers=[rectangles], tooltips=[*tooltips]), TapTool(renderers=[rectangles])
    )
    numbers = NumeralTickFormatter(format="0,0.[00]")
    found.add_layout(ColorBar(color_mapper=mapper, width=8, formatter=numbers), "right")
    return mapper


def without_axes(found: Figure) -> None:
    """Hide the coordinates of a drawing, which mean nothing."""
    found.axis.visible = False
    found.grid.visible = False
    found.toolbar.logo = None
