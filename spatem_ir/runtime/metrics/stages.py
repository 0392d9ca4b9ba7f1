"""Stages: what is written between the parts of a network, and how long that takes (R14)."""

from __future__ import annotations

from collections.abc import Iterator

from spatem_ir.runtime.machine.staged_times import StageTimes
from spatem_ir.runtime.metrics.measurement import Measurement
from spatem_ir.runtime.metrics.metric import Metrics, Row, metric
from spatem_ir.runtime.metrics.time import images_per_second

SECONDS_PER_YEAR = 365.25 * 24 * 3600


def _stages(m: Metrics) -> Iterator[Row]:
    if not m.stages:
        return
    cycles = " + ".join(f"{stage.cycles:,}" for stage in m.stages)
    yield "stages", f"{len(m.stages)}: {cycles} cycles; {m.write_wait_cycles:,} waiting for cells"


@metric(report=_stages, scalar=False)
def stages(run: Measurement) -> tuple[StageTimes, ...]:
    """When each stage begins and ends, and what is rewritten before it (R14); none if one."""
    return () if run.execution.staged is None else run.execution.staged.stages


@metric("cycles")
def write_wait_cycles(run: Measurement) -> int:
    """The part of the latency in which a stage waits for its crossbars to be written."""
    return sum(stage.awaited_cycles for stage in stages.value(run))


@metric("crossbars")
def written_crossbars(run: Measurement) -> int:
    """Crossbars that are rewritten for a batch of images, each as often as it is."""
    return sum(stage.written for stage in stages.value(run))


def _writing(m: Metrics) -> Iterator[Row]:
    if m.stages:
        text = f"{m.written_crossbars:,} crossbars, {m.written_cells:,} cells a batch"
        if m.life_years is not None:
            text += f"; cells last {m.life_years:,} years"
        yield "writing", text


@metric("cells", report=_writing)
def written_cells(run: Measurement) -> int:
    """Cells that change their level for a batch of images, each as often as it does."""
    return 0 if run.execution.staged is None else run.execution.staged.written_cells


@metric("years")
def life_years(run: Measurement) -> float | None:
    """How long cells last that are written once for each stage of a batch, at the throughput."""
    staged = run.execution.staged
    if staged is None or not staged.written_cells:
        return None
    most = max(1, len(staged.stages))
    seconds = run.accelerator.components.cells.life_seconds(
        most / run.images, images_per_second.value(run)
    )
    return round(seconds / SECONDS_PER_YEAR, 6)
