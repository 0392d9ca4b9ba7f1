"""What a page draws of a run: the deployment, two executions, and what resources did when."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.report.page.stretches import Stretch, resource_counts, worked_by_number
from spatem_ir.report.stages import LoggedStage, logged_stages
from spatem_ir.runtime.critical_path import node_names
from spatem_ir.runtime.machine.log import KINDS, Watch
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.runtime.metrics.measurement import Measurement

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.driver.run import RunResult
    from spatem_ir.geometry.network.dataflow import Node
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.runtime.critical_path import CriticalPath
    from spatem_ir.runtime.machine.execution import Execution
    from spatem_ir.runtime.machine.staged_times import CrossbarWrite
    from spatem_ir.runtime.metrics.metric import Metrics

Ints = NDArray[np.int64]

BINS = 1500
"""Stretches of time of which it is shown how much was done: about as many as pixels."""

BUSIEST = {
    ResourceKind.CROSSBAR: 12,
    ResourceKind.PORT: 8,
    ResourceKind.LINK: 8,
    ResourceKind.WRITE: 8,
}
"""Of how many resources of a kind it is shown what they do when: those that work most."""


@dataclass
class Drawn:
    """A run with cycles, its deployment, and the stages of its execution with their logs."""

    result: RunResult
    module: ModuleOp
    metrics: Metrics
    execution: Execution
    path: CriticalPath
    stages: list[LoggedStage]

    @classmethod
    def of(cls, result: RunResult) -> Drawn:
        """A run that counted cycles and has a critical path; it is executed once more."""
        simulation, metrics, module = result.simulation, result.metrics, result.module
        assert simulation is not None and metrics is not None and module is not None
        execution, path = simulation.execution, simulation.critical_path
        assert execution is not None and path is not None and simulation.logged is not None
        accelerator = accelerator_of(module)
        resources = {
            kind: np.zeros(count, np.bool_) for kind, count in resource_counts(accelerator).items()
        }
        for kind, count in BUSIEST.items():
            worked = worked_by_number(execution, kind, accelerator)
            resources[kind][busiest(worked, count)] = True
        watch = Watch(
            resources=resources,
            buffers=np.zeros(accelerator.pes, np.bool_),
            bin_cycles=bin_cycles_of(execution),
            bins=BINS,
        )
        stages = logged_stages(module, simulation.logged(watch))
        return cls(result, module, metrics, execution, path, stages)

    @property
    def bin_cycles(self) -> int:
        """The cycles of a bin of the activity."""
        return bin_cycles_of(self.execution)

    @cached_property
    def nodes(self) -> list[Node]:
        """The nodes of all stages, one stage after the other."""
        return [node for stage in self.stages for node in stage.dataflow.nodes]

    @cached_property
    def names(self) -> list[str]:
        """What they are called."""
        return node_names(self.module)

    @cached_property
    def stage_of(self) -> list[int]:
        """The stage of each node."""
        return [stage.number for stage in self.stages for _ in stage.dataflow.nodes]

    @cached_property
    def accelerator(self) -> Accelerator:
        """The machine."""
        return accelerator_of(self.module)

    @cached_property
    def placements(self) -> dict[str, Placement]:
        """The tiles of each layer and their places."""
        return Measurement(self.module).placements

    def worked(self, kind: ResourceKind) -> Ints:
        """The cycles in which each resource of a kind worked: [resources]."""
        return worked_by_number(self.execution, kind, self.accelerator)

    @cached_property
    def activity(self) -> Ints:
        """Cycles of work in each bin of time: [nodes, bins]."""
        return np.concatenate([each.log.activity[: -len(KINDS)] for each in self.stages])

    @cached_property
    def activity_of_kinds(self) -> Ints:
        """Cycles of work of each kind of resource in each bin of time: [kinds, bins]."""
        found = np.sum([each.log.activity[-len(KINDS) :] for each in self.stages], axis=0)
        writes = [write for stage in self.stages for write in stage.writes]
        edges = np.arange(BINS + 1) * self.bin_cycles
        starts, ends = np.array([span(write) for write in writes], np.int64).reshape(-1, 2).T
        found[KINDS.index(ResourceKind.WRITE)] += np.diff(worked_until(edges, starts, ends))
        return found

    def work_of(self, kind: ResourceKind, number: int) -> tuple[Ints, Ints, Ints]:
        """When a resource of a kind works: first cycles, those after the last, and for which nodes.

        Of write drivers it is the stages for which they work.
        """
        parts: list[Ints] = []
        for stage in self.stages:
            log = stage.log
            if kind is ResourceKind.WRITE:
                own = [span(write) for write in stage.writes if write.crossbar == number]
                spans = np.array(own, np.int64).reshape(-1, 2).T
                parts.append(np.stack([*spans, np.full(len(own), stage.number)]))
                continue
            here = log.of(kind)
            here = here[log.resources[here] == number]
            times = stage.begins + log.starts[here], stage.begins + log.ends[here]
            parts.append(np.stack([*times, stage.first_node + log.nodes[here].astype(np.int64)]))
        starts, ends, nodes = np.concatenate(parts, axis=1)
        return starts, ends, nodes

    @cached_property
    def stretches(self) -> list[Stretch]:
        """The time of all stages, and that of each if there are several."""
        written = [np.zeros(self.accelerator.crossbars, np.int64) for _ in self.stages]
        for stage, cycles in zip(self.stages, written, strict=True):
            for write in stage.writes:
                cycles[write.crossbar] += write.cycles
        staged, all_written = self.execution.staged, np.sum(written, axis=0)
        pulses = (0, 0) if staged is None else (staged.set_pulses, staged.reset_pulses)
        whole = Stretch(
            "all stages",
            self.accelerator,
            dataflow_of(self.module),
            self.placements,
            self.execution,
            all_written,
            pulses,
        )
        if len(self.stages) == 1:
            return [whole]
        total = max(int(all_written.sum()), 1)
        return [
            whole,
            *(
                Stretch(
                    f"stage {stage.number}",
                    self.accelerator,
                    stage.dataflow,
                    {
                        name: placed
                        for name, placed in self.placements.items()
                        if name in stage.dataflow.by_name
                    },
                    stage.execution,
                    cycles,
                    (pulses[0] * cycles.sum() / total, pulses[1] * cycles.sum() / total),
                )
                for stage, cycles in zip(self.stages, written, strict=True)
            ),
        ]


def span(write: CrossbarWrite) -> tuple[int, int]:
    """The first cycle of a write, and that after its last."""
    return write.start, write.end


def worked_until(times: Ints, starts: Ints, ends: Ints) -> Ints:
    """The cycles worked until each of some times, by resources each from a start to an end."""
    knots = np.concatenate([[0], starts, ends])
    order = np.argsort(knots, kind="stable")
    working = np.cumsum(np.repeat([0, 1, -1], [1, len(starts), len(ends)])[order])
    done = np.cumsum(np.append(0, np.diff(knots[order]) * working[:-1]))
    return np.interp(times, knots[order], done).round().astype(np.int64)


def bin_cycles_of(execution: Execution) -> int:
    """The cycles of a stretch of time of which it is shown how much was done."""
    return -(-execution.ended // BINS)


def busiest(worked: Ints, count: int) -> Ints:
    """The resources that worked longest, the first of equals, at most so many that did at all."""
    order = np.argsort(-worked, kind="stable")[:count]
    return order[worked[order] > 0]
