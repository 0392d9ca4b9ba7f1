"""All strategies side by side: one table for each measure, and what is fastest where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatem_ir.study.causes import largest_part, layer_cycles, path_shares
from spatem_ir.study.markdown import MISSING, count, number, percent, table, times
from spatem_ir.study.paper import PAPER_STRATEGY
from spatem_ir.study.points import Point

if TYPE_CHECKING:
    from collections.abc import Callable

    from spatem_ir.runtime.metrics.metric import Metrics
    from spatem_ir.study.points import Outcome
    from spatem_ir.study.study import Study

MEASURES: dict[str, tuple[Callable[[Metrics], float | None], Callable[[float | None], str]]] = {
    "Latency over the lower bound": (lambda m: m.optimality_gap, number),
    "Communication, bytes": (lambda m: m.communication_bytes, count),
    "Energy, nJ": (lambda m: m.energy_nj, count),
    "Cells used, of those on the chip": (
        lambda m: m.cells_used / m.cells_total,
        lambda share: percent(share, 1),
    ),
}
"""What is shown of every network and strategy, and how."""

MODELLED, SUBJECT = "li", PAPER_STRATEGY
"""The strategy by the model of Li, Han and Chen, and what it is held against."""


def overview(study: Study) -> str:
    """A table for each measure: networks by strategies."""
    strategies = study.plan.strategies
    sections = []
    for name, (measure, shown) in MEASURES.items():
        rows = [
            (network, *(shown(study.value(Point(network, own), measure)) for own in strategies))
            for network in study.plan.networks
        ]
        sections.append(f"{name}:\n\n" + table(("network", *strategies), rows))
    return "\n\n".join(sections)


def fastest_table(study: Study) -> str:
    """The fastest strategy of each network, and what its latency is spent on."""
    rows = []
    for network in study.plan.networks:
        known = {
            own: study.value(Point(network, own), lambda m: m.latency_cycles)
            for own in study.plan.strategies
        }
        reached = {own: cycles for own, cycles in known.items() if cycles is not None}
        if not reached:
            rows.append((network, *[MISSING] * 4))
            continue
        fastest = min(reached, key=reached.__getitem__)
        outcome = study.outcomes[Point(network, fastest)]
        rows.append(
            (
                network,
                fastest,
                count(reached[fastest]),
                largest_part(path_shares(outcome)),
                largest_part(layer_cycles(outcome)),
            )
        )
    header = ("network", "fastest", "cycles", "its critical path", "its longest layer")
    return table(header, rows, texts=2)


def staged_table(study: Study) -> str | None:
    """The points whose weights are written in several stages, and how long cells are waited for.

    None if all networks have room on the chip.
    """
    rows = []
    for point, outcome in study.outcomes.items():
        metrics = outcome.metrics
        if not point.is_compared or metrics is None or not metrics.stages:
            continue
        waiting = metrics.write_wait_cycles
        rows.append(
            (
                point.network,
                point.strategy,
                count(len(metrics.stages)),
                count(metrics.latency_cycles),
                count(waiting),
                percent(waiting / metrics.latency_cycles, 1),
                count(metrics.written_cells),
            )
        )
    header = (
        "network",
        "strategy",
        "stages",
        "cycles",
        "waiting for cells",
        "of the latency",
        "cells written for an image",
    )
    return table(header, rows, texts=2) if rows else None


def modelled_table(study: Study) -> str | None:
    """Where `li` is faster than `spatem`, and on what each spends its latency.

    None unless both are studied.
    """
    if not {MODELLED, SUBJECT} <= set(study.plan.strategies):
        return None
    rows = []
    for network in study.plan.networks:
        ours, theirs = Point(network, MODELLED), Point(network, SUBJECT)
        ratio = study.ratio(theirs, ours, lambda m: m.latency_cycles)
        verdict = MISSING if ratio is None else (MODELLED if ratio > 1 else SUBJECT)
        spent = (_spent(study.outcomes[point]) for point in (ours, theirs))
        rows.append((network, verdict, times(ratio), *spent))
    header = (
        "network",
        "faster",
        f"{SUBJECT} / {MODELLED}",
        f"{MODELLED}'s critical path",
        f"{SUBJECT}'s critical path",
    )
    return table(header, rows, texts=2)


def _spent(outcome: Outcome) -> str:
    """What most of the critical path is spent on, and in which layer."""
    if outcome.path is None:
        return MISSING
    return f"{largest_part(path_shares(outcome))}, {largest_part(layer_cycles(outcome))}"
