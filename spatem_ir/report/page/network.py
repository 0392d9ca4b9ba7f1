"""The network as a graph, in layers from the input down, and the figures of its nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure

from spatem_ir.report.names import shortened
from spatem_ir.report.page.drawn import Drawn
from spatem_ir.report.page.palette import INK
from spatem_ir.report.page.shaded import shaded_rectangles, without_axes
from spatem_ir.report.stages import sources_of

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

RANK = 46
"""Pixels from a rank of nodes to the next."""

LABEL = 22
"""Characters of a node's name."""

SWEEPS = 4
"""How often nodes of a rank are ordered by those above or below them."""

KINDS = {"INPUT": "input", "LAYER": "layer", "POOL": "pooling units", "OUTPUT": "output"}
"""What nodes are called by their kind; others are on activation units."""


def network_figure(drawn: Drawn) -> Figure:
    """Nodes, ranked by the longest way from an input, shaded by their part of the critical path.

    Of several stages what leaves one leads to what enters a later one.
    """
    sources = sources_of(drawn.module, drawn.stages)
    x, y = layout(sources)
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
    ends = np.array([(s, node) for node, own in enumerate(sources) for s in sorted(set(own))])
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
    source = ColumnDataSource(
        {
            "node": np.arange(len(x), dtype=np.int32),
            "x": x,
            "y": y,
            "share": shares,
            "label": shortened(drawn.names, LABEL),
            "name": drawn.names,
            "kind": [kind_of(node.kind.name) for node in drawn.nodes],
            "stage": drawn.stage_of,
            "ink": ["#000000" if share > 0.55 * most else "#ffffff" for share in shares],
        },
        name="nodes",
    )
    tooltips = [("", "@name"), ("on", "@kind"), ("of the critical path", "@share{0.0} %")]
    if len(drawn.stages) > 1:
        tooltips.insert(1, ("stage", "@stage"))
    shaded_rectangles(found, source, "share", most, tooltips, width=0.92, height=0.62)
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
    return found


def kind_of(kind: str) -> str:
    """On what a node of a kind is done."""
    return KINDS.get(kind, "activation units")


def layout(sources: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """The column and rank of each node by what it reads: ranks by the longest way, few crossings.

    Nodes read nodes with lower numbers only.
    """
    ranks = np.zeros(len(sources), int)
    readers: list[list[int]] = [[] for _ in sources]
    for node, own in enumerate(sources):
        ranks[node] = max((ranks[source] + 1 for source in own), default=0)
        for source in own:
            readers[source].append(node)
    members = [np.flatnonzero(ranks == rank) for rank in range(ranks.max() + 1)]
    x = np.zeros(len(ranks))
    for several in members:
        x[several] = np.arange(len(several)) - (len(several) - 1) / 2
    for sweep in range(SWEEPS):
        is_down = sweep % 2 == 0
        for several in members if is_down else members[::-1]:
            near = [sources[n] if is_down else readers[n] for n in several.tolist()]
            wanted = [
                x[list(own)].mean() if own else x[n] for n, own in zip(several, near, strict=True)
            ]
            order = several[np.argsort(wanted, kind="stable")]
            x[order] = np.arange(len(order)) - (len(order) - 1) / 2
    return x, ranks.astype(float)


def path_shares(drawn: Drawn) -> np.ndarray:
    """The share of each node in the critical path, per cent."""
    cycles = np.zeros(len(drawn.nodes))
    for segment in drawn.path.segments:
        cycles[segment.node] += segment.cycles
    return 100 * cycles / drawn.path.cycles


def node_data(drawn: Drawn) -> list[dict[str, Any]]:
    """What the page shows of a node that is chosen: pairs of a label and a text."""
    layers = {layer.name: layer for layer in drawn.metrics.layers}
    shares = path_shares(drawn)
    found = []
    for number, node in enumerate(drawn.nodes):
        busy = np.flatnonzero(drawn.activity[number])
        rows = [("on", kind_of(node.kind.name)), ("feature map", "×".join(map(str, node.shape)))]
        rows.append(("pieces", f"{node.pieces:,}"))
        if len(drawn.stages) > 1:
            rows.insert(0, ("stage", str(drawn.stage_of[number])))
        if len(busy):
            first, last = int(busy[0]), int(busy[-1]) + 1
            width = drawn.bin_cycles
            end = min(last * width, drawn.execution.ended)
            rows.append(("works in cycles", f"about {first * width:,} to {end:,}"))
        rows.append(("critical path", f"{shares[number]:.1f} %"))
        if node.name in layers:
            rows += layer_rows(layers[node.name])
        found.append({"name": drawn.names[number], "rows": rows})
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
