"""What the page's script shows of PEs and crossbars that are chosen, packed."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatem_ir.report.page.chip import shades_of, shown_links, widths
from spatem_ir.report.page.drawn import Drawn
from spatem_ir.report.page.palette import category
from spatem_ir.report.page.stretches import Stretch

COMPRESSION = 9
"""Of zlib: the best."""

EXTENTS = ("row", "column", "height", "width")
"""Where a tile is in its crossbar, in cells."""


def chip_data(drawn: Drawn) -> dict[str, Any]:
    """Tiles by ascending crossbar, those of earlier stages first, and all stretches of time."""
    layers, columns = [], {name: [] for name in ("layer", "tile", "crossbar", *EXTENTS)}
    for stage in drawn.stages:
        for node in stage.dataflow.layers:
            placed = drawn.placements[node.name]
            rows, cells = placed.extents(*node.partitioned, drawn.accelerator)
            values = placed.tiles, placed.crossbars, placed.rows, placed.columns, rows, cells
            columns["layer"].append(np.full(len(placed.tiles), len(layers)))
            for key, column in zip(("tile", "crossbar", *EXTENTS), values, strict=True):
                columns[key].append(column)
            color = category(len(layers))
            layers.append({"name": node.name, "color": color, "stage": stage.number})
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    order = np.argsort(joined["crossbar"], kind="stable")
    return {
        "layers": layers,
        "crossbarsPerCu": drawn.accelerator.crossbars_per_cu,
        "cusPerPe": drawn.accelerator.cus_per_pe,
        "tiles": {name: packed(column[order]) for name, column in joined.items()},
        "stretches": [stretch_data(drawn, stretch) for stretch in drawn.stretches],
    }


def stretch_data(drawn: Drawn, stretch: Stretch) -> dict[str, Any]:
    """Figures of PEs, links and crossbars in a stretch of time."""
    loads = stretch.load_of_links[shown_links(drawn)]
    return {
        "name": stretch.name,
        "pes": {shade.key: packed(np.asarray(shade.values, "<f4")) for shade in shades_of(stretch)},
        "links": {
            "load": packed((100 * loads).astype("<f4")),
            "width": packed(widths(loads).astype("<f4")),
        },
        "crossbars": {
            "busy": packed(np.round(100 * stretch.busy_by_crossbar, 2).astype("<f4")),
            "cells": packed(stretch.cells_by_crossbar),
        },
    }


def packed(values: NDArray[Any]) -> dict[str, str]:
    """Numbers for the page's script: their type, and their bytes, compressed, as base64."""
    if values.dtype.kind != "f":
        values = values.astype("<i4" if int(values.max(initial=0)) >= 1 << 15 else "<i2")
    kinds = {"f4": "Float32Array", "i4": "Int32Array", "i2": "Int16Array"}
    text = base64.b64encode(zlib.compress(values.tobytes(), COMPRESSION)).decode()
    return {"type": kinds[values.dtype.str[1:]], "data": text}
