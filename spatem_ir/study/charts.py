"""Charts that a study is drawn with: grouped and stacked bars, and how a figure becomes bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Series = Mapping[str, Sequence[float | None]]
"""Values by what they are called; None where there is none."""

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
"""Okabe and Ito's colours, which people with any colour vision can tell apart."""

STYLE: Any = {
    "svg.hashsalt": "spatem",  # names in the file do not depend on chance
    "font.family": "DejaVu Sans",  # ships with matplotlib
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "legend.frameon": False,
    "legend.fontsize": 8,
}
METADATA = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}
"""No dates or versions: the same study gives the same bytes."""

PNG_DPI = 160
BAR_GROUP_WIDTH = 0.8
"""Width of a group of bars; groups are 1 apart."""


def study_style() -> AbstractContextManager[None]:
    """The style in which figures are made and saved."""
    return matplotlib.rc_context({**matplotlib.rcParamsDefault, "backend": "agg", **STYLE})


def figure_with(columns: int = 1, rows: int = 1, width: float = 7, height: float = 3) -> Figure:
    """An empty figure, to be filled with `columns` × `rows` charts; inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.subplots(rows, columns, squeeze=False)
    return figure


def rendered(figure: Figure) -> dict[str, bytes]:
    """A figure's files by ending."""
    files = {}
    for ending, metadata in METADATA.items():
        file = io.BytesIO()
        figure.savefig(file, format=ending, dpi=PNG_DPI, metadata=metadata)
        files[ending] = file.getvalue()
    return files


def colour(number: int) -> str:
    """The colour of a series."""
    return COLOURS[number % len(COLOURS)]


def grouped_bars(axes: Axes, groups: Sequence[str], series: Series) -> None:
    """A group of bars for each name of `groups`, one bar for each series."""
    width = BAR_GROUP_WIDTH / max(len(series), 1)
    for number, (label, values) in enumerate(series.items()):
        offset = (number - (len(series) - 1) / 2) * width
        drawn = [(x + offset, value) for x, value in enumerate(values) if value is not None]
        bars = axes.bar(
            [x for x, _ in drawn],
            [value for _, value in drawn],
            width,
            label=label,
            color=colour(number),
        )
        axes.bar_label(bars, fmt=bar_text, padding=1.5, rotation=90, fontsize=6)
    axes.margins(y=0.15)
    name_groups(axes, groups)


def bar_text(value: float) -> str:
    """What stands over a bar: three digits, but no exponent."""
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def stacked_bars(axes: Axes, bars: Sequence[str], series: Series) -> None:
    """A bar for each name of `bars`, made of one part for each series."""
    bottoms = [0.0] * len(bars)
    for number, (label, values) in enumerate(series.items()):
        heights = [value or 0.0 for value in values]
        axes.bar(
            range(len(bars)),
            heights,
            BAR_GROUP_WIDTH,
            bottoms,
            label=label,
            color=colour(number),
        )
        bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
    name_groups(axes, bars, rotation=90)


def name_groups(axes: Axes, groups: Sequence[str], rotation: float = 0) -> None:
    """The names under the bars."""
    axes.set_xticks(range(len(groups)), groups, rotation=rotation)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.6, len(groups) - 0.4)


def legend_below(axes: Axes, columns: int) -> None:
    """A legend under a chart, in so many columns."""
    axes.figure.legend(  # type: ignore[union-attr]
        *axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns
    )
