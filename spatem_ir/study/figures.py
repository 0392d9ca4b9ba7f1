"""The figures of a study."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import mean
from typing import TYPE_CHECKING

from spatem_ir.study.ablation import VARIANTS
from spatem_ir.study.causes import path_shares, traffic_shares
from spatem_ir.study.charts import (
    Series,
    colour,
    figure_with,
    grouped_bars,
    legend_below,
    rendered,
    stacked_bars,
    study_style,
)
from spatem_ir.study.points import Point
from spatem_ir.study.sensitivity import sweeps
from spatem_ir.study.study import ABLATION, COMPARISON, SENSITIVITY
from spatem_ir.study.tables import communication, latency

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spatem_ir.study.points import Outcome
    from spatem_ir.study.study import Measure, Study

AVERAGE = "average"
MARKERS = "osD^vP*X"
"""One for each strategy."""


def rendered_figures(study: Study) -> dict[str, bytes]:
    """All figures of a study by file name, as SVG and PNG."""
    files = {}
    with study_style():
        for name, figure in figures_by_name(study).items():
            for ending, content in rendered(figure).items():
                files[f"{name}.{ending}"] = content
    return files


def figures_by_name(study: Study) -> dict[str, Figure]:
    """All figures of a study."""
    return dict(_figures(study))


def _figures(study: Study) -> Iterator[tuple[str, Figure]]:
    yield "latency", _relative(study, "latency", latency)
    yield (
        "parallelism",
        _relative(study, "computation parallelism", lambda m: m.computation_parallelism),
    )
    yield "communication", _relative(study, "communication", communication)
    yield "utilisation", _utilisation(study)
    yield "lower-bound", _lower_bound(study)
    yield "critical-path", _stacked_shares(study, path_shares, "share of critical path")
    yield "traffic", _stacked_shares(study, traffic_shares, "share of communication")
    if study.accuracy is not None:
        yield "estimate", _estimate(study)
    if ABLATION in study.plan.parts:
        yield "ablation", _ablation(study)
    if SENSITIVITY in study.plan.parts:
        yield "sensitivity", _sensitivity(study)


def _values(study: Study, measure: Measure, relative_to: str | None = None) -> Series:
    """A measure by strategy for every network and, if there are several, their average.

    With `relative_to`, relative to that strategy.  The average is over networks that have a value.
    """
    series: dict[str, list[float | None]] = {}
    for strategy in study.plan.strategies:
        values = []
        for network in study.plan.networks:
            point = Point(network, strategy)
            values.append(
                study.value(point, measure)
                if relative_to is None
                else study.ratio(point, Point(network, relative_to), measure)
            )
        known = [value for value in values if value is not None]
        if len(values) > 1:
            values.append(mean(known) if known else None)
        series[strategy] = values
    return series


def _groups(study: Study) -> list[str]:
    """The networks and, if there are several, their average."""
    networks = list(study.plan.networks)
    return [*networks, AVERAGE] if len(networks) > 1 else networks


def _bars(study: Study, series: Series, label: str) -> Figure:
    """Bars grouped by network."""
    figure = figure_with()
    axes = figure.axes[0]
    grouped_bars(axes, _groups(study), series)
    axes.set_ylabel(label)
    legend_below(axes, len(series))
    return figure


def _relative(study: Study, name: str, measure: Measure) -> Figure:
    """A measure relative to the first baseline, to the only strategy if there is no baseline."""
    base = study.plan.strategies[:2][-1]
    figure = _bars(study, _values(study, measure, base), f"{name}, {base} = 1")
    figure.axes[0].axhline(1, color="black", linewidth=0.6)
    return figure


def _utilisation(study: Study) -> Figure:
    series = _values(study, lambda m: 100 * m.cells_used / m.cells_total)
    return _bars(study, series, "cells that hold weights, %")


def _lower_bound(study: Study) -> Figure:
    figure = _bars(study, _values(study, lambda m: m.optimality_gap), "latency / lower bound")
    figure.axes[0].set_yscale("log")
    figure.axes[0].set_ylim(bottom=1)
    return figure


def _stacked_shares(
    study: Study, shares_of: Callable[[Outcome], dict[str, float | None]], label: str
) -> Figure:
    """What something of every network and strategy consists of."""
    outcomes = study.of_part(COMPARISON)
    shares = [shares_of(outcome) for outcome in outcomes]
    series = {name: [share[name] for share in shares] for name in shares[0]}
    figure = figure_with(height=4)
    axes = figure.axes[0]
    stacked_bars(axes, [_bar_name(outcome) for outcome in outcomes], series)
    axes.set_ylabel(label)
    legend_below(axes, 4)
    return figure


def _bar_name(outcome: Outcome) -> str:
    return f"{outcome.point.network}, {outcome.point.strategy}"


def _estimate(study: Study) -> Figure:
    """Estimated against simulated latency: a marker per strategy, a colour per network."""
    figure = figure_with(width=5.4, height=4)
    axes = figure.axes[0]
    ends = []
    for outcome in study.of_part(COMPARISON):
        if outcome.metrics is None or outcome.estimated_cycles is None:
            continue
        simulated = outcome.metrics.latency_cycles or 0
        ends += [simulated, outcome.estimated_cycles]
        axes.scatter(
            simulated,
            outcome.estimated_cycles,
            s=22,
            color=colour(study.plan.networks.index(outcome.point.network)),
            marker=MARKERS[study.plan.strategies.index(outcome.point.strategy) % len(MARKERS)],
        )
    line = (min(ends), max(ends))
    axes.plot(line, line, color="black", linewidth=0.6)
    axes.set(xscale="log", yscale="log", xlabel="simulated, cycles", ylabel="estimated, cycles")
    axes.set_aspect("equal")
    for number, network in enumerate(study.plan.networks):
        axes.scatter([], [], s=22, color=colour(number), label=network)
    for marker, strategy in zip(MARKERS, study.plan.strategies, strict=False):
        axes.scatter([], [], s=22, color="#555555", marker=marker, label=strategy)
    figure.legend(loc="outside right upper")
    return figure


def _ablation(study: Study) -> Figure:
    """Latency with passes in their plain variant, relative to all as in the paper."""
    networks = study.plan.networks
    series = {
        label: [
            study.ratio(
                Point(network, study.subject, plain), Point(network, study.subject), latency
            )
            for network in networks
        ]
        for label, plain in VARIANTS.items()
    }
    figure = figure_with()
    axes = figure.axes[0]
    grouped_bars(axes, networks, series)
    axes.set_ylabel(f"latency, {study.subject} = 1")
    axes.set_yscale("log")
    known = [value for values in series.values() for value in values if value]
    axes.set_ylim(bottom=min(known, default=1) / 2)
    axes.axhline(1, color="black", linewidth=0.6)
    legend_below(axes, 3)
    return figure


def _sensitivity(study: Study) -> Figure:
    """Latency on changed machines, relative to the study's; a chart for each parameter."""
    plan = study.plan
    parameters = sweeps(plan.setting.accelerator)
    columns = (len(parameters) + 1) // 2
    figure = figure_with(columns, 2, width=2.7 * columns, height=5.2)
    for axes, (parameter, setpoints) in zip(figure.axes, parameters.items(), strict=False):
        for number, network in enumerate(plan.sensitivity_networks):
            for style, strategy in zip(("-", "--"), plan.sensitivity_strategies, strict=False):
                base = Point(network, strategy)
                changed = [Point(network, strategy, changes=each.changes) for each in setpoints]
                ratios = [study.ratio(point, base, latency) for point in changed]
                drawn = [(x, ratio) for x, ratio in enumerate(ratios) if ratio is not None]
                axes.plot(
                    [x for x, _ in drawn],
                    [y for _, y in drawn],
                    style,
                    color=colour(number),
                    marker="o",
                    markersize=3,
                    label=f"{network}, {strategy}",
                )
        axes.set_xticks(range(len(setpoints)), [setpoint.label for setpoint in setpoints])
        axes.tick_params(axis="x", labelsize=7)
        axes.set_ylim(bottom=0)
        axes.set_title(parameter, fontsize=9)
    for axes in figure.axes[len(parameters) :]:
        axes.remove()
    figure.supylabel("latency, studied machine = 1", fontsize=9)
    legend_below(figure.axes[0], len(plan.sensitivity_networks))
    return figure
