"""Why is it slow?  The critical path of an execution by resources and layers; busy resources.

The critical path leads from the first cycle to the last output of the last image, step by step:
each begins when the one before it lets it (:mod:`spatem_ir.runtime.machine.steps`).  Therefore the
times from step to step add up to the latency exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.stages import is_staged, stage_modules
from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.runtime.machine.steps import PathStep, ResourceKind
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.runtime.machine.execution import Execution


PORT_KINDS = (NodeKind.INPUT, NodeKind.OUTPUT)
"""Nodes at the chip's port, which are named alike in all stages."""


class PathPart(StrEnum):
    """What takes time on a path."""

    CROSSBARS = "crossbars"
    PIPELINE = "pipeline"
    PORTS = "ports"
    ADDERS = "adders"
    LINKS = "links"
    HOPS = "hops"
    UNITS = "units"
    IO = "io"
    WRITE = "write"


PART_OF = {
    ResourceKind.CROSSBAR: PathPart.CROSSBARS,
    ResourceKind.PORT: PathPart.PORTS,
    ResourceKind.CU_ADDERS: PathPart.ADDERS,
    ResourceKind.PE_ADDERS: PathPart.ADDERS,
    ResourceKind.LINK: PathPart.LINKS,
    ResourceKind.ACTIVATION: PathPart.UNITS,
    ResourceKind.POOLING: PathPart.UNITS,
    ResourceKind.IO: PathPart.IO,
    ResourceKind.WRITE: PathPart.WRITE,
}
"""What the work of a resource counts as."""

KEYS = {
    ResourceKind.CROSSBAR: "crossbars",
    ResourceKind.PORT: "ports",
    ResourceKind.CU_ADDERS: "cu_adders",
    ResourceKind.PE_ADDERS: "pe_adders",
    ResourceKind.LINK: "links",
    ResourceKind.ACTIVATION: "activation_units",
    ResourceKind.POOLING: "pooling_units",
    ResourceKind.IO: "io",
    ResourceKind.WRITE: "write_drivers",
}
"""The names of resources in JSON."""


class Segment(NamedTuple):
    """Some cycles of the path: what they are spent on, for which node.

    If `is_queueing`, the next step needs nothing of this one but the resource that it holds.
    """

    start: int
    cycles: int
    part: PathPart
    node: int
    is_queueing: bool


@dataclass(frozen=True)
class PathShare:
    """Cycles of the path by what they are spent on, and those of them that are queueing."""

    name: str
    cycles: dict[PathPart, int]
    queueing: dict[PathPart, int]

    @property
    def total(self) -> int:
        """The cycles of all parts together."""
        return sum(self.cycles.values())

    def to_dict(self) -> dict[str, Any]:
        """The share as a dictionary for JSON."""
        return {
            "name": self.name,
            "total_cycles": self.total,
            "cycles": {part.value: self.cycles[part] for part in PathPart},
            "queueing_cycles": {part.value: self.queueing[part] for part in PathPart},
        }


@dataclass(frozen=True)
class Busy:
    """How busy the resources of a kind are: those that were used, the mean of these, the busiest.

    The shares are of the time until nothing happens any more.
    """

    used: int
    mean: float
    most: float


@dataclass(frozen=True)
class CriticalPath:
    """The critical path to the last output of the last image, and how busy resources are.

    `layers` are the shares of nodes in the order in which the path comes to them; `segments` are
    the path itself, in order of time and without gaps.
    """

    cycles: int
    total: PathShare
    layers: tuple[PathShare, ...]
    busy: dict[ResourceKind, Busy]
    segments: tuple[Segment, ...]

    def to_dict(self) -> dict[str, Any]:
        """Shares and resources as a dictionary for JSON."""
        total = self.total.to_dict()
        del total["name"]
        return {
            **total,
            "layers": [layer.to_dict() for layer in self.layers],
            "busy": {
                KEYS[kind]: {"used": busy.used, "mean": busy.mean, "max": busy.most}
                for kind, busy in self.busy.items()
            },
        }


def critical_path(execution: Execution, module: ModuleOp) -> CriticalPath:
    """The critical path of an execution of a module at level `ou`, by resources and layers.

    Raises:
        SpatemError: the execution was not traced.
    """
    if execution.path is None:
        raise SpatemError("the execution has no critical path: execute it with trace=True")
    accelerator, names = accelerator_of(module), node_names(module)
    cycles, end = execution.finished[-1], execution.ended
    segments = tuple(segments_of(execution.path, cycles, accelerator))
    by_node: dict[int, list[Segment]] = {}
    for segment in segments:
        by_node.setdefault(segment.node, []).append(segment)
    return CriticalPath(
        cycles=cycles,
        total=share_of("total", segments),
        layers=tuple(share_of(names[n], own) for n, own in by_node.items()),
        busy={
            kind: Busy(
                used=len(several),
                mean=round(sum(several.values()) / (len(several) * end), 6),
                most=round(max(several.values()) / end, 6),
            )
            for kind in ResourceKind
            if (several := execution.busy.get(kind))
        },
        segments=segments,
    )


def node_names(module: ModuleOp) -> list[str]:
    """The names of all nodes, stage by stage; what enters or leaves says which stage."""
    if not is_staged(module):
        return [node.name for node in dataflow_of(module).nodes]
    return [
        f"{node.name} [{number}]" if node.kind in PORT_KINDS else node.name
        for number, alone in enumerate(stage_modules(module))
        for node in dataflow_of(alone).nodes
    ]


def share_of(name: str, segments: Iterable[Segment]) -> PathShare:
    """The cycles of segments by what they are spent on."""
    cycles, queueing = Counter[PathPart](), Counter[PathPart]()
    for segment in segments:
        cycles[segment.part] += segment.cycles
        queueing[segment.part] += segment.cycles * segment.is_queueing
    return PathShare(
        name, dict.fromkeys(PathPart, 0) | cycles, dict.fromkeys(PathPart, 0) | queueing
    )


def segments_of(path: list[PathStep], end: int, accelerator: Accelerator) -> Iterator[Segment]:
    """What the time of a path is spent on, from its first step to its end."""
    following = [*path[1:], None]
    starts = [*(step.start for step in path), end]
    for step, after, (start, stop) in zip(path, following, pairwise(starts), strict=True):
        part, cycles = PART_OF[step.kind], stop - start
        is_queueing = after is not None and waits_for_resource(step, after)
        delay, delayed = delay_after(step, after, accelerator)
        if cycles > delay:
            yield Segment(start, cycles - delay, part, step.node, is_queueing)
        if delay:
            yield Segment(stop - delay, delay, delayed, step.node, False)


def waits_for_resource(step: PathStep, after: PathStep) -> bool:
    """Whether a step needs nothing of the one before but what it holds.

    A fetch that a visit let start waited for the crossbar's share of the input register.
    """
    is_operand = after.kind is ResourceKind.PORT and step.kind is ResourceKind.CROSSBAR
    return after.is_queued or is_operand


def delay_after(
    step: PathStep, after: PathStep | None, accelerator: Accelerator
) -> tuple[int, PathPart]:
    """The cycles that pass after a step's work without any resource: in pipelines or routers.

    Results of a visit come out of a pipeline (R4); the head of a packet hops to the next PE, before
    the rest of the packet or while it crosses the link (R8).
    """
    if after is None or waits_for_resource(step, after):
        return 0, PathPart.PIPELINE
    if step.kind is ResourceKind.CROSSBAR:
        return accelerator.components.compute_unit.pipeline_cycles, PathPart.PIPELINE
    if step.kind is ResourceKind.LINK:
        return accelerator.components.interconnect.head_cycles, PathPart.HOPS
    return 0, PathPart.PIPELINE
