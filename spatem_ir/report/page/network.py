"""The network as a graph, in layers from the input down, and the figures of its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, LinearColorMapper, Range1d, TapTool
from bokeh.plotting import figure

from spatem_ir.report.names import shortened
from spatem_ir.report.page.chip import color_bar, without_axes
from spatem_ir.report.page.drawn import Drawn
from spatem_ir.report.page.palette import INK, SELECTED, SHADES

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

    from spatem_ir.geometry.network.dataflow import Dataflow

RANK = 46
"""Pixels from a rank of nodes to the next."""

LABEL = 22
"""Characters of a node's name."""

SWEEPS = 4
"""How often nodes of a rank are ordered by those above or below them."""

KINDS = {"INPUT": "input", "LAYER": "layer", "POOL": "pooling units", "OUTPUT": "output"}
"""What nodes are called by their kind; others are on activation units."""


def network_figure(drawn: Drawn) -> Figure:
    """Nodes, ranked by the longest way from an input, shaded by their part of the critical path."""
    dataflow = drawn.dataflow
    x, y = layout(dataflow)
    shares = path_shares(drawn)
    wide = max(float(abs(x).max()) + 0.6, 1.6)
    found = figure(
        name="network",
        x_range=Range1d(start=-wide, end=wide),
        y_range=Range1d(start=float(y.max()) + 0.6, end=-0.6),
        height=int(RANK * (y.max() + 1.2) + 20),
        sizing_mode="stretch_width",
        tools="",
        toolbar_location=None,
    )
    without_axes(found)
    ends = np.array([(s, node.number) for node in dataflow.nodes for s in set(node.sources)])
    ends = ends.reshape(-1, 2)
    found.bezier(
        x[ends[:, 0]],
        y[ends[:, 0]] + 0.3,
        x[ends[:, 1]],
        y[ends[:, 1]] - 0.3,
        x[ends[:, 0]],
        y[ends[:, 0]] + 0.7,
        x[ends[:, 1]],
        y[ends[:, 1]] - 0.7,
        line_width=1.2,
        **INK,
    )
    most = max(float(shares.max()), 1.0)
    mapper = LinearColorMapper(SHADES, low=0, high=most)
    source = ColumnDataSource(
        {
            "node": np.arange(len(x), dtype=np.int32),
            "x": x,
            "y": y,
            "share": shares,
            "label": shortened([node.name for node in dataflow.nodes], LABEL),
            "name": [node.name for node in dataflow.nodes],
            "kind": [kind_of(node.kind.name) for node in dataflow.nodes],
            "ink": ["#000000" if share > 0.55 * most else "#ffffff" for share in shares],
        },
        name="nodes",
    )
    boxes = found.rect(
        "x",
        "y",
        width=0.92,
        height=0.62,
        source=source,
        fill_color={"field": "share", "transform": mapper},
        line_color=None,
        **SELECTED,
    )
    found.text(
        "x",
        "y",
        text="label",
        source=source,
        text_align="center",
        text_baseline="middle",
        text_font_size="12px",
        text_color="ink",
        nonselection_text_alpha=1,
    )
    found.add_tools(
        HoverTool(
            renderers=[boxes],
            tooltips=[
                ("", "@name"),
                ("on", "@kind"),
                ("of the critical path", "@share{0.0} %"),
            ],
        ),
        TapTool(renderers=[boxes]),
    )
    found.add_layout(color_bar(mapper), "right")
    return found


def kind_of(kind: str) -> str:
    """On what a node of a kind is done."""
    return KINDS.get(kind, "activation units")


def layout(dataflow: Dataflow) -> tuple[np.ndarray, np.ndarray]:
    """The column and rank of each node: ranks by the longest way, crossings of edges few."""
    ranks = np.zeros(len(dataflow.nodes), int)
    for node in dataflow.nodes:
        ranks[node.number] = max((ranks[source] + 1 for source in node.sources), default=0)
    members = [np.flatnonzero(ranks == rank) for rank in range(ranks.max() + 1)]
    x = np.zeros(len(ranks))
    for several in members:
        x[several] = np.arange(len(several)) - (len(several) - 1) / 2
    readers = [[reader.number for reader in dataflow.readers(node)] for node in dataflow.nodes]
    sources = [list(node.sources) for node in dataflow.nodes]
    for sweep in range(SWEEPS):
        is_down = sweep % 2 == 0
        for several in members if is_down else members[::-1]:
            near = [sources[n] if is_down else readers[n] for n in several.tolist()]
            wanted = [x[own].mean() if own else x[n] for n, own in zip(several, near, strict=True)]
            order = several[np.argsort(wanted, kind="stable")]
            x[order] = np.arange(len(order)) - (len(order) - 1) / 2
    return x, ranks.astype(float)


def path_shares(drawn: Drawn) -> np.ndarray:
    """The share of each node in the critical path, per cent."""
    cycles = np.zeros(len(drawn.nodes))
    for share in drawn.path.layers:
        cycles[drawn.dataflow.by_name[share.name].number] = share.total
    return 100 * cycles / drawn.path.cycles


def node_data(drawn: Drawn) -> list[dict[str, Any]]:
    """What the page shows of a node that is chosen: pairs of a label and a text."""
    layers = {layer.name: layer for layer in drawn.metrics.layers}
    shares, activity = path_shares(drawn), drawn.log.activity
    found = []
    for node in drawn.nodes:
        busy = np.flatnonzero(activity[node.number])
        rows = [("on", kind_of(node.kind.name)), ("feature map", "×".join(map(str, node.shape)))]
        rows.append(("pieces", f"{node.pieces:,}"))
        if len(busy):
            first, last = int(busy[0]), int(busy[-1]) + 1
            width = drawn.log_bin_cycles
            end = min(last * width, drawn.execution.ended)
            rows.append(("works in cycles", f"about {first * width:,} to {end:,}"))
        rows.append(("critical path", f"{shares[node.number]:.1f} %"))
        if node.name in layers:
            rows += layer_rows(layers[node.name])
        found.append({"name": node.name, "rows": rows})
    return found


def layer_rows(layer: Any) -> list[tuple[str, str]]:
    """The figures of a layer."""
    from dataclasses import fields

    rows = []
    for each in fields(layer):
        value = getattr(layer, each.name)
        if each.name == "name" or value is None:
            continue
        text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
        column = each.metadata["column"]
        rows.append((each.name.replace("_", " "), column.text(value) if column else str(text)))
    return rows
