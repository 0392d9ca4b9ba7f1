"""What a study runs: points, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xdsl.utils.arg_spec import ArgSpec, parse_pipeline

from spatem_ir.dialects.level import Level
from spatem_ir.driver.pipeline import remaining_pipeline
from spatem_ir.passes.partition.register import strategy_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatem_ir.frontend.load import ImportOptions
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.hardware.overrides import Key
    from spatem_ir.hardware.parameters import Value
    from spatem_ir.runtime.critical_path import CriticalPath
    from spatem_ir.runtime.metrics.metric import Metrics

PLAIN_VARIANTS = {"pack": "exclusive", "assign": "sequential", "order": "layer"}
"""The plain strategy of each pass that has the paper's method and a plain one."""


@dataclass(frozen=True)
class Setting:
    """What all points of a study have in common.

    `accelerator` is the one of which a point may change parameters, `engine` one that counts
    cycles: `fast` or `reference`.
    """

    accelerator: Accelerator
    importing: ImportOptions
    engine: str


@dataclass(frozen=True)
class Point:
    """A network compiled by a strategy for a machine.

    `strategy` is the name of a partition strategy, other options of `partition` may follow:
    `spatem{deal=blocks}`.  `plain` names the passes that run in their plain variant, `changes` the
    parameters in which the machine differs from the study's accelerator.
    """

    network: str
    strategy: str
    plain: tuple[str, ...] = ()
    changes: tuple[tuple[Key, Value], ...] = ()

    @property
    def is_compared(self) -> bool:
        """Whether it is on the study's own machine with all passes as in the paper."""
        return not self.plain and not self.changes

    @property
    def passes(self) -> list[ArgSpec]:
        """The passes that compile the network, from level `cnn` to level `ou`."""
        strategy = strategy_spec(self.strategy)
        first, *others = parse_pipeline(remaining_pipeline(Level.CNN, strategy.name))
        specs = [replace(first, parameters=first.parameters | strategy.parameters), *others]
        for number, spec in enumerate(specs):
            if spec.name in self.plain:
                plain = {"method": (PLAIN_VARIANTS[spec.name],)}
                specs[number] = replace(spec, parameters={**spec.parameters, **plain})
        return specs

    @property
    def pipeline(self) -> str:
        """The passes as `spatem-opt` takes them."""
        return ",".join(map(str, self.passes))

    def __str__(self) -> str:
        parts = [self.network, self.strategy]
        parts += [f"{name}{{method={PLAIN_VARIANTS[name]}}}" for name in self.plain]
        parts += [f"{group}.{name} = {value}" for (group, name), value in self.changes]
        return ", ".join(parts)


@dataclass(frozen=True)
class Outcome:
    """What became of a point: what was measured, or why nothing was, and whether that is lasting.

    `estimated_cycles` is the estimated latency of the placed network, if it has one stage,
    `least_cells` what the network needs when its weights are stored once, `partial_sums` the bytes
    of partial sums that each layer sends between PEs, `seconds` CPU time by step.  Points on the
    study's own machine with all passes as in the paper have the shares of the critical path, but
    not its segments.
    """

    point: Point
    failure: str | None = None
    metrics: Metrics | None = None
    estimated_cycles: int | None = None
    least_cells: int | None = None
    partial_sums: Mapping[str, int] | None = None
    path: CriticalPath | None = None
    seconds: Mapping[str, float] | None = None
    is_lasting: bool = True

    @property
    def estimate_error(self) -> float | None:
        """(Estimated − simulated) / simulated latency."""
        if self.metrics is None or self.estimated_cycles is None:
            return None
        simulated = self.metrics.latency_cycles
        return None if not simulated else self.estimated_cycles / simulated - 1
