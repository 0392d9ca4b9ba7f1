"""Metrics with their units and definitions, alone or beside those of another run, as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from spatem_ir.report.tables import metric_rows
from spatem_ir.runtime.metrics.metric import Line
from spatem_ir.runtime.metrics.register import all_metrics

if TYPE_CHECKING:
    from spatem_ir.report.page.drawn import Drawn

CARDS = (
    "latency_cycles",
    "interval_cycles",
    "optimality_gap",
    "computation_parallelism",
    "communication_bytes",
    "energy_nj",
    "energy_delay_nj_us",
    "area_mm2",
)
"""The metrics that stand above all others."""


def cards(drawn: Drawn) -> str:
    """The most important metrics, large."""
    known, found = all_metrics(), []
    for name in CARDS:
        metric, value = known[name], drawn.metrics.values[name]
        line = metric.report
        label = line.label if isinstance(line, Line) else name.replace("_", " ")
        found.append(
            f'<div class="card" tabindex="0"><span>{escape(label)}</span>'
            f"<b>{number(value)}</b> <i>{escape(metric.unit)}</i>{tip(metric.definition)}</div>"
        )
    return f'<div class="cards">{"".join(found)}</div>'


def report_table(drawn: Drawn) -> str:
    """The lines of the report on the terminal."""
    rows = ((escape(name), escape(text)) for name, text in metric_rows(drawn.result))
    return table(["", ""], rows, "report")


def metric_table(drawn: Drawn, other: Mapping[str, Any] | None) -> str:
    """Every metric with unit and definition, and what it is of another run, if there is one."""
    heads = ["metric", "value", *(["other", "other / this"] if other else []), "unit"]
    rows = []
    for name, metric in all_metrics().items():
        value = drawn.metrics.values[name]
        cells = [f'<span tabindex="0">{escape(name)}{tip(metric.definition)}</span>', shown(value)]
        if other is not None:
            cells += [shown(other.get(name)), ratio(other.get(name), value)]
        rows.append([*cells, escape(metric.unit)])
    return table(heads, rows, "metrics")


def layer_table(drawn: Drawn, other: Mapping[str, Any] | None) -> str:
    """Figures of each weight layer, beside those of another run by name."""
    columns = ("tiles", "crossbars", "cells", "ou_operations", "busy_share")
    theirs = {layer["name"]: layer for layer in (other or {}).get("layers", ())}
    heads = ["layer", "matrix", "grid", *(name.replace("_", " ") for name in columns)]
    rows = []
    for layer in drawn.metrics.layers:
        cells = [escape(layer.name), escape(layer.matrix), escape(layer.grid)]
        for name in columns:
            text = share_or_number(name, getattr(layer, name))
            if other is not None:
                against = theirs.get(layer.name, {}).get(name)
                text += f"<br><em>{share_or_number(name, against)}</em>"
            cells.append(text)
        rows.append(cells)
    return table(heads, rows, "layers")


def share_or_number(name: str, value: float | None) -> str:
    """A figure of a layer."""
    if value is None:
        return "–"
    return f"{value:.1%}" if name.endswith("share") else number(value)


def shown(value: Any) -> str:
    """The value of a metric; of several values how many, and all of them when asked for."""
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        rows = ((escape(str(key)), number(part)) for key, part in value.items())
        return f"<details><summary>{len(value)} values</summary>{table(None, rows)}</details>"
    if isinstance(value, list | tuple):
        return f"{len(value)} {'entry' if len(value) == 1 else 'entries'}"
    return number(value)


def number(value: Any) -> str:
    """A number to be read, or another value as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return escape(str(value))
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.4g}"


def ratio(theirs: Any, ours: Any) -> str:
    """How many times as large one number is as another."""
    plain = (int, float)
    if isinstance(theirs, bool) or not isinstance(theirs, plain) or not isinstance(ours, plain):
        return ""
    return f"{theirs / ours:.3f}" if ours else ""


def tip(text: str) -> str:
    """What is shown when the pointer, or the focus, is on what it belongs to."""
    return f'<span class="tip" role="tooltip">{escape(text)}</span>'


def table(heads: Iterable[str] | None, rows: Iterable[Iterable[str]], name: str = "") -> str:
    """A table of HTML."""
    head = "" if heads is None else "".join(f"<th>{each}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" for cells in rows)
    return f'<table class="{name}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
