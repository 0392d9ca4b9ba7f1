"""What holds of every execution, whatever the network and the machine."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose
from typing import TYPE_CHECKING

from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.runtime.metrics.measurement import Measurement
    from spatem_ir.runtime.metrics.metric import Metrics

ROUNDING = 1e-3
"""By how much, absolutely and relatively, rounded figures may differ from exact ones."""


def check_invariants(run: Measurement, metrics: Metrics) -> None:
    """Check the metrics of an execution against each other.

    Raises:
        SpatemError: figures contradict each other, which is an error of ours.
    """
    for broken in _broken(run, metrics):
        raise SpatemError(
            f"internal error: {broken}; please report this with the network, the machine and the "
            "command"
        )


def _broken(run: Measurement, metrics: Metrics) -> Iterator[str]:
    """What does not hold, in words."""
    latency, interval = metrics.latency_cycles, metrics.interval_cycles
    work = run.execution.most_work
    in_flight = run.pipelined if metrics.stages and run.pipelined is not None else run.execution
    writing = sum(stage.write_cycles for stage in metrics.stages)
    at_most = [
        ("the lower bound", metrics.lower_bound_cycles, "the latency", latency),
        ("the work of a resource", work, "the latency", latency),
        ("the work of a resource", in_flight.most_work, "the interval", interval),
        ("the interval", interval, "the latency", latency + writing),
        ("the parallelism", metrics.computation_parallelism, "crossbars", metrics.crossbars_used),
        *(
            (f"the busy share of @{layer.name}", layer.busy_share, "the whole", 1)
            for layer in metrics.layers
        ),
    ]
    for what, value, other, most in at_most:
        if value > most and not isclose(value, most, rel_tol=ROUNDING, abs_tol=ROUNDING):
            yield f"{what}, {value:,}, exceeds {other}, {most:,}"
    sums = (
        ("the parts of the energy add up to", sum(metrics.energy_parts_nj.values())),
        ("dynamic and static energy are", metrics.dynamic_energy_nj + metrics.static_energy_nj),
    )
    for what, energy in sums:
        if not isclose(energy, metrics.energy_nj, rel_tol=ROUNDING, abs_tol=ROUNDING):
            yield f"{what} {energy:,} nJ, not {metrics.energy_nj:,} nJ"
