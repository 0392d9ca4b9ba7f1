"""Execution of a deployment on the machine model, and what is measured of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spatem_ir.dialects.level import Level
from spatem_ir.driver.display import as_html, as_text
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.engine import default_engine
from spatem_ir.runtime.metrics.layer_metrics import LayerMetrics, shown_columns
from spatem_ir.runtime.metrics.metric import Metrics
from spatem_ir.runtime.metrics.register import all_metrics, metrics_of
from spatem_ir.runtime.staged import deployment_executor
from spatem_ir.support.messages import SILENT, Messages

if TYPE_CHECKING:
    from spatem_ir.driver.sources import Source
    from spatem_ir.runtime.critical_path import CriticalPath
    from spatem_ir.runtime.machine.execution import Execution
    from spatem_ir.runtime.machine.log import Watch


@dataclass(frozen=True, repr=False)
class Simulation:
    """What a deployment does on the machine.

    Every metric is an attribute as well: ``simulation.latency_cycles``; docs/machine.md defines
    them.

    Attributes:
        metrics: All metrics.
        images: How many images were in flight when the interval was measured.
        engine: The engine that counted the cycles; ``none`` if none did.
        critical_path: What the latency is spent on, if it was asked for.
        dispatch: Whether crossbars ran their streams in order (``static``) or whatever was ready
            (``free``, rule R11).
        static_cycles: The latency of one image in the order of the streams, if `dispatch` is free.
        execution: The execution of which the critical path is: with all images in flight.
        logged: Does it once more, with a log of what is watched.
    """

    metrics: Metrics
    images: int
    engine: str
    critical_path: CriticalPath | None = None
    dispatch: Dispatch = Dispatch.STATIC
    static_cycles: int | None = None
    execution: Execution | None = field(default=None, compare=False)
    logged: Callable[[Watch], Execution] | None = field(default=None, compare=False)

    @property
    def layers(self) -> tuple[LayerMetrics, ...]:
        """Tiles, crossbars, operations and busy share of each weight layer."""
        return self.metrics.layers

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "metrics":
            raise AttributeError(name)
        return getattr(self.metrics, name)

    def __repr__(self) -> str:
        return f"<Simulation: {self.metrics.latency_cycles} cycles, {self.engine} engine>"

    def __str__(self) -> str:
        return as_text([row for each in all_metrics().values() for row in each.rows(self.metrics)])

    def _repr_html_(self) -> str:
        columns = shown_columns()
        layers = [
            [column.text(getattr(layer, name)) for name, column in columns.items()]
            for layer in self.layers
        ]
        rows = [(row, each) for each in all_metrics().values() for row in each.rows(self.metrics)]
        titles = [f"{each.name}: {each.definition}" for _, each in rows]
        return as_html(layers, [column.header for column in columns.values()]) + as_html(
            [row for row, _ in rows], titles=titles
        )

    def to_dict(self) -> dict[str, Any]:
        """All metrics as a dictionary for JSON, with the critical path if there is one."""
        path = None if self.critical_path is None else self.critical_path.to_dict()
        return {
            **self.metrics.to_dict(),
            "dispatch": str(self.dispatch),
            "static_cycles": self.static_cycles,
            "critical_path": path,
        }


def simulated(
    source: Source,
    *,
    images: int = 1,
    engine: str | None = None,
    dispatch: Dispatch = Dispatch.STATIC,
    traced: bool = False,
    say: Messages = SILENT,
) -> Simulation:
    """Execute a module at level `ou`; one image for the latency, `images` for the interval.

    With the critical path of the last image if `traced`; with the latency in the order of the
    streams, too, if `dispatch` is free.

    Raises:
        SpatemError: the program is too much for the engine, deadlocks, or a buffer overflows.
    """
    from spatem_ir.runtime.critical_path import critical_path
    from spatem_ir.runtime.machine.reference.program import visits_of

    engine = engine or default_engine()
    say.step(f"simulating {visits_of(source.module)} visits")
    execute = deployment_executor(
        engine,
        source.module,
        source=source.given,
        store=source.store,
        most_images=images,
        trace=traced,
        say=say,
    )
    static_cycles = None
    if dispatch is Dispatch.FREE:
        static_cycles = execute(1).finished[0]
        say.step("simulating free dispatch")
    execution = execute(1, dispatch)
    pipelined = None
    if images > 1:
        say.step(f"simulating {images} images in flight")
        pipelined = execute(images, dispatch)
    metrics = metrics_of(source.module, execution, pipelined)
    path = critical_path(pipelined or execution, source.module) if traced else None
    return Simulation(
        metrics,
        images,
        engine,
        path,
        dispatch,
        static_cycles,
        pipelined or execution,
        lambda watch: execute(images, dispatch, watch),
    )


def static_metrics(source: Source) -> Metrics | None:
    """What can be measured without cycles; None where nothing has a physical place yet."""
    if source.level not in (Level.PXB, Level.OU):
        return None
    return metrics_of(source.module, None)
