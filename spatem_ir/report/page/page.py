"""The page: figures, tables and the scripts that belong to them, in one file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from bokeh.embed import components
from bokeh.model import Model
from bokeh.resources import Resources

from spatem_ir.report.page.chip import chip_figure, crossbar_figure, pe_figure, shades_of
from spatem_ir.report.page.chip_data import chip_data
from spatem_ir.report.page.drawn import Drawn
from spatem_ir.report.page.gantt import (
    activity_figure,
    layers_figure,
    resources_figure,
    time_range,
)
from spatem_ir.report.page.network import network_figure, node_data
from spatem_ir.report.page.splits import split_figures
from spatem_ir.report.page.stages import stages_figure
from spatem_ir.report.page.summary import cards, layer_table, metric_table, report_table

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

    from spatem_ir.driver.run import RunResult


def page_of(result: RunResult, other: Mapping[str, Any] | None = None) -> str:
    """A run, which has a critical path, as a page of HTML that needs no other file.

    The run is executed once more, to be logged.  `other` is what another run wrote as JSON, with
    which this one is compared.
    """
    return page(Drawn.of(result), other)


def page(drawn: Drawn, other: Mapping[str, Any] | None) -> str:
    """The text of the page."""
    times, is_staged = time_range(drawn), len(drawn.stages) > 1
    figures: dict[str, Figure] = {
        "activity": activity_figure(drawn, times),
        "gantt": layers_figure(drawn, times),
        "resources": resources_figure(drawn, times),
        "chip": chip_figure(drawn),
        "pe": pe_figure(drawn),
        "crossbar": crossbar_figure(drawn),
        "network": network_figure(drawn),
        **split_figures(drawn, other),
    }
    if is_staged:
        figures["stages"] = stages_figure(drawn, times)
    for found in figures.values():
        found.border_fill_color = found.background_fill_color = None
    script, divs = components(dict[str, Model](figures), wrap_script=True)
    own = files("spatem_ir.report.page")
    shades = [shade._asdict() for shade in shades_of(drawn.stretches[0])]
    data = {
        "shades": [{name: value for name, value in s.items() if name != "values"} for s in shades],
        "chip": chip_data(drawn),
        "nodes": node_data(drawn),
    }
    result = drawn.result
    title = f"{result.network} on {result.accelerator.name}"
    against = "" if other is None else f", compared with {_run_name(other)}"
    parts = {
        "title": escape(title),
        "subtitle": escape(f"strategy {result.strategy}; {result.pipeline}{against}"),
        "style": own.joinpath("page.css").read_text(),
        "library": Resources(mode="inline", components=["bokeh"]).render_js(),
        "figures": script,
        "script": own.joinpath("page.js").read_text(),
        "data": json.dumps(data).replace("</", "<\\/"),
        "shades": choice((shade["key"], f"{shade['label']}, {shade['unit']}") for shade in shades),
        "stretches": choice((n, each.name) for n, each in enumerate(drawn.stretches)),
        "unstaged": "" if is_staged else "hidden",
        "cards": cards(drawn),
        "report": report_table(drawn),
        "metrics": metric_table(drawn, other),
        "layers": layer_table(drawn, other),
        "figure_stages": "",
        **{f"figure_{name}": div for name, div in divs.items()},
    }
    text = own.joinpath("page.html").read_text()
    for name, part in parts.items():
        text = text.replace(f"{{{{{name}}}}}", part)
    return text


def choice(entries: Iterable[tuple[object, str]]) -> str:
    """The options of a choice: values, and what they are called."""
    return "".join(f'<option value="{value}">{escape(name)}</option>' for value, name in entries)


def _run_name(other: Mapping[str, Any]) -> str:
    """What another run was of."""
    return f"{other['network']} on {other['accelerator']}, strategy {other['strategy']}"
