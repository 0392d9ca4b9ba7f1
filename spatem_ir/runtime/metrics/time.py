"""Time: latency, throughput, and how many crossbars work at a time."""

from __future__ import annotations

from spatem_ir.runtime.metrics.measurement import Measurement
from spatem_ir.runtime.metrics.metric import Line, Metrics, metric


def _latency(m: Metrics) -> str:
    return f"{m.latency_cycles:,} cycles = {m.latency_ou_cycles:,} OU cycles = {m.latency_ns:,} ns"


@metric(
    "cycles",
    report=Line("latency", _latency),
    column=Line("latency, cycles", "{:,}"),
)
def latency_cycles(run: Measurement) -> int:
    """When the last byte of the image has left the chip (R9) and all work for it is done.

    In digital cycles from 0 on.
    """
    return run.execution.ended


@metric("OU cycles")
def latency_ou_cycles(run: Measurement) -> float:
    """The latency in OU operations one after the other: cycles / `ou.cycles`."""
    operation = run.accelerator.components.compute_unit.operation_cycles
    return round(latency_cycles.value(run) / operation, 3)


@metric("ns")
def latency_ns(run: Measurement) -> float:
    """The latency at the clock of the chip."""
    return round(latency_cycles.value(run) * run.accelerator.cycle_ns, 3)


def _interval(m: Metrics) -> str:
    return f"{m.interval_cycles:,.0f} cycles = {m.images_per_second:,.0f} images/s"


@metric("cycles", report=Line("interval", _interval))
def interval_cycles(run: Measurement) -> float:
    """Steady state with `--images-in-flight N`: (last − first finish) / (N − 1); latency for 1.

    No less than the work of the busiest resource for an image, which images that finish close
    together hide for a while, and no more than the latency, for an image may enter when nothing is
    left to do for the one before.  With several stages, a batch of N images from end to end, what
    is written for it included, by N (R14).
    """
    staged = (run.pipelined or run.execution).staged
    if staged is not None:
        return staged.batch_cycles / run.images
    if run.pipelined is None:
        return latency_cycles.value(run)
    first, last = run.pipelined.finished[0], run.pipelined.finished[-1]
    measured = (last - first) / (run.pipelined.images - 1)
    return min(max(measured, run.pipelined.most_work), latency_cycles.value(run))


@metric("images/s")
def images_per_second(run: Measurement) -> float:
    """The throughput: an image per interval."""
    return round(1e9 / (interval_cycles.value(run) * run.accelerator.cycle_ns), 3)


@metric(
    "crossbars",
    report=Line("computation parallelism", "{:,} busy crossbars on average"),
    column=Line("parallelism", "{:,.1f}"),
)
def computation_parallelism(run: Measurement) -> float:
    """Mean number of busy crossbars: OU operations · `ou.cycles` / latency."""
    busy = run.accelerator.components.compute_unit.operation_cycles * run.ou_operations
    return round(busy / latency_cycles.value(run), 3)
