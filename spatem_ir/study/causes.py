"""Why a figure is what it is: critical paths and traffic, and the causes of what is missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.runtime.critical_path import PathPart
from spatem_ir.study.markdown import MISSING, percent, reduction, table, times
from spatem_ir.study.paper import PAPER, PAPER_BASELINES, PAPER_STRATEGY
from spatem_ir.study.points import Point
from spatem_ir.study.study import COMPARISON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spatem_ir.study.points import Outcome
    from spatem_ir.study.study import Study
    from spatem_ir.study.summary import Average, Comparison, Limits

PART_LABELS = {
    PathPart.CROSSBARS: "crossbars",
    PathPart.PIPELINE: "pipelines",
    PathPart.PORTS: "PE ports",
    PathPart.ADDERS: "adders",
    PathPart.LINKS: "links",
    PathPart.HOPS: "hops",
    PathPart.UNITS: "activation and pooling units",
    PathPart.IO: "chip port",
}
"""What the parts of a critical path are called."""


def traffic_shares(outcome: Outcome) -> dict[str, float | None]:
    """The shares of the communication, None where there are no results."""
    m = outcome.metrics
    parts = {
        "inputs": None if m is None else m.input_bytes,
        "activations": None if m is None else m.activation_bytes,
        "partial sums": None if m is None else m.partial_sum_bytes,
        "chip port": None if m is None else m.io_bytes,
    }
    total = None if m is None else m.communication_bytes
    return {
        name: None if size is None or not total else size / total for name, size in parts.items()
    }


def path_shares(outcome: Outcome) -> dict[str, float | None]:
    """The shares of the critical path by what it is spent on, None where there are no results."""
    path = outcome.path
    return {
        label: None if path is None or not path.cycles else path.total.cycles[part] / path.cycles
        for part, label in PART_LABELS.items()
    }


def traffic_table(study: Study) -> str:
    """Communication by what it is, and the layer that sends most partial sums."""
    header = (
        "network",
        "strategy",
        "inputs",
        "activations",
        "partial sums",
        "chip port",
        "most partial sums",
    )
    rows = [
        (
            outcome.point.network,
            outcome.point.strategy,
            *(percent(share, 1) for share in traffic_shares(outcome).values()),
            largest_part(outcome.partial_sums),
        )
        for outcome in study.of_part(COMPARISON)
    ]
    return table(header, rows, texts=2)


def path_table(study: Study) -> str:
    """What the latency is spent on, the part of it that is queueing, and the longest layer."""
    header = ("network", "strategy", *PART_LABELS.values(), "of it queueing", "longest layer")
    rows = []
    for outcome in study.of_part(COMPARISON):
        path = outcome.path
        queueing = None if path is None else sum(path.total.queueing.values()) / path.cycles
        rows.append(
            (
                outcome.point.network,
                outcome.point.strategy,
                *(percent(share, 1) for share in path_shares(outcome).values()),
                percent(queueing, 1),
                largest_part(layer_cycles(outcome)),
            )
        )
    return table(header, rows, texts=2)


def layer_cycles(outcome: Outcome) -> dict[str, int] | None:
    """Cycles of the critical path by layer or operator."""
    if outcome.path is None:
        return None
    return {share.name: share.total for share in outcome.path.layers}


def largest_part(parts: Mapping[str, float | None] | None) -> str:
    """The largest of several parts and its share in all of them; the first of equal ones."""
    known = {name: part for name, part in (parts or {}).items() if part}
    if not known:
        return MISSING
    name = max(known, key=lambda name: known[name])
    return f"{name} {percent(known[name] / sum(known.values()), 0)}"


def is_of_paper(study: Study, baseline: str) -> bool:
    """Whether the paper states figures for the comparison with a baseline."""
    return study.subject == PAPER_STRATEGY and baseline in PAPER_BASELINES


def missed(study: Study, mean: Average) -> list[str]:
    """The paper's figures that are not reached on average."""
    found = {
        "latency": mean.latency_reduction < PAPER.latency_reduction,
        "communication": mean.communication_reduction < PAPER.communication_reduction,
        "cells": mean.cells_ratio < PAPER.cells_ratio,
        "parallelism": mean.parallelism_higher != study.plan.networks,
    }
    return [name for name, is_missed in found.items() if is_missed]


def causes_table(study: Study) -> str | None:
    """For each figure that is missed on average, the networks that are below it, and why.

    The critical path says where latency goes, and with it parallelism; the traffic split says what
    is communicated.  None if no figure of the paper is missed.
    """
    header = (
        "missed",
        "baseline",
        "network",
        "here",
        "possible at most",
        f"{study.subject}'s critical path",
        "its longest layer",
        f"{study.subject}'s traffic",
        "most partial sums",
    )
    rows = []
    for mean in study.averages:
        if not is_of_paper(study, mean.baseline):
            continue
        for name in missed(study, mean):
            figure = FIGURES[name]
            for comparison in study.comparisons[mean.baseline]:
                if figure.is_reached(figure.value(comparison)):
                    continue
                ours = study.outcomes[Point(comparison.network, study.subject)]
                rows.append(
                    (
                        name,
                        mean.baseline,
                        comparison.network,
                        figure.text(figure.value(comparison)),
                        figure.text(figure.value(comparison.limits)),
                        largest_part(path_shares(ours)),
                        largest_part(layer_cycles(ours)),
                        largest_part(traffic_shares(ours)),
                        largest_part(ours.partial_sums),
                    )
                )
    return table(header, rows, texts=3) if rows else None


@dataclass(frozen=True)
class PaperFigure:
    """A figure of the paper: of a comparison or its limits, when it is reached, how it reads."""

    value: Callable[[Comparison | Limits], float]
    is_reached: Callable[[float], bool]
    text: Callable[[float], str]


FIGURES = {
    "latency": PaperFigure(
        lambda c: c.latency_reduction, lambda value: value >= PAPER.latency_reduction, reduction
    ),
    "communication": PaperFigure(
        lambda c: c.communication_reduction,
        lambda value: value >= PAPER.communication_reduction,
        reduction,
    ),
    "cells": PaperFigure(lambda c: c.cells_ratio, lambda value: value >= PAPER.cells_ratio, times),
    "parallelism": PaperFigure(lambda c: c.parallelism_ratio, lambda value: value > 1, times),
}
"""The paper's figures of one network, by what :func:`missed` calls them."""
