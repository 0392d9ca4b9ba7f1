"""The study as Markdown."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from spatem_ir.runtime.metrics.register import all_metrics
from spatem_ir.study.ablation import VARIANTS
from spatem_ir.study.causes import causes_table, is_of_paper, missed, path_table, traffic_table
from spatem_ir.study.claims import claims_table
from spatem_ir.study.fronts import front_text
from spatem_ir.study.markdown import MISSING, count, number, percent, table, times
from spatem_ir.study.overview import fastest_table, modelled_table, overview, staged_table
from spatem_ir.study.paper import PAPER
from spatem_ir.study.points import Point
from spatem_ir.study.sensitivity import sweeps
from spatem_ir.study.study import ABLATION, COMPARISON, SENSITIVITY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spatem_ir.runtime.metrics.metric import Metrics
    from spatem_ir.study.study import Study


def latency(metrics: Metrics) -> int | None:
    """Latency in cycles."""
    return metrics.latency_cycles


def communication(metrics: Metrics) -> int | None:
    """Bytes of communication."""
    return metrics.communication_bytes


FIRST_COLUMNS = (
    "latency_cycles",
    "lower_bound_cycles",
    "optimality_gap",
    "computation_parallelism",
    "communication_bytes",
    "byte_hops",
    "cells_used",
    "crossbars_used",
    "energy_nj",
)
"""The metrics with which the table of all networks and strategies begins; others follow."""

ABLATED = {"Latency": latency, "Communication": communication}
"""What the ablation shows."""


def markdown_of(study: Study) -> str:
    """The whole document, with a title."""
    accelerator = study.plan.setting.accelerator.name
    return f"# {study.subject} and others on {accelerator}\n\n{body_of(study)}"


def body_of(study: Study) -> str:
    """The document without its title: sections of second order."""
    return "\n\n".join(_sections(study)) + "\n"


def _sections(study: Study) -> Iterator[str]:
    yield f"```sh\n{study.command}\n```"
    if study.averages:
        yield "## Averages\n\n" + averages_table(study)
        yield "## Against each baseline\n\n" + comparisons_table(study)
        yield "## Latency and communication\n\n" + front_text(study)
    causes = causes_table(study)
    if causes is not None:
        yield "## Where a figure of the paper is missed\n\n" + causes
    yield "## All strategies side by side\n\n" + overview(study)
    staged = staged_table(study)
    if staged is not None:
        yield "## Networks in several stages\n\n" + staged
    yield "## The fastest\n\n" + fastest_table(study)
    modelled = modelled_table(study)
    if modelled is not None:
        yield "## By the model of Li, Han and Chen\n\n" + modelled
    claims = claims_table(study)
    if claims is not None:
        yield "## Claims\n\n" + claims
    yield "## Every network and strategy\n\n" + metrics_table(study)
    yield "## Critical path\n\n" + path_table(study)
    yield "## Traffic\n\n" + traffic_table(study)
    if study.accuracy is not None:
        yield "## Estimated and simulated latency\n\n" + estimate_text(study)
    if ABLATION in study.plan.parts:
        yield "## Ablation\n\n" + ablation_table(study)
    if SENSITIVITY in study.plan.parts:
        yield "## Sensitivity\n\n" + sensitivity_table(study)
    if study.failures:
        yield "## Points without results\n\n" + "\n".join(
            f"- {outcome.point}: {outcome.failure}" for outcome in study.failures
        )


def averages_table(study: Study) -> str:
    """The subject against each baseline, on average over networks, beside the paper's figures."""
    networks = len(study.plan.networks)
    rows = [
        (
            "paper, ISAAC and HitM",
            percent(PAPER.latency_reduction),
            percent(PAPER.communication_reduction),
            times(PAPER.cells_ratio),
            MISSING,
            MISSING,
            "every network",
            MISSING,
        )
    ]
    for mean in study.averages:
        name = mean.baseline
        if len(mean.networks) < networks:
            name += f" ({', '.join(mean.networks)} only)"
        rows.append(
            (
                name,
                percent(mean.latency_reduction),
                percent(mean.communication_reduction),
                times(mean.cells_ratio),
                percent(mean.exploited_share),
                times(mean.additional_ratio),
                f"{len(mean.parallelism_higher)} of {len(mean.networks)}",
                ", ".join(missed(study, mean)) or "none"
                if is_of_paper(study, mean.baseline)
                else MISSING,
            )
        )
    header = (
        f"{study.subject} against",
        "latency lower by",
        "communication lower by",
        "cells used",
        "of the cells that it leaves unused",
        "cells beyond one copy of the weights",
        "parallelism higher on",
        "missed",
    )
    return table(header, rows)


def comparisons_table(study: Study) -> str:
    """The subject against each baseline, network by network."""
    header = (
        "network",
        "baseline",
        "latency lower by",
        "communication lower by",
        "cells used",
        "of the cells that it leaves unused",
        "cells beyond one copy of the weights",
        "parallelism",
    )
    rows = [
        (
            comparison.network,
            comparison.baseline,
            percent(comparison.latency_reduction),
            percent(comparison.communication_reduction),
            times(comparison.cells_ratio),
            percent(comparison.exploited_share),
            times(comparison.additional_ratio),
            times(comparison.parallelism_ratio),
        )
        for network in study.plan.networks
        for comparisons in study.comparisons.values()
        for comparison in comparisons
        if comparison.network == network
    ]
    return table(header, rows, texts=2)


def metrics_table(study: Study) -> str:
    """What was measured of every network and strategy."""
    metrics = all_metrics()
    names = dict.fromkeys((*FIRST_COLUMNS, *metrics))
    columns = {name: column for name in names if (column := metrics[name].column) is not None}
    rows = []
    for outcome in study.of_part(COMPARISON):
        m = outcome.metrics
        values = {name: None if m is None else m.values[name] for name in columns}
        cells = (
            MISSING if m is None or values[name] is None else column.shown(values[name], m)
            for name, column in columns.items()
        )
        rows.append((outcome.point.network, outcome.point.strategy, *cells))
    labels = (column.label for column in columns.values())
    return table(("network", "strategy", *labels), rows, texts=2)


def estimate_text(study: Study) -> str:
    """How good the latency estimate is, and its error at every network and strategy."""
    accuracy = study.accuracy
    assert accuracy is not None
    rank = accuracy.rank_correlation
    text = (
        f"Over {accuracy.points} points: mean absolute error "
        f"{percent(accuracy.mean_absolute_error, 1)}, largest {percent(accuracy.largest_error, 1)}"
        f", rank correlation (Spearman) {number(rank, 3)}."
    )
    header = ("network", "strategy", "estimated", "simulated", "error")
    rows = [
        (
            outcome.point.network,
            outcome.point.strategy,
            count(outcome.estimated_cycles),
            count(outcome.metrics and outcome.metrics.latency_cycles),
            percent(outcome.estimate_error, 1),
        )
        for outcome in study.of_part(COMPARISON)
    ]
    return text + "\n\n" + table(header, rows, texts=2)


def ablation_table(study: Study) -> str:
    """Latency and communication with passes in their plain variant, against all as in the paper."""
    networks = study.plan.networks
    header = (study.subject, *networks)
    sections = []
    for name, measure in ABLATED.items():
        rows = [
            (
                label,
                *(
                    times(
                        study.ratio(
                            Point(network, study.subject, plain),
                            Point(network, study.subject),
                            measure,
                        )
                    )
                    for network in networks
                ),
            )
            for label, plain in VARIANTS.items()
        ]
        sections.append(f"{name}, relative to the first row:\n\n" + table(header, rows))
    return "\n\n".join(sections)


def sensitivity_table(study: Study) -> str:
    """Latency on changed machines, in cycles and relative to the study's accelerator."""
    plan = study.plan
    columns = [(n, s) for n in plan.sensitivity_networks for s in plan.sensitivity_strategies]
    header = ("parameter", "value", *(f"{network}, {strategy}" for network, strategy in columns))
    rows = []
    for parameter, setpoints in sweeps(plan.setting.accelerator).items():
        for setpoint in setpoints:
            cells = []
            for network, strategy in columns:
                base = Point(network, strategy)
                changed = Point(network, strategy, changes=setpoint.changes)
                cycles, ratio = study.value(changed, latency), study.ratio(changed, base, latency)
                is_relative = setpoint.changes and ratio is not None
                cells.append(count(cycles) + (f" ({times(ratio)})" if is_relative else ""))
            rows.append((parameter, setpoint.label, *cells))
    return table(header, rows, texts=2)


def summary_dict(study: Study) -> dict[str, object]:
    """Comparisons, averages and the accuracy of the estimate, for JSON."""
    return {
        "paper": asdict(PAPER),
        "averages": [
            asdict(mean)
            | {"missed": missed(study, mean) if is_of_paper(study, mean.baseline) else None}
            for mean in study.averages
        ],
        "comparisons": [asdict(c) for several in study.comparisons.values() for c in several],
        "estimate": None if study.accuracy is None else asdict(study.accuracy),
    }
