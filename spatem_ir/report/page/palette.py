"""Colours that people without colour vision, or with less of it, tell apart."""

from __future__ import annotations

from typing import Any

from bokeh.palettes import Cividis256

from spatem_ir.runtime.critical_path import PathPart

SHADES: Any = list(Cividis256)
"""From little to much: as good without colour vision, and ever brighter."""

CATEGORIES = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
    "#999999",
)
"""Okabe and Ito, *Color universal design* (2008); grey in place of black."""

PARTS = dict(zip(PathPart, (*CATEGORIES, "#882255"), strict=True))
"""The colour of each part of a critical path; that of writing is one of Tol's (2021)."""

SELECTED: dict[str, Any] = {
    "nonselection_fill_alpha": 1,
    "selection_line_color": CATEGORIES[5],
    "selection_line_width": 4,
}
"""How what was clicked differs from all others: by a frame."""

HATCHED = "right_diagonal_line"
"""How one of two series of bars differs without colour."""

NO_LINE: dict[str, Any] = {"line_color": None}
"""Bars without a frame."""

INK: dict[str, Any] = {"tags": ["ink"]}
"""What has the colour of text, which the page's script changes with its theme."""


def category(number: int) -> str:
    """The colour of a thing by its number; every eighth has the same."""
    return CATEGORIES[number % len(CATEGORIES)]
