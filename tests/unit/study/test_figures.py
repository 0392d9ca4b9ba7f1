"""The figures, from made-up results: which there are, what they show, and that they repeat."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest
from unit.study.outcomes import outcome, plan, study

from spatem_ir.study.points import Outcome, Point

pytest.importorskip("matplotlib", exc_type=ImportError)

from spatem_ir.study.causes import PART_LABELS
from spatem_ir.study.charts import bar_text, figure_with, grouped_bars, stacked_bars, study_style
from spatem_ir.study.figures import figures_by_name, rendered_figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = {
    "latency",
    "parallelism",
    "communication",
    "utilisation",
    "lower-bound",
    "critical-path",
    "traffic",
    "estimate",
    "ablation",
    "sensitivity",
}
MADE = study(
    plan("a b", "spatem isaac hitm"),
    outcome(Point("a", "spatem"), latency=500, communication=252, cells=2000),
    outcome(Point("b", "spatem"), latency=250, communication=2000, cells=500),
    Outcome(Point("b", "hitm"), failure="the network does not fit"),
)


@cache
def figures() -> dict[str, Figure]:
    return figures_by_name(MADE)


def heights(name: str) -> list[list[float]]:
    """The heights of the bars of a figure, series by series."""
    axes = figures()[name].axes[0]
    return [[bar.get_height() for bar in series] for series in axes.containers]  # type: ignore[union-attr]


def test_files() -> None:
    made = study(plan("a", "spatem isaac", ("comparison", "ablation")))
    files = rendered_figures(made)
    names = NAMES - {"sensitivity"}
    assert set(files) == {f"{name}.{ending}" for name in names for ending in ("svg", "png")}
    for name, content in files.items():
        if name.endswith(".png"):
            assert content.startswith(b"\x89PNG\r\n")
            assert b"tEXt" not in content  # no dates, no versions
        else:
            assert ElementTree.fromstring(content).tag.endswith("svg")
            assert b"<dc:date>" not in content
            assert b"Matplotlib" not in content  # no versions


def test_the_same_study_gives_the_same_bytes() -> None:
    made = study(plan("a", "spatem isaac", ("comparison",)))
    assert rendered_figures(made) == rendered_figures(made)


def test_bars_are_relative_to_the_first_baseline_and_averaged() -> None:
    assert set(figures()) == NAMES
    assert heights("latency") == [[0.5, 0.25, 0.375], [1, 1, 1], [1, 1]]  # hitm: a and average
    assert heights("communication") == [[0.252, 2, 1.126], [1, 1, 1], [1, 1]]
    assert heights("parallelism") == [[2, 4, 3], [1, 1, 1], [1, 1]]
    assert heights("utilisation") == [[20, 5, 12.5], [4, 4, 4], [4, 4]]
    assert heights("lower-bound") == [[5, 2.5, 3.75], [10, 10, 10], [10, 10]]


def test_the_critical_path_is_stacked() -> None:
    parts = dict(zip(PART_LABELS.values(), heights("critical-path"), strict=True))
    assert parts["crossbars"] == pytest.approx([0.75] * 3 + [188 / 250] + [0.75] + [0])
    assert parts["links"] == pytest.approx([0.25] * 3 + [62 / 250] + [0.25] + [0])
    assert parts["adders"] == [0] * 6


def test_traffic_is_stacked() -> None:
    inputs, activations, partial_sums, port = heights("traffic")
    assert inputs == port == [0] * 6
    assert activations == [0.25] * 5 + [0]
    assert partial_sums == [0.75] * 5 + [0]


def test_estimate_and_sensitivity_and_ablation() -> None:
    scatter = figures()["estimate"].axes[0].collections
    drawn = [spot.get_offsets().data.tolist() for spot in scatter]  # type: ignore[union-attr]
    assert [spots for spots in drawn if spots] == [
        [[500, 500]],
        [[1000, 1000]],
        [[1000, 1000]],
        [[250, 250]],
        [[1000, 1000]],
    ]
    assert [bars[0].get_height() for bars in figures()["ablation"].axes[0].containers] == [
        1,
        2,
        2,
        2,
        2,
    ]  # type: ignore[index]
    charts = figures()["sensitivity"].axes
    assert [chart.get_title() for chart in charts] == [
        "link width",
        "adders of a CU, of a PE",
        "OU size",
        "ADC resolution",
        "PEs",
    ]
    assert [np.array(line.get_ydata()).tolist() for line in charts[0].lines] == [
        [2, 1, 2, 2],
        [1, 1, 1, 1],
    ]


def test_single_strategy_and_network() -> None:
    drawn = figures_by_name(study(plan("a", "spatem", ("comparison",))))
    assert [bar.get_height() for bar in drawn["latency"].axes[0].containers[0]] == [1]  # type: ignore[index]


def test_nothing_is_drawn_without_results() -> None:
    failed = Outcome(Point("a", "spatem"), failure="the network does not fit")
    made = study(plan("a", "spatem", ("comparison",)), failed)
    assert "estimate" not in figures_by_name(made)
    assert rendered_figures(made)["lower-bound.svg"]


def test_numbers_over_bars() -> None:
    assert [bar_text(value) for value in (0.02729, 0.53, 1, 142.6, 1460.05)] == [
        "0.0273",
        "0.53",
        "1",
        "143",
        "1,460",
    ]


def test_charts() -> None:
    with study_style():
        axes = figure_with(columns=2).axes
        grouped_bars(axes[0], ["x", "y"], {"a": [1, None], "b": [2, 3]})
        stacked_bars(axes[1], ["x", "y"], {"a": [1, None], "b": [2, 3]})
    starts = [bar.get_x() for series in axes[0].containers for bar in series]  # type: ignore[union-attr]
    assert starts == pytest.approx([-0.4, 0, 1])
    bottoms = [bar.get_y() for bar in axes[1].containers[1]]  # type: ignore[index]
    assert bottoms == [1, 0]
