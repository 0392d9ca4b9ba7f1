"""The register of metrics: ours by subject, and those of installed packages.

A metric of ours is a function with the decorator :func:`metric` in the file of its subject.  An
installed package adds one by an entry point of the group ``spatem_ir.metrics`` that has the
metric's name and names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatem_ir.runtime.metrics import (
    area,
    bounds,
    buffers,
    communication,
    energy,
    layers,
    stages,
    time,
    utilisation,
)
from spatem_ir.runtime.metrics.invariants import check_invariants
from spatem_ir.runtime.metrics.measurement import Measurement
from spatem_ir.runtime.metrics.metric import Metric, Metrics
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.register import added_entries, loaded, package_of

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.runtime.machine.execution import Execution

GROUP = "spatem_ir.metrics"
"""The group of entry points by which packages add metrics."""

SUBJECTS = (time, stages, communication, utilisation, bounds, buffers, energy, area, layers)
"""The files that hold our metrics, in the order of the report."""

OURS = {
    value.name: value
    for subject in SUBJECTS
    for value in vars(subject).values()
    if isinstance(value, Metric) and value.value.__module__ == subject.__name__
}
"""Our metrics by name."""


def all_metrics() -> dict[str, Metric[Any]]:
    """All metrics by name: ours, then those of installed packages.

    Raises:
        SpatemError: two metrics have the same name, or what a package calls one is none.
    """
    found: dict[str, Metric[Any]] = dict(OURS)
    for name, entry in added_entries(GROUP, "metric", OURS).items():
        added = loaded(entry, "metric")
        if not (isinstance(added, Metric) and added.name == name):
            raise SpatemError(
                f"metric '{name}' of {package_of(entry)}: {entry.value} must be a function "
                f"'{name}' with the decorator metric"
            )
        found[name] = added
    return found


def metrics_of(
    module: ModuleOp, execution: Execution | None, pipelined: Execution | None = None
) -> Metrics:
    """The metrics of a module at level `ou` (or `pxb`, without cycles).

    `execution` is of a single image; `pipelined`, of several images in flight, gives the interval.

    Raises:
        SpatemError: metrics contradict each other, which is an error of ours.
    """
    measurement = Measurement(module, execution, pipelined)
    metrics = Metrics({name: each.measured(measurement) for name, each in all_metrics().items()})
    if execution is not None:
        check_invariants(measurement, metrics)
    return metrics
