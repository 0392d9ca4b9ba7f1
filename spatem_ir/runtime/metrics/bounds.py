"""Lower bounds: how far the latency is from what no deployment can beat."""

from __future__ import annotations

from spatem_ir.geometry.bounds.phases import BoundPhase
from spatem_ir.runtime.metrics.measurement import Measurement
from spatem_ir.runtime.metrics.metric import Line, Metrics, metric
from spatem_ir.runtime.metrics.time import latency_cycles


def _bound(m: Metrics) -> str:
    text = (
        f"{m.lower_bound_cycles:,} cycles by {m.lower_bound_name} "
        f"(work {m.work_bound_cycles:,}, path {m.path_bound_cycles:,})"
    )
    if m.optimality_gap is not None:
        text += f"; latency is {m.optimality_gap:.2f} x that"
    return text


def _relief(m: Metrics) -> str:
    return (
        f"{m.lower_bound_resource}; next bound {m.next_bound_cycles:,} cycles by "
        f"{m.next_bound_name}"
    )


@metric(
    "cycles",
    report=Line("lower bound", _bound),
    column=Line("lower bound", lambda m: f"{m.lower_bound_cycles:,} ({m.lower_bound_name})"),
)
def lower_bound_cycles(run: Measurement) -> int:
    """The largest of the lower bounds on the latency."""
    return run.bounds.largest


@metric("cycles")
def work_bound_cycles(run: Measurement) -> int:
    """The lower bound *work*."""
    return run.bounds.by_name["work"]


@metric("cycles")
def path_bound_cycles(run: Measurement) -> int:
    """The lower bound *path*."""
    return run.bounds.by_name["path"]


@metric()
def lower_bound_name(run: Measurement) -> str:
    """The name of the largest lower bound."""
    return run.bounds.name


@metric("cycles", scalar=False)
def lower_bounds_cycles(run: Measurement) -> dict[str, int]:
    """All lower bounds by name."""
    return run.bounds.by_name


@metric(scalar=False)
def lower_bound_phases(run: Measurement) -> tuple[BoundPhase, ...]:
    """The phases that the lower bound *phases* adds up: what ends each, when, by which bound."""
    return run.bounds.phases


@metric(report=Line("to enlarge", _relief))
def lower_bound_resource(run: Measurement) -> str | None:
    """The resource that the largest lower bound is due to; none if it is a chain of steps."""
    return run.bounds.relief and run.bounds.relief.resource


@metric("cycles")
def next_bound_cycles(run: Measurement) -> int | None:
    """The largest of the lower bounds that do not count that resource."""
    return run.bounds.relief and run.bounds.relief.cycles


@metric()
def next_bound_name(run: Measurement) -> str | None:
    """The name of the bound that this is, or that takes most of its phases."""
    return run.bounds.relief and run.bounds.relief.then


@metric(column=Line("gap", "{:,.2f} ×"))
def optimality_gap(run: Measurement) -> float:
    """Latency / lower bound."""
    return round(latency_cycles.value(run) / run.bounds.largest, 4)
