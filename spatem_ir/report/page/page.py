"""The page: figures, tables and the scripts that belong to them, in one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from bokeh.embed import components
from bokeh.model import Model
from bokeh.resources import Resources

from spatem_ir.report.page.chip import (
    chip_data,
    chip_figure,
    crossbar_figure,
    pe_figure,
    shades_of,
)
from spatem_ir.report.page.drawn import Drawn
from spatem_ir.report.page.gantt import (
    activity_figure,
    layers_figure,
    resources_figure,
    time_range,
)
from spatem_ir.report.page.network import network_figure, node_data
from spatem_ir.report.page.splits import split_figures
from spatem_ir.report.page.summary import cards, layer_table, metric_table, report_table

if TYPE_CHECKING:
    from spatem_ir.driver.run import RunResult


def page_of(result: RunResult, other: Mapping[str, Any] | None = None) -> str:
    """A run, which has a critical path, as a page of HTML that needs no other file.

    The run is executed once more, to be logged.  `other` is what another run wrote as JSON, with
    which this one is compared.
    """
    return page(Drawn.of(result), other)


def page(drawn: Drawn, other: Mapping[str, Any] | None) -> str:
    """The text of the page."""
    shades, times = shades_of(drawn), time_range(drawn)
    figures: dict[str, Model] = {
        "activity": activity_figure(drawn, times),
        "gantt": layers_figure(drawn, times),
        "resources": resources_figure(drawn, times),
        "chip": chip_figure(drawn, shades),
        "pe": pe_figure(drawn),
        "crossbar": crossbar_figure(drawn),
        "network": network_figure(drawn),
        **split_figures(drawn, other),
    }
    script, divs = components(figures, wrap_script=True)
    own = files("spatem_ir.report.page")
    data = {
        "shades": [shade._asdict() | {"values": None} for shade in shades],
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
        "shades": "".join(
            f'<option value="{shade.key}">{escape(f"{shade.label}, {shade.unit}")}</option>'
            for shade in shades
        ),
        "cards": cards(drawn),
        "report": report_table(drawn),
        "metrics": metric_table(drawn, other),
        "layers": layer_table(drawn, other),
        **{f"figure_{name}": div for name, div in divs.items()},
    }
    text = own.joinpath("page.html").read_text()
    for name, part in parts.items():
        text = text.replace(f"{{{{{name}}}}}", part)
    return text


def _run_name(other: Mapping[str, Any]) -> str:
    """What another run was of."""
    return f"{other['network']} on {other['accelerator']}, strategy {other['strategy']}"
