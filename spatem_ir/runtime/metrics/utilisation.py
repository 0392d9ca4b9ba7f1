"""Utilisation: how much of the chip holds weights."""

from __future__ import annotations

import numpy as np

from spatem_ir.runtime.metrics.measurement import Measurement
from spatem_ir.runtime.metrics.metric import Line, Metrics, metric


def _cells(m: Metrics) -> str:
    return f"{m.cells_used:,} of {m.cells_total:,} ({m.cells_used / m.cells_total:.2%})"


@metric(
    "cells",
    report=Line("cells used", _cells),
    column=Line("cells used", lambda m: f"{100 * m.cells_used / m.cells_total:,.2f} %"),
)
def cells_used(run: Measurement) -> int:
    """Cells that are programmed with weights."""
    return sum(layer.cells for layer in run.layers)


@metric("cells")
def cells_total(run: Measurement) -> int:
    """Cells on the chip."""
    return run.accelerator.crossbars * run.accelerator.cells_per_crossbar


def _crossbars(m: Metrics) -> str:
    used, total = m.crossbars_used, m.crossbars_total
    return f"{used:,} of {total:,} ({used / total:.2%})"


@metric(
    "crossbars",
    report=Line("crossbars used", _crossbars),
    column=Line("crossbars used", "{:,}"),
)
def crossbars_used(run: Measurement) -> int:
    """Crossbars that hold any weights."""
    return len(np.unique(np.concatenate([placed.crossbars for placed in run.placements.values()])))


@metric("crossbars")
def crossbars_total(run: Measurement) -> int:
    """Crossbars on the chip."""
    return run.accelerator.crossbars
